/** Runs programs that talk to Patroni, for real, against an API that answers as one would. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { TestContext } from 'node:test';
import { testCertificates } from './certificates.ts';
import { runBeside, temporaryFolder, type Ended } from './programs.ts';

export const member = 'hippo-pgdb-b001-0';
export const service = 'hippo-pods';
export const serverName = `${member}.${service}`;

interface Request {
  readonly line: string;
  readonly body: string;
  readonly clientCertificate: boolean;
  /** The member that the client expects, by the name that it asks the certificate for. */
  readonly to: string;
}

/** What Patroni answers to a request; undefined: nothing, for ever. `(address)` in a text becomes its own address. */
export type Answers = Readonly<Record<string, { readonly status: number; readonly text: string } | undefined>>;

export interface PatroniOptions {
  /** Names that its certificate is for. */
  readonly certifiedNames?: readonly string[];
  readonly limitSeconds?: number;
  readonly parameters?: readonly string[];
}

/** Runs the program as that member, against a REST API that answers like this. */
export const runWithPatroni = async (
  context: TestContext,
  program: string,
  answers: Answers,
  { certifiedNames = [serverName], limitSeconds = 5, parameters = [] }: PatroniOptions = {},
): Promise<Ended & { readonly requests: readonly Request[] }> => {
  const files = testCertificates(
    temporaryFolder(context),
    certifiedNames.map((name) => `DNS:${name}`),
  );
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
      const socket = request.socket as TLSSocket & { readonly servername?: string };
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        const line = `${request.method} ${request.url}`;
        requests.push({ line, body, clientCertificate: socket.authorized, to: socket.servername ?? '' });
        const answer = answers[line];
        if (answer !== undefined)
          response.writeHead(answer.status, { Connection: 'close' }).end(answer.text.replaceAll('(address)', address));
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
    ['python3', '-c', program, address, service, files.authorities, files.certificateAndKey, String(limitSeconds), ...parameters],
    { PATRONI_NAME: member },
  );
  return { ...ended, requests };
};
