/** The register of instances: which exist, and what was asked of each. One `instance.json` an instance, written once. */
import { createServer } from 'node:net';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { addressPlan, maximumInstances, maximumNodes, planFits } from './addresses.ts';
import type { AddressPlan } from './addresses.ts';
import { attempt } from './command.ts';
import { InstanceConflict, InvalidOption } from './errors.ts';
import { lock } from './lock.ts';
import { instancePaths, machinePaths } from './paths.ts';
import type { InstancePaths } from './paths.ts';

/** What an instance is, as kept between commands. */
export interface InstanceRecord {
  readonly version: 1;
  readonly name: string;
  /** Decides all of its addresses: see addresses.ts. */
  readonly index: number;
  /** 0: API server and etcd only (and the controller manager where `controllers`). */
  readonly nodes: number;
  /** Whether kube-controller-manager runs. */
  readonly controllers: boolean;
  /** Further arguments for kube-apiserver. */
  readonly apiServerArguments: readonly string[];
}

export interface Instance {
  readonly record: InstanceRecord;
  readonly paths: InstancePaths;
  readonly plan: AddressPlan;
}

const namePattern = /^[a-z0-9]([-a-z0-9]{0,28}[a-z0-9])?$/;

/** @throws InvalidOption if the name cannot be part of paths and names. */
export function checkName(name: string): void {
  if (!namePattern.test(name))
    throw new InvalidOption('name', name, 'use 1 to 30 lower-case letters, digits and dashes, with a letter or digit at both ends');
}

// The kernel's limit (sun_path of unix(7), less its closing zero).
const socketPathBytes = 107;

/** @throws InvalidOption if the folder is so deep that containerd's sockets in it cannot be named. */
function checkSocketPaths(root: string, name: string): void {
  const { containerdSocket } = machinePaths(instancePaths(root, name), `node-${maximumNodes}`);
  if (Buffer.byteLength(containerdSocket) > socketPathBytes)
    throw new InvalidOption(
      'the state folder',
      root,
      `a socket in it would be ${containerdSocket}, longer than ${socketPathBytes} bytes: use a shorter name or XDG_STATE_HOME`,
    );
}

function asInstance(root: string, record: InstanceRecord): Instance {
  return { record, paths: instancePaths(root, record.name), plan: addressPlan(record.index) };
}

/** Whether there is no such file, also since a part of its path is no folder. */
function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** The instance of this name, or undefined. */
export async function findInstance(root: string, name: string): Promise<Instance | undefined> {
  checkName(name);
  try {
    return asInstance(root, JSON.parse(await readFile(instancePaths(root, name).record, 'utf8')) as InstanceRecord);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The instance of this name. @throws InstanceConflict if there is none. */
export async function requireInstance(root: string, name: string): Promise<Instance> {
  const instance = await findInstance(root, name);
  if (instance === undefined) throw new InstanceConflict(name, 'there is none of this name', 'start it with: local up --name ' + name);
  return instance;
}

/** All instances, by name. */
export async function listInstances(root: string): Promise<readonly Instance[]> {
  const entries = await readdir(root).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const names = entries.filter((entry) => namePattern.test(entry)).toSorted((a, b) => a.localeCompare(b));
  const found = await Promise.all(names.map((name) => findInstance(root, name)));
  return found.filter((instance) => instance !== undefined);
}

/** Writes an instance's record, whole or not at all. */
export async function saveInstance(root: string, record: InstanceRecord): Promise<Instance> {
  const instance = asInstance(root, record);
  await mkdir(instance.paths.root, { recursive: true, mode: 0o711 });
  await writeFile(`${instance.paths.record}.new`, `${JSON.stringify(record, null, 2)}\n`);
  await rename(`${instance.paths.record}.new`, instance.paths.record);
  return instance;
}

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen({ host, port }, () => server.close(() => resolve(true)));
  });
}

/** IPv4 ranges that this machine already reaches in some way of its own. */
async function takenRanges(): Promise<readonly string[]> {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).filter(({ family }) => family === 'IPv4'));
  const cidrs = addresses.flatMap(({ cidr }) => (cidr === null ? [] : [cidr]));
  // Without `ip` there are no nodes either, and the loopback addresses of a bare control plane are probed below.
  const routes = await attempt(['ip', '-4', 'route', 'show']).then(
    ({ stdout }) => stdout,
    () => '',
  );
  const destinations = routes.split('\n').map((line) => line.split(' ')[0] ?? '');
  return [...cidrs, ...destinations.filter((destination) => /^\d/.test(destination))];
}

/**
 * Registers a new instance under the lowest index that no other has and whose addresses are free on this machine.
 * @throws InstanceConflict when there is no such index.
 */
export async function allocateInstance(root: string, wanted: Omit<InstanceRecord, 'version' | 'index'>): Promise<Instance> {
  checkName(wanted.name);
  checkSocketPaths(root, wanted.name);
  // Machine-wide, since instances of another state root compete for the same addresses.
  await using _lock = await lock('register');
  const used = new Set((await listInstances(root)).map(({ record }) => record.index));
  const taken = await takenRanges();
  for (let index = 0; index < maximumInstances; index += 1) {
    const plan = addressPlan(index);
    if (used.has(index) || !planFits(plan, taken)) continue;
    const free = await Promise.all([etcdClientPort, apiServerPort].map(async (port) => canListen(plan.loopbackAddress, port)));
    if (free.includes(false)) continue;
    // Awaited here, since the lock is let go of when this function returns.
    return await saveInstance(root, { version: 1, index, ...wanted });
  }
  throw new InstanceConflict(
    wanted.name,
    `all ${maximumInstances} address ranges are in use`,
    `end an instance with: local down --name NAME (see ${join(root)})`,
  );
}

/** Where an instance's etcd listens, on the plan's loopback address. */
export const etcdClientPort = 2379;
/** Where its API server listens: there, or on the plan's bridge where there are nodes. */
export const apiServerPort = 6443;
