/** Kubeconfig files: one for the administrator, one for each component. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { ensureFile } from './files.ts';

/** Whom a kubeconfig speaks for and to. */
export interface KubeconfigOptions {
  readonly server: string;
  readonly clusterName: string;
  readonly certificates: string;
  /** Name of the client's certificate files. */
  readonly leaf: string;
}

/** Writes a kubeconfig with everything inline, readable by its owner only. */
export async function writeKubeconfig(path: string, options: KubeconfigOptions): Promise<void> {
  const inline = async (file: string): Promise<string> => (await readFile(join(options.certificates, file))).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: options.clusterName, cluster: { server: options.server, 'certificate-authority-data': await inline('ca.crt') } }],
    users: [
      {
        name: options.leaf,
        user: { 'client-certificate-data': await inline(`${options.leaf}.crt`), 'client-key-data': await inline(`${options.leaf}.key`) },
      },
    ],
    contexts: [{ name: options.clusterName, context: { cluster: options.clusterName, user: options.leaf } }],
    'current-context': options.clusterName,
  };
  await ensureFile(path, stringify(config), 0o600);
}
