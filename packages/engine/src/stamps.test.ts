/**
 * Holds the pods of the golden files to the rendering version. With the version unchanged, an upgraded operator would put its new template under a
 * running pod as if nothing had changed: no RolloutPending would tell of it, and the next restart, at whatever time, would bring another pod.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { hashOf } from './hash.ts';
import { renderingVersion } from './stamps.ts';

/**
 * The pods that each version renders, as a hash. Before the first release nothing runs that an older rendering made: the version stays 1, and its
 * hash is replaced. From then on a line is never changed again: other pods take a new version in stamps.ts and a new line here.
 */
const podsByVersion: Readonly<Record<string, string>> = {
  '1': '1aadc81588c75810',
};

/** Pod templates of what runs for long, by the names of their objects. Jobs end by themselves. */
const goldenPods = (): readonly (readonly [string, unknown])[] =>
  ['member.yaml', 'repositoryHost.yaml'].flatMap((file) => {
    const objects = parse(readFileSync(join(import.meta.dirname, 'render', 'golden', file), 'utf8')) as readonly {
      readonly kind: string;
      readonly metadata: { readonly name: string };
      readonly spec?: { readonly template?: unknown };
    }[];
    return objects.flatMap(({ kind, metadata, spec }) => (kind === 'StatefulSet' ? [[metadata.name, spec?.template] as const] : []));
  });

test('stamps: the pods of the golden files are those of the rendering version', () => {
  const pods = goldenPods();
  assert.deepEqual(
    pods.map(([name, template]) => [name, typeof template]),
    [
      ['hippo-pgdb-b001', 'object'],
      ['hippo-repo-host', 'object'],
    ],
  );
  assert.equal(
    hashOf(pods),
    podsByVersion[renderingVersion],
    `these are not the pods that version ${renderingVersion} renders; the comment on podsByVersion says what to do`,
  );
});
