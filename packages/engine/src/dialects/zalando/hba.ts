/**
 * Who may connect (pg_hba.conf): what the cluster itself needs, then the manifest's own list, or without one everybody by password over TLS. The role
 * by which members stream gets in by certificate alone: its password opens nothing.
 */
import type { HbaLine } from '../../model/cluster.ts';
import { everybodyByPassword, lineProblem, ownLines, replicationByPassword } from '../common/hba.ts';
import type { Field } from '../common/fields.ts';
import { at, itemsOf, report, textOf } from '../common/fields.ts';
import { profile } from './profile.ts';

/** A line may forbid what a later one allows, so to go on without it could open the database: it blocks. */
const lineOf = (field: Field): readonly HbaLine[] => {
  const text = textOf(field) ?? '';
  const problem = lineProblem(text);
  if (problem === undefined) return [text];
  report(field, {
    kind: 'invalid',
    reason: 'InvalidAuthenticationRule',
    message: `${problem}; correct or remove the line`,
    blocking: true,
  });
  return [];
};

export const hbaOf = (spec: Field): readonly HbaLine[] => {
  const items = itemsOf(at(spec, 'patroni', 'pg_hba'));
  const own = ownLines(profile.roles.superuser, profile.roles.replication);
  return [...own, ...(items.length === 0 ? [everybodyByPassword, replicationByPassword] : items.flatMap(lineOf))];
};
