/**
 * Holds a dialect to what it says it carries out: every field of its schema is carried out or reported, and never both. Each field is read
 * alone, in a spec that holds nothing else.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allPaths } from '@pgherd/api/schema';
import type { Dialect } from '../dialects/dialect.ts';
import type { Manifest } from '../dialects/manifest.ts';
import { testConfiguration, testNowMs } from './clusters.ts';

/** Values that ask for something, for every kind of field. */
const sample = (kind: string): unknown => {
  switch (kind) {
    case 'integer':
    case 'number':
    case 'intOrString':
      return 17;
    case 'boolean':
      return true;
    case 'list':
      return ['sample'];
    case 'string':
      return 'sample';
    default:
      return { sample: 'sample' };
  }
};

/** The name that a member of a map gets. */
const memberName = 'member';

/** The spec that holds `value` at `path` and nothing else. */
const nested = (path: string, value: unknown): Record<string, unknown> =>
  path
    .split('.')
    .slice(1)
    .toReversed()
    .reduce<unknown>(
      (inner, name) => (name.endsWith('[]') ? { [name.slice(0, -2)]: [inner] } : { [name === '*' ? memberName : name]: inner }),
      value,
    ) as Record<string, unknown>;

/** The path of the schema that a finding's path belongs to. */
const schemaPath = (path: string): string => path.replaceAll(/\[\d+\]/g, '[]').replaceAll(`.${memberName}`, '.*');

const covers = (above: string, path: string): boolean => path === above || path.startsWith(`${above}.`) || path.startsWith(`${above}[]`);

interface SupportCase {
  readonly schema: Parameters<typeof allPaths>[0];
  readonly manifest: Manifest;
  readonly read: Dialect['read'];
  readonly supported: readonly string[];
  /** How many fields are reported at the least: a floor, so that the test cannot go blind. Fewer once more is carried out. */
  readonly reportedAtLeast: number;
  /** Parts of the spec that ask for nothing, though they are there. */
  readonly off: Readonly<Record<string, unknown>>;
  /** Adds to a spec of one field what that field needs to have any effect. */
  readonly arm?: (path: string, spec: Record<string, unknown>) => Record<string, unknown>;
}

export const testSupport = ({ schema, manifest, read, supported, reportedAtLeast, off, arm }: SupportCase): void => {
  const specPaths = allPaths(schema).filter(({ path }) => path.startsWith('spec.'));
  const isSupported = (path: string): boolean => supported.some((above) => covers(`spec.${above}`, path));
  const findingsOf = (spec: object): ReturnType<Dialect['read']>['findings'] =>
    read({ ...manifest, spec }, testConfiguration, testNowMs).findings;

  test('support: every field that is called supported exists in the schema', () => {
    const known = new Set(specPaths.map(({ path }) => path));
    assert.deepEqual(
      supported.filter((path) => !known.has(`spec.${path}`)),
      [],
    );
  });

  test('support: every field of the schema is carried out or reported', () => {
    const lost: string[] = [];
    let reported = 0;
    for (const { path, node } of specPaths) {
      // A way to other fields asks for nothing itself.
      const leaf = !specPaths.some((other) => other.path !== path && covers(path, other.path));
      if (!leaf) continue;
      const spec = nested(path, sample(node.kind));
      const about = findingsOf(arm?.(path, spec) ?? spec).filter(
        (finding) =>
          (finding.reason === 'NotYetSupported' || finding.reason === 'DeprecatedField') && covers(schemaPath(finding.path), path),
      );
      if (about.length > 0) reported++;
      if (about.length === 0 && !isSupported(path)) lost.push(path);
    }
    assert.deepEqual(lost, []);
    assert.ok(reported >= reportedAtLeast, `only ${reported} fields were reported: does the test still reach them?`);
  });

  test('support: a field that is carried out is not reported', () => {
    for (const path of supported) {
      const node = specPaths.find((known) => known.path === `spec.${path}`)?.node;
      assert.deepEqual(
        findingsOf(nested(`spec.${path}`, sample(node?.kind ?? 'object')))
          .filter(({ kind }) => kind === 'unsupported')
          .map((finding) => finding.path),
        [],
        path,
      );
    }
  });

  test('support: a field that no schema knows is reported, too', () => {
    assert.deepEqual(
      findingsOf({ ...(manifest.spec as object), superpowers: true }).map(({ kind, path }) => [kind, path]),
      [['unsupported', 'spec.superpowers']],
    );
  });

  test('support: what is switched off asks for nothing', () => {
    assert.deepEqual(findingsOf({ ...(manifest.spec as object), ...off }), []);
  });
};
