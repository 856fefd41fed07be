/**
 * Locks between processes of this machine. A lock is a listening socket in Linux' abstract namespace: the kernel lets go of it when its
 * holder dies, so there are no stale locks and no files to leave behind.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const retryIntervalMs = 100;

function tryToLock(name: string): Promise<AsyncDisposable | undefined> {
  // Hashed, since an abstract name has the 107 bytes of any socket path.
  const address = `\0pgherd-local/${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
    server.listen(address, () => resolve({ [Symbol.asyncDispose]: () => new Promise<void>((closed) => server.close(() => closed())) }));
  });
}

/** Waits until nobody else holds the lock of this name, and holds it until disposed. `onWait` is called once if there is a wait. */
export async function lock(name: string, onWait: () => void = () => undefined): Promise<AsyncDisposable> {
  for (let attempts = 0; ; attempts += 1) {
    const held = await tryToLock(name);
    if (held !== undefined) return held;
    if (attempts === 0) onWait();
    await delay(retryIntervalMs);
  }
}
