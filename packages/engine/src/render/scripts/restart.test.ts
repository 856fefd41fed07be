import assert from 'node:assert/strict';
import { test } from 'node:test';
import { member, runWithPatroni } from '../../testing/patroniApi.ts';
import { restart } from './restart.ts';

const looks = { 'PATCH /config': { status: 200, text: '{}' } };

test('restart: PostgreSQL that waits for one is restarted, and Patroni tells of it at once', async (context) => {
  const { status, output, requests } = await runWithPatroni(context, restart, {
    ...looks,
    'POST /restart': { status: 200, text: 'restarted successfully' },
  });
  assert.deepEqual(
    requests.map(({ line, body }) => [line, body]),
    [
      ['POST /restart', '{"restart_pending": true}'],
      ['PATCH /config', '{"pgherd": null}'],
    ],
  );
  assert.match(output, new RegExp(`${member} asked for a restart: 200`));
  assert.equal(status, 0);
});

test('restart: one that waits for none any more is left alone', async (context) => {
  const { status } = await runWithPatroni(context, restart, {
    ...looks,
    'POST /restart': { status: 503, text: 'restart conditions are not satisfied' },
  });
  assert.equal(status, 0);
});

test('restart: what Patroni says to a restart that failed is what the command failed with', async (context) => {
  const { status, output } = await runWithPatroni(context, restart, {
    ...looks,
    'POST /restart': { status: 503, text: 'failed to restart' },
  });
  assert.match(output, /failed to restart/);
  assert.notEqual(status, 0);
});
