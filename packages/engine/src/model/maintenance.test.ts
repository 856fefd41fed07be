import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseWindow, parseWindows, untilOpenMs } from './maintenance.ts';

const at = (time: string): number => Date.parse(time);
const minutesUntil = (windows: string, time: string): number => untilOpenMs(parseWindows(windows), at(time)) / 60_000;

test('maintenance: windows are read with day, span and time zone', () => {
  assert.deepEqual(parseWindows('Sat:22:00-03:00, 04:00-5:30 Europe/Berlin'), {
    windows: [
      { weekday: 6, startMinute: 22 * 60, lengthMinutes: 5 * 60 },
      { weekday: undefined, startMinute: 4 * 60, lengthMinutes: 90 },
    ],
    timeZone: 'Europe/Berlin',
    wrong: [],
  });
  assert.deepEqual(parseWindows('sunday:00:00-24:00'), {
    windows: [{ weekday: 0, startMinute: 0, lengthMinutes: 1440 }],
    timeZone: 'UTC',
    wrong: [],
  });
});

test('maintenance: what is no window is named, and the others do not count: they may be meant otherwise', () => {
  const wrong = ['02:00', '25:00-26:00', '02:60-03:00', '02:00-02:00', '24:00-01:00', 'Xyz:02:00-03:00', 'Sa:02:00-03:00', 'Mars/Base'];
  for (const word of wrong) {
    assert.equal(parseWindow(word), undefined, word);
    const parsed = parseWindows(`${word}, 02:00-04:00`);
    assert.deepEqual([parsed.wrong, parsed.windows], [[word], []], word);
  }
  assert.deepEqual(parseWindows(''), { windows: [], timeZone: 'UTC', wrong: [] });
});

test('maintenance: a window is open from its start up to its end, across midnight and the end of the week', () => {
  assert.equal(minutesUntil('02:00-04:00', '2026-11-23T01:59:00Z'), 1);
  assert.equal(minutesUntil('02:00-04:00', '2026-11-23T02:00:00Z'), 0);
  assert.equal(minutesUntil('02:00-04:00', '2026-11-23T03:59:59Z'), 0);
  assert.equal(minutesUntil('02:00-04:00', '2026-11-23T04:00:00Z'), 22 * 60);
  // 2026-11-28 is a Saturday.
  assert.equal(minutesUntil('Sat:23:00-01:00', '2026-11-29T00:59:00Z'), 0);
  assert.equal(minutesUntil('Sat:23:00-01:00', '2026-11-29T01:00:00Z'), 7 * 24 * 60 - 120);
  assert.equal(minutesUntil('Sat:23:00-01:00', '2026-11-28T00:30:00Z'), 22.5 * 60);
  assert.equal(minutesUntil('Sat:23:00-01:00, Mon:05:00-06:00', '2026-11-29T01:00:00Z'), 28 * 60);
  assert.equal(minutesUntil('', '2026-11-29T01:00:00Z'), Infinity);
});

test('maintenance: the clocks of the time zone count, also where they change before the window opens', () => {
  assert.equal(minutesUntil('02:00-04:00 Asia/Kolkata', '2026-11-22T20:00:00Z'), 30);
  // Clocks go forward on 2026-03-29 at 01:00 UTC, back on 2026-10-25 at 01:00 UTC.
  assert.equal(minutesUntil('06:00-07:00 Europe/Berlin', '2026-03-28T23:00:00Z'), 5 * 60);
  assert.equal(minutesUntil('06:00-07:00 Europe/Berlin', '2026-10-24T22:00:00Z'), 7 * 60);
  // In the hour that is left out: what is left of it, or the next time.
  assert.equal(minutesUntil('02:30-04:00 Europe/Berlin', '2026-03-29T00:00:00Z'), 60);
  assert.equal(minutesUntil('Sun:02:00-03:00 Europe/Berlin', '2026-03-29T00:00:00Z'), 7 * 24 * 60);
});

test('maintenance: at the time that is told, a window is open, and a minute before it none is', () => {
  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Auckland', 'America/St_Johns'];
  const pad = (value: number): string => String(value).padStart(2, '0');
  const window = fc
    .record({
      day: fc.constantFrom('', 'Mon:', 'Sat:', 'Sun:'),
      start: fc.nat(23),
      minute: fc.constantFrom(0, 15, 30),
      hours: fc.integer({ min: 1, max: 8 }),
    })
    .map(({ day, start, minute, hours }) => `${day}${pad(start)}:${pad(minute)}-${pad((start + hours) % 24)}:${pad(minute)}`);
  fc.assert(
    fc.property(
      fc.array(window, { minLength: 1, maxLength: 3 }),
      fc.constantFrom(...zones),
      fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-12-31T00:00:00Z') }),
      (windows, zone, nowMs) => {
        const parsed = parseWindows(`${windows.join(', ')} ${zone}`);
        const waitMs = untilOpenMs(parsed, nowMs);
        assert.ok(waitMs >= 0 && waitMs < 15 * 24 * 3_600_000);
        assert.equal(untilOpenMs(parsed, nowMs + waitMs), 0);
        if (waitMs > 0) assert.notEqual(untilOpenMs(parsed, nowMs + waitMs - 60_000), 0);
      },
    ),
  );
});
