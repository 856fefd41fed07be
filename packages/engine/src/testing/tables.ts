/**
 * Holds a process to the table that its file opens with: every row is a test, and no row may be missing. A row's key is its
 * first cells, which say what is observed; the rest says what is decided.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

interface Row {
  readonly key: string;
  readonly outcome: string;
}

/** The rows of all tables in a file's first comment, without their headings. */
const rowsOf = (path: string, keyCells: number): readonly Row[] => {
  const comment = readFileSync(path, 'utf8').split('*/', 1)[0] ?? '';
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\* ?/, ''));
  return lines.flatMap((line, index) => {
    const isRow = line.startsWith('|') && !/^\|[-| ]+\|$/.test(line) && !/^\|[-| ]+\|$/.test(lines[index + 1] ?? '');
    if (!isRow) return [];
    const cells = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    return [
      {
        key: cells.slice(0, keyCells).join(' | '),
        outcome: cells
          .slice(keyCells)
          .filter((cell) => cell !== '')
          .join(', '),
      },
    ];
  });
};

/** One test a row of the table in `path`. `cases` must have exactly its keys. */
export const testTable = (process: string, path: string, keyCells: number, cases: Readonly<Record<string, () => void>>): void => {
  const rows = rowsOf(path, keyCells);
  test(`${process}: every row of its table has a test`, () => {
    assert.deepEqual(rows.map(({ key }) => key).toSorted(), Object.keys(cases).toSorted());
  });
  for (const { key, outcome } of rows) {
    test(`${process}: ${key} → ${outcome}`, () => {
      const check = cases[key];
      assert.ok(check, `no test for row "${key}"`);
      check();
    });
  }
};
