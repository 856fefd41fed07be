/** Runs kubectl against one cluster. */
import { spawn } from 'node:child_process';

export interface Kubectl {
  /** Standard output. Rejects with what kubectl said on standard error. */
  readonly run: (argv: readonly string[], input?: string) => Promise<string>;
}

/** kubectl failed. The message is kubectl's own. */
export class KubectlError extends Error {
  readonly code = 'Kubectl';
  readonly retryable = false;

  constructor(argv: readonly string[], exitCode: number | null, said: string) {
    super(`kubectl ${argv.slice(0, 4).join(' ')} … ended with code ${exitCode}: ${said.trim()}`);
    this.name = 'KubectlError';
  }
}

export const kubectlFor = (path: string, kubeconfigPath: string): Kubectl => ({
  run: async (argv, input) =>
    new Promise((resolve, reject) => {
      const child = spawn(path, argv, { env: { ...process.env, KUBECONFIG: kubeconfigPath }, stdio: ['pipe', 'pipe', 'pipe'] });
      const output: Buffer[] = [];
      const said: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
      child.once('error', (error) =>
        reject(new Error(`${path} could not be started: is kubectl installed? ${error.message}`, { cause: error })),
      );
      // A kubectl that ends early reads no more; its exit code says what happened.
      child.stdin.on('error', () => {});
      child.stdin.end(input ?? '');
      child.once('close', (code) => {
        if (code === 0) resolve(Buffer.concat(output).toString());
        else reject(new KubectlError(argv, code, Buffer.concat(said).toString()));
      });
    }),
});
