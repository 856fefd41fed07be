/** Whose values are not told: those of an extension's settings, which have a dot in their names, of commands and of connections may hold a secret. */
export const mayHoldSecret = (setting: string): boolean => setting.includes('.') || /_command$|conninfo/.test(setting);
