import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiErrorOf, ConnectionError } from '@pgherd/kube';
import { ObjectInTheWayError } from './act/objects.ts';
import { StaleCacheError } from './act/secrets.ts';
import { CrdMissingError } from './crds.ts';
import { describeFailure, IncompletePassError, worstLevel } from './failures.ts';

const refusal = (httpStatus: number, reason: string, retryAfterMs?: number) =>
  apiErrorOf({ httpStatus, status: { kind: 'Status', apiVersion: 'v1', reason, message: `${reason}!` }, retryAfterMs });

const known: readonly (readonly [string, Error, 'debug' | 'warn', string])[] = [
  ['a conflict is routine', refusal(409, 'Conflict'), 'debug', 'Conflict'],
  ['a stale cache is routine', new StaleCacheError('hippo'), 'debug', 'StaleCache'],
  ['a refusal of the API server is a warning', refusal(403, 'Forbidden'), 'warn', 'Forbidden'],
  ["somebody else's object is a warning", new ObjectInTheWayError('Service', 'hippo-ha', 'Deployment web'), 'warn', 'ObjectInTheWay'],
  ['a lost connection is a warning', new ConnectionError('reset'), 'warn', 'CONNECTION'],
  ['a missing definition is a warning', new CrdMissingError('postgresclusters.example'), 'warn', 'CrdMissing'],
];
for (const [what, error, level, code] of known) {
  test(`failures: ${what}, told without a stack`, () => {
    assert.deepEqual(describeFailure(error), { level, said: { code, message: error.message } });
  });
}

test('failures: what nobody foresaw is an error with its stack', () => {
  const failure = describeFailure(new TypeError('x is not a function'));
  assert.equal(failure.level, 'error');
  assert.equal(failure.said.code, 'Unexpected');
  assert.match(failure.said.stack ?? '', /failures\.test/);
  assert.equal(describeFailure(Object.assign(new Error('open'), { code: 'ENOENT' })).level, 'error', 'a code alone is not ours');
});

test('failures: several are as loud as the worst', () => {
  const [routine, refused, bug] = [refusal(409, 'Conflict'), refusal(403, 'Forbidden'), new TypeError('bug')].map(describeFailure);
  assert.ok(routine !== undefined && refused !== undefined && bug !== undefined);
  assert.equal(worstLevel([routine]), 'debug');
  assert.equal(worstLevel([refused, routine]), 'warn');
  assert.equal(worstLevel([bug, refused, routine]), 'error');
});

test('failures: an incomplete pass waits as long as the most patient refusal asks', () => {
  const error = new IncompletePassError([
    { what: 'Service a', error: refusal(429, 'TooManyRequests', 3000) },
    { what: 'Service b', error: new TypeError('bug') },
  ]);
  assert.equal(error.retryAfterMs, 3000);
  assert.equal(error.message, 'Service a: TooManyRequests!; Service b: bug');
});
