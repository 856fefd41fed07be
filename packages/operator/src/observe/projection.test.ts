import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projected, saysTheSame } from './projection.ts';

const pod = (xlog: number, state: string, version: string) => ({
  kind: 'Pod',
  metadata: {
    name: 'p',
    resourceVersion: version,
    managedFields: [{ manager: 'patroni' }],
    annotations: { status: JSON.stringify({ state, role: 'replica', xlog_location: xlog }) },
  },
});
const endpoints = (renewTime: string, leader: string) => ({
  kind: 'Endpoints',
  metadata: { name: 'e', resourceVersion: renewTime, annotations: { leader, renewTime, optime: renewTime } },
});

test('projection: a heartbeat of Patroni changes nothing', () => {
  assert.equal(saysTheSame(projected('Pod', pod(1, 'streaming', '1')), projected('Pod', pod(2, 'streaming', '2'))), true);
  assert.equal(saysTheSame(projected('Endpoints', endpoints('1', 'a')), projected('Endpoints', endpoints('2', 'a'))), true);
});

test('projection: a change of state or of leader is seen', () => {
  assert.equal(saysTheSame(projected('Pod', pod(1, 'streaming', '1')), projected('Pod', pod(1, 'starting', '2'))), false);
  assert.equal(saysTheSame(projected('Endpoints', endpoints('1', 'a')), projected('Endpoints', endpoints('2', 'b'))), false);
});

test('projection: managed fields are not kept, and a status annotation that is no JSON stays as it is', () => {
  const kept = projected('Pod', { metadata: { name: 'p', managedFields: [{}], annotations: { status: 'broken{' } } });
  assert.deepEqual(JSON.parse(JSON.stringify(kept)), { metadata: { name: 'p', annotations: { status: 'broken{' } } });
});
