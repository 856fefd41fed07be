/** Certificates that a team brings along, made by OpenSSL as a team would. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Environment } from './environment.ts';

const run = promisify(execFile);

/** Makes a Secret with a server's certificate for these names, its key, and the authority that signed it: `tls.crt`, `tls.key`, `ca.crt`. */
export const createCertificate = async (
  { kubectl }: Environment,
  namespace: string,
  secret: string,
  dnsNames: readonly string[],
): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'pgherd-certificate-'));
  const at = (name: string): string => join(folder, name);
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  try {
    await run('openssl', [...request, '-keyout', at('ca.key'), '-out', at('ca.crt'), '-subj', '/CN=team-authority']);
    const signed = ['-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-addext', 'basicConstraints=critical,CA:FALSE'];
    const names = ['-subj', '/CN=team-server', '-addext', `subjectAltName=${dnsNames.map((name) => `DNS:${name}`).join(',')}`];
    await run('openssl', [...request, ...signed, ...names, '-keyout', at('tls.key'), '-out', at('tls.crt')]);
    const files = ['tls.crt', 'tls.key', 'ca.crt'].map((name) => `--from-file=${at(name)}`);
    await kubectl.run(['-n', namespace, 'create', 'secret', 'generic', secret, ...files]);
  } finally {
    await rm(folder, { recursive: true });
  }
};
