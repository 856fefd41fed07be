import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withAppliedNulls } from './appliedNulls.ts';

const manifest = (spec: unknown, applied: unknown): Parameters<typeof withAppliedNulls>[0] & { readonly spec: unknown } => ({
  apiVersion: 'acid.zalan.do/v1',
  kind: 'postgresql',
  metadata: {
    name: 'a',
    annotations: {
      'kubectl.kubernetes.io/last-applied-configuration': typeof applied === 'string' ? applied : JSON.stringify({ spec: applied }),
    },
  },
  spec,
});
const specOf = (spec: unknown, applied: unknown): unknown =>
  (withAppliedNulls(manifest(spec, applied)) as unknown as { readonly spec: unknown }).spec;

test('applied nulls: what kubectl took out comes back, however deep', () => {
  const applied = { users: { zalando: ['superuser'], foo_user: null }, allowedSourceRanges: null };
  assert.deepEqual(specOf({ users: { zalando: ['superuser'] } }, applied), applied);
});

test('applied nulls: what is there stays as it is, and lists are left alone', () => {
  const spec = { users: { foo_user: ['createdb'] }, env: [{ name: 'A' }] };
  assert.deepEqual(specOf(spec, { users: { foo_user: null }, env: [{ name: 'A', value: null }] }), spec);
});

test('applied nulls: nothing comes back below what is gone', () => {
  assert.deepEqual(specOf({}, { users: { foo_user: null } }), {});
});

test('applied nulls: without one, and with an annotation that tells nothing, it is the same object', () => {
  for (const applied of [{ users: {} }, 'null', '{"spec": null', '[null]', '{"spec":null}']) {
    const object = manifest({ users: {} }, applied);
    assert.equal(withAppliedNulls(object), object, JSON.stringify(applied));
  }
  const bare = { apiVersion: 'v1', kind: 'postgresql', metadata: { name: 'a' } };
  assert.equal(withAppliedNulls(bare), bare);
});
