import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { KubernetesObject } from '@pgherd/kube';
import { heldBytes } from '../testing/heldBytes.ts';
import { newKeeping } from './kept.ts';

const long = (): string => randomBytes(5_000).toString('hex');
const metadata = { namespace: 'postgres', name: 'hippo' };

test('kept: no value of a Secret is left when the Secret is gone', () => {
  const kept = newKeeping();
  const bytes = heldBytes(1000, () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata, data: { password: long() }, stringData: { password: long() } };
    kept('Secret', secret);
    return undefined;
  });
  assert.ok(bytes < 3_000_000, `${bytes} bytes are still held`);
});

test('kept: what objects say alike is held once, without what nobody reads', () => {
  const kept = newKeeping();
  const [script, entry] = [long(), long()].map((text) => JSON.stringify(text));
  const object = `{"metadata": {"name": "hippo", "managedFields": [{"manager": ${entry}}]}, "spec": {"command": [${script}]}}`;
  const bytes = heldBytes(1000, () => kept('Pod', JSON.parse(object) as KubernetesObject));
  assert.ok(bytes < 3_000_000, `${bytes} bytes are held`);
});
