/**
 * Kernel settings of the whole machine that instances change, put back when the last instance goes. Forwarding is ours; the others are
 * set by every kubelet (pkg/kubelet/cm, setupKernelTunables, 1.34).
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const settings = [
  'net/ipv4/ip_forward',
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
] as const;

// Below /run, since a reboot puts the settings back by itself and must make us forget them.
const savedPath = '/run/pgherd/sysctls.json';

/** Remembers the settings unless an instance of before did, and turns forwarding on. */
export async function changeSettings(): Promise<void> {
  const values = await Promise.all(settings.map(async (name) => [name, (await readFile(join('/proc/sys', name), 'utf8')).trim()] as const));
  await mkdir(dirname(savedPath), { recursive: true });
  await writeFile(savedPath, JSON.stringify(Object.fromEntries(values)), { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1');
}

/** Puts the settings back as they were before the first instance. */
export async function restoreSettings(): Promise<void> {
  const saved = await readFile(savedPath, 'utf8').catch(() => undefined);
  if (saved === undefined) return;
  const values = JSON.parse(saved) as Readonly<Record<string, string>>;
  for (const name of settings) {
    const value = values[name];
    // Writing forwarding resets other settings of every interface, so what is unchanged is left alone.
    const now = (await readFile(join('/proc/sys', name), 'utf8')).trim();
    if (value !== undefined && value !== now) await writeFile(join('/proc/sys', name), value);
  }
  await rm(dirname(savedPath), { recursive: true, force: true });
}
