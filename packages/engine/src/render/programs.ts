/** How programs are found in an image that we know nothing of. */

/** Where distributions keep the programs of one major version, besides PATH. */
const programDirectories = (majorVersion: number): string =>
  [`/usr/lib/postgresql/${majorVersion}/bin`, `/usr/libexec/postgresql${majorVersion}`, `/usr/pgsql-${majorVersion}/bin`].join(':');

/**
 * A command that bash runs with the programs of a major version on PATH, before the image's own PATH. Arguments are passed, never pasted.
 */
export const bashCommand = (script: string, name: string, majorVersion: number, ...parameters: readonly string[]): readonly string[] => [
  'bash',
  '-ceu',
  '--',
  `PATH="${programDirectories(majorVersion)}:$PATH"\n${script.trim()}`,
  name,
  ...parameters,
];
