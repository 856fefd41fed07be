import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testCertificates } from '../../testing/certificates.ts';
import { member, runWithPatroni, serverName, service } from '../../testing/patroniApi.ts';
import { runBeside, temporaryFolder } from '../../testing/programs.ts';
import { handover } from './handover.ts';

test('handover: a member that leads asks for a switchover with its own certificate, and names itself as the leader', async (context) => {
  const { status, output, requests } = await runWithPatroni(context, handover, {
    'GET /leader': { status: 200, text: '{}' },
    'POST /switchover': { status: 200, text: 'Successfully switched over to "hippo-pgdb-b002-0"' },
  });
  assert.deepEqual(requests, [
    { line: 'GET /leader', body: '', clientCertificate: true, to: serverName },
    { line: 'POST /switchover', body: `{"leader": "${member}"}`, clientCertificate: true, to: serverName },
  ]);
  assert.match(output, /switchover: 200 Successfully switched over/);
  assert.equal(status, 0);
});

test('handover: a replica asks for nothing', async (context) => {
  const { status, requests } = await runWithPatroni(context, handover, { 'GET /leader': { status: 503, text: '{}' } });
  assert.deepEqual(
    requests.map(({ line }) => line),
    ['GET /leader'],
  );
  assert.equal(status, 0);
});

test('handover: without a candidate the stop goes on', async (context) => {
  const { status, output } = await runWithPatroni(context, handover, {
    'GET /leader': { status: 200, text: '{}' },
    'POST /switchover': { status: 412, text: 'no good candidates have been found' },
  });
  assert.match(output, /412 no good candidates/);
  assert.equal(status, 0);
});

test('handover: Patroni that never answers holds the stop up no longer than the limit', async (context) => {
  const { status, output } = await runWithPatroni(context, handover, {}, { limitSeconds: 0.3 });
  assert.match(output, /stops without a switchover: .*timed out/);
  assert.equal(status, 0);
});

test('handover: a stranger on the port learns nothing and holds nothing up', async (context) => {
  const { status, output, requests } = await runWithPatroni(context, handover, {}, { certifiedNames: ['stranger'] });
  assert.deepEqual(requests, []);
  assert.match(output, /stops without a switchover: .*CERTIFICATE_VERIFY_FAILED/);
  assert.equal(status, 0);
});

test('handover: where nothing listens the stop goes on', async (context) => {
  const files = testCertificates(temporaryFolder(context), ['DNS:x']);
  const { status, output } = await runBeside(
    ['python3', '-c', handover, 'https://localhost:1', service, files.authorities, files.certificateAndKey, '5'],
    { PATRONI_NAME: member },
  );
  assert.match(output, /stops without a switchover/);
  assert.equal(status, 0);
});
