/** The few requests that bringing an instance up needs, with the administrator's certificate. */
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { RequestFailed } from './errors.ts';

export interface ApiClient {
  /** Whether `path` answers 200; false also when nobody listens. */
  answers(path: string): Promise<boolean>;
  /** The object or list at `path`. @throws RequestFailed */
  get(path: string): Promise<unknown>;
  /** Creates or updates the object at `path` by server-side apply. @throws RequestFailed */
  apply(path: string, object: object): Promise<void>;
}

const requestTimeoutMs = 10_000;

/** A client of the API server at `server` (an https URL), with the files of `certificates`. */
export async function apiClient(server: string, certificates: string): Promise<ApiClient> {
  const [ca, cert, key] = await Promise.all(['ca.crt', 'admin.crt', 'admin.key'].map((file) => readFile(join(certificates, file))));
  const send = (method: string, path: string, body?: object): Promise<{ readonly status: number; readonly body: string }> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        new URL(path, server),
        {
          method,
          ...(ca === undefined ? {} : { ca }),
          ...(cert === undefined ? {} : { cert }),
          ...(key === undefined ? {} : { key }),
          agent: false,
          timeout: requestTimeoutMs,
          headers: body === undefined ? {} : { 'content-type': 'application/apply-patch+yaml' },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${requestTimeoutMs / 1000} s`)));
      outgoing.on('error', reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  return {
    answers: (path) =>
      send('GET', path).then(
        ({ status }) => status === 200,
        () => false,
      ),
    get: async (path) => {
      const { status, body } = await send('GET', path);
      if (status !== 200) throw new RequestFailed('GET', path, status, body);
      return JSON.parse(body) as unknown;
    },
    apply: async (path, object) => {
      const { status, body } = await send('PATCH', `${path}?fieldManager=pgherd-local&force=true`, object);
      if (status >= 300) throw new RequestFailed('PATCH', path, status, body);
    },
  };
}
