import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { test, type TestContext } from 'node:test';
import { testCertificates } from '../../testing/certificates.ts';
import { runBeside, temporaryFolder, type Ended } from '../../testing/programs.ts';
import { handover } from './handover.ts';

const member = 'hippo-pgdb-b001-0';
const service = 'hippo-pods';
const serverName = `${member}.${service}`;

interface Request {
  readonly line: string;
  readonly body: string;
  readonly clientCertificate: boolean;
}

/** What Patroni answers to a request; undefined: nothing, for ever. */
type Answers = Readonly<Record<string, { readonly status: number; readonly text: string } | undefined>>;

/** Runs the program against a REST API that answers like this. */
const handoverWith = async (
  context: TestContext,
  answers: Answers,
  { certifiedName = serverName, limitSeconds = 5 } = {},
): Promise<Ended & { readonly requests: readonly Request[] }> => {
  const files = testCertificates(temporaryFolder(context), [`DNS:${certifiedName}`]);
  const requests: Request[] = [];
  const server = createServer(
    {
      cert: readFileSync(files.certificate),
      key: readFileSync(files.privateKey),
      ca: readFileSync(files.authorities),
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        const line = `${request.method} ${request.url}`;
        requests.push({ line, body, clientCertificate: (request.socket as TLSSocket).authorized });
        const answer = answers[line];
        if (answer !== undefined) response.writeHead(answer.status, { Connection: 'close' }).end(answer.text);
      });
    },
  );
  server.listen(0, 'localhost');
  await once(server, 'listening');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = `https://localhost:${(server.address() as AddressInfo).port}`;
  const ended = await runBeside(
    ['python3', '-c', handover, address, service, files.authorities, files.certificateAndKey, String(limitSeconds)],
    { PATRONI_NAME: member },
  );
  return { ...ended, requests };
};

test('handover: a member that leads asks for a switchover with its own certificate, and names itself as the leader', async (context) => {
  const { status, output, requests } = await handoverWith(context, {
    'GET /leader': { status: 200, text: '{}' },
    'POST /switchover': { status: 200, text: 'Successfully switched over to "hippo-pgdb-b002-0"' },
  });
  assert.deepEqual(requests, [
    { line: 'GET /leader', body: '', clientCertificate: true },
    { line: 'POST /switchover', body: `{"leader": "${member}"}`, clientCertificate: true },
  ]);
  assert.match(output, /switchover: 200 Successfully switched over/);
  assert.equal(status, 0);
});

test('handover: a replica asks for nothing', async (context) => {
  const { status, requests } = await handoverWith(context, { 'GET /leader': { status: 503, text: '{}' } });
  assert.deepEqual(
    requests.map(({ line }) => line),
    ['GET /leader'],
  );
  assert.equal(status, 0);
});

test('handover: without a candidate the stop goes on', async (context) => {
  const { status, output } = await handoverWith(context, {
    'GET /leader': { status: 200, text: '{}' },
    'POST /switchover': { status: 412, text: 'no good candidates have been found' },
  });
  assert.match(output, /412 no good candidates/);
  assert.equal(status, 0);
});

test('handover: Patroni that never answers holds the stop up no longer than the limit', async (context) => {
  const { status, output } = await handoverWith(context, {}, { limitSeconds: 0.3 });
  assert.match(output, /stops without a switchover: .*timed out/);
  assert.equal(status, 0);
});

test('handover: a stranger on the port learns nothing and holds nothing up', async (context) => {
  const { status, output, requests } = await handoverWith(context, {}, { certifiedName: 'stranger' });
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
