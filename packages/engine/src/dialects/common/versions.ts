/** PostgreSQL's major versions. */
import type { Field } from './fields.ts';
import { report } from './fields.ts';

/** Day (UTC) on which the PostgreSQL project ended or will end its support: https://www.postgresql.org/support/versioning/ */
const endOfLife: Readonly<Record<number, string>> = {
  11: '2023-11-09',
  12: '2024-11-21',
  13: '2025-11-13',
  14: '2026-11-12',
  15: '2027-11-11',
  16: '2028-11-09',
  17: '2029-11-08',
  18: '2030-11-14',
};

/** Tells the owner of a version that gets no more fixes. */
export const checkEndOfLife = (field: Field, version: number, nowMs: number): void => {
  const end = endOfLife[version];
  if (end === undefined || nowMs < Date.parse(end)) return;
  report(field, {
    kind: 'warning',
    reason: 'EndOfLifePostgresVersion',
    message: `PostgreSQL ${version} gets no more fixes since ${end}; upgrade to a version that does`,
  });
};
