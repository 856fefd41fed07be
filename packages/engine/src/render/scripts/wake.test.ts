import assert from 'node:assert/strict';
import { test } from 'node:test';
import { member, runWithPatroni, serverName, service } from '../../testing/patroniApi.ts';
import { wake } from './wake.ts';

const leader = 'hippo-pgdb-b002-0';
const certifiedNames = [serverName, `${leader}.${service}`];
const cluster = JSON.stringify({
  members: [
    { name: member, role: 'replica', api_url: 'https://localhost:1/patroni' },
    { name: leader, role: 'leader', api_url: '(address)/patroni' },
  ],
});
const asked = { line: 'PATCH /config', body: '{"pgherd": null}', clientCertificate: true };
const synchronous = { status: 200, text: '{"synchronous_mode": true}' };

test('wake: a postmaster that is gone is its own Patroni’s business', async (context) => {
  const { output, requests } = await runWithPatroni(
    context,
    wake,
    { 'PATCH /config': synchronous },
    { parameters: ['the postmaster is gone'] },
  );
  assert.deepEqual(requests, [{ ...asked, to: serverName }]);
  assert.equal(output, `${member}: the postmaster is gone; asked Patroni of ${member} to look: 200\n`);
});

test('wake: where commits wait for standbys, the leader looks as well at one that receives WAL', async (context) => {
  const { output, requests } = await runWithPatroni(
    context,
    wake,
    { 'PATCH /config': synchronous, 'GET /cluster': { status: 200, text: cluster } },
    { certifiedNames, parameters: ['it receives WAL'] },
  );
  assert.deepEqual(requests, [
    { ...asked, to: serverName },
    { line: 'GET /cluster', body: '', clientCertificate: true, to: serverName },
    { ...asked, to: `${leader}.${service}` },
  ]);
  assert.match(output, new RegExp(`asked Patroni of ${leader} to look: 200`));
});

test('wake: where no commit waits, a standby that receives WAL is its own Patroni’s business', async (context) => {
  const { requests } = await runWithPatroni(
    context,
    wake,
    { 'PATCH /config': { status: 200, text: '{}' } },
    { parameters: ['it receives WAL'] },
  );
  assert.deepEqual(requests, [{ ...asked, to: serverName }]);
});

test('wake: Patroni that does not answer is said so, and is no failure', async (context) => {
  const { status, output } = await runWithPatroni(context, wake, {}, { limitSeconds: 0.3, parameters: ['it receives WAL'] });
  assert.match(output, /it receives WAL; Patroni cannot be asked to look: .*timed out/);
  assert.equal(status, 0);
});
