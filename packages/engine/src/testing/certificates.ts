/** Throw-away certificates for tests of programs that speak TLS. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TestCertificates {
  /** Files: the root, and a leaf of it with its key, apart and together. */
  readonly authorities: string;
  readonly certificate: string;
  readonly privateKey: string;
  readonly certificateAndKey: string;
}

/** A root and a leaf for these names (`DNS:x`, `IP:127.0.0.1`), by the openssl program. */
export const testCertificates = (folder: string, names: readonly string[]): TestCertificates => {
  const path = (name: string): string => join(folder, name);
  const openssl = (...parameters: readonly string[]): void => void execFileSync('openssl', parameters, { stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...newKey, '-keyout', path('root.key'), '-out', path('root.crt'), '-subj', '/CN=root', '-days', '1');
  openssl('req', ...newKey, '-keyout', path('leaf.key'), '-out', path('leaf.csr'), '-subj', '/CN=leaf');
  writeFileSync(
    path('extensions'),
    ['subjectAltName=' + names.join(','), 'authorityKeyIdentifier=keyid', 'keyUsage=digitalSignature', ''].join('\n'),
  );
  const signing = ['-CA', path('root.crt'), '-CAkey', path('root.key'), '-CAcreateserial', '-extfile', path('extensions')];
  openssl('x509', '-req', '-in', path('leaf.csr'), '-out', path('leaf.crt'), '-days', '1', ...signing);
  writeFileSync(path('leaf.pem'), readFileSync(path('leaf.crt'), 'utf8') + readFileSync(path('leaf.key'), 'utf8'), { mode: 0o600 });
  return {
    authorities: path('root.crt'),
    certificate: path('leaf.crt'),
    privateKey: path('leaf.key'),
    certificateAndKey: path('leaf.pem'),
  };
};
