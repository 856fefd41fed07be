/** Maintenance windows: spans of the week in which pgherd may disturb a cluster on its own initiative. */

const minuteMs = 60_000;
const dayMinutes = 24 * 60;
const weekMinutes = 7 * dayMinutes;

/** From a minute to another, of a day or of the week. */
export interface MaintenanceWindow {
  /** 0 is Sunday; undefined: every day. */
  readonly weekday: number | undefined;
  /** Minutes after midnight. */
  readonly startMinute: number;
  /** 1 to 1440; one that crosses midnight ends on the next day. */
  readonly lengthMinutes: number;
}

/** When a cluster may be disturbed. */
export interface Maintenance {
  /** What sets them: a path in the manifest, or the operator's option. */
  readonly source: string;
  /** Empty: never. */
  readonly windows: readonly MaintenanceWindow[];
  /** IANA name. */
  readonly timeZone: string;
  /** The owner's changes wait for a window, too. */
  readonly holdsChanges: boolean;
}

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** Undefined: not such a time. 24:00 ends a day. */
const minuteOf = (hours: string, minutes: string): number | undefined => {
  const minute = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && minute <= dayMinutes ? minute : undefined;
};

/** Reads `02:00-04:00` or `Sat:22:00-03:00`. Undefined: it is none. */
export const parseWindow = (text: string): MaintenanceWindow | undefined => {
  const [, day, ...times] = /^(?:([A-Za-z]+):)?(\d{1,2}):(\d{1,2})-(\d{1,2}):(\d{1,2})$/.exec(text.trim()) ?? [];
  const [startHours = '', startMinutes = '', endHours = '', endMinutes = ''] = times;
  const start = minuteOf(startHours, startMinutes);
  const end = minuteOf(endHours, endMinutes);
  const named = day?.toLowerCase() ?? '';
  const weekday = day === undefined ? undefined : weekdays.findIndex((name) => named.length >= 3 && name.startsWith(named));
  if (times.length === 0 || start === undefined || end === undefined || start === end || start === dayMinutes || weekday === -1)
    return undefined;
  return { weekday, startMinute: start, lengthMinutes: (end - start + dayMinutes) % dayMinutes || dayMinutes };
};

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Makers of clocks are costly, and there are few time zones. @throws RangeError where there is no such zone. */
const clockOf = (timeZone: string): Intl.DateTimeFormat => {
  const known = clocks.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', { timeZone, weekday: 'long', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  clocks.set(timeZone, made);
  return made;
};

const isTimeZone = (name: string): boolean => {
  try {
    clockOf(name);
    return true;
  } catch {
    return false;
  }
};

export interface ParsedWindows extends Pick<Maintenance, 'windows' | 'timeZone'> {
  /** What is neither a window nor a time zone. Then there are no windows at all: `Sat 02:00-04:00` is meant for no other day. */
  readonly wrong: readonly string[];
}

/** What a window looks like, for messages. */
export const windowSyntax =
  'windows are written like "02:00-04:00" or "Sat:22:00-03:00", and a time zone like "Europe/Berlin" behind them; without one they are UTC';

/** Reads windows, separated by commas or blanks, and behind them a time zone: `Sat:22:00-03:00, 04:00-05:00 Europe/Berlin`. */
export const parseWindows = (text: string): ParsedWindows => {
  const words = text.split(/[\s,;]+/).filter((word) => word !== '');
  const last = words.at(-1) ?? '';
  const zone = parseWindow(last) === undefined && isTimeZone(last) ? last : undefined;
  const parsed = (zone === undefined ? words : words.slice(0, -1)).map((word) => ({ word, window: parseWindow(word) }));
  const wrong = parsed.filter(({ window }) => window === undefined).map(({ word }) => word);
  return { windows: wrong.length > 0 ? [] : parsed.flatMap(({ window }) => window ?? []), timeZone: zone ?? 'UTC', wrong };
};

/** What the clocks there show, in minutes since Sunday's midnight. */
const minuteOfWeek = (timeZone: string, atMs: number): number => {
  const parts = new Map(
    clockOf(timeZone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, value]),
  );
  const day = weekdays.indexOf((parts.get('weekday') ?? '').toLowerCase());
  return day * dayMinutes + Number(parts.get('hour')) * 60 + Number(parts.get('minute'));
};

const modulo = (value: number, divisor: number): number => ((value % divisor) + divisor) % divisor;

const isOpen = ({ weekday, startMinute, lengthMinutes }: MaintenanceWindow, shown: number): boolean =>
  modulo(shown - (weekday ?? 0) * dayMinutes - startMinute, weekday === undefined ? dayMinutes : weekMinutes) < lengthMinutes;

/** Clocks are put forward or back by no more. */
const longestChangeMinutes = 180;

const untilOneOpensMs = (window: MaintenanceWindow, timeZone: string, nowMs: number): number => {
  const now = minuteOfWeek(timeZone, nowMs);
  if (isOpen(window, now)) return 0;
  const period = window.weekday === undefined ? dayMinutes : weekMinutes;
  const start = (window.weekday ?? 0) * dayMinutes + window.startMinute;
  const expectedMs = Math.floor(nowMs / minuteMs) * minuteMs + modulo(start - now, period) * minuteMs;
  // Where the clocks are changed by then, they show another time.
  const offMinutes = modulo(minuteOfWeek(timeZone, expectedMs) - start + period / 2, period) - period / 2;
  const opensMs = Math.max(expectedMs - offMinutes * minuteMs, nowMs);
  for (let minutes = 0; minutes <= longestChangeMinutes; minutes++) {
    const atMs = opensMs + minutes * minuteMs;
    if (atMs > nowMs && isOpen(window, minuteOfWeek(timeZone, atMs))) return atMs - nowMs;
  }
  const laterMs = opensMs + longestChangeMinutes * minuteMs;
  return laterMs - nowMs + untilOneOpensMs(window, timeZone, laterMs);
};

/**
 * How long until one of the windows is open, in milliseconds: 0 while one is, Infinity where there is none. Clocks that are put forward or back
 * meanwhile are taken into account; a window that is wholly in the hour that is left out does not take place that time.
 */
export const untilOpenMs = ({ windows, timeZone }: Pick<Maintenance, 'windows' | 'timeZone'>, nowMs: number): number =>
  Math.min(Infinity, ...windows.map((window) => untilOneOpensMs(window, timeZone, nowMs)));
