/**
 * Golden files: what came out once and was read by a person, as YAML. `UPDATE_GOLDEN=1` writes them anew; the difference is then read in Git.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { stringify } from 'yaml';

/** YAML without anchors, long lines whole. Members that are undefined are left out. */
export const yamlOf = (value: unknown): string => stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 });

/** @throws AssertionError when the file at `path` is missing or holds something else. */
export const assertGolden = (path: string, value: unknown): void => {
  const actual = yamlOf(value);
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, actual);
    return;
  }
  assert.ok(existsSync(path), `${path} is missing; UPDATE_GOLDEN=1 writes it`);
  assert.equal(actual, readFileSync(path, 'utf8'), `${path} differs; UPDATE_GOLDEN=1 writes it anew`);
};
