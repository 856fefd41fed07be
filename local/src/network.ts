/**
 * The host's side of an instance's network: a bridge, a virtual cable to each machine, routes to pods and services, and the few iptables
 * rules that let pods reach the world. Every function may be called again at any time.
 */
import { readdir } from 'node:fs/promises';
import type { AddressPlan, MachineAddresses, NodeAddresses } from './addresses.ts';
import { attempt, run } from './command.ts';

/** The `ip -batch` lines that put the bridge and its routes in place. */
export function bridgeCommands(plan: AddressPlan, nodes: readonly NodeAddresses[]): readonly string[] {
  return [
    `addr replace ${plan.bridgeAddress}/24 dev ${plan.bridge}`,
    `link set ${plan.bridge} up`,
    `route replace ${plan.serviceCidr} via ${plan.gateway.address} dev ${plan.bridge}`,
    ...nodes.map((node) => `route replace ${node.podCidr} via ${node.address} dev ${plan.bridge}`),
  ];
}

/** The `ip -batch` lines that give a machine, from within, its address and its routes to the pods of the nodes. */
export function machineCommands(plan: AddressPlan, machine: MachineAddresses, nodes: readonly NodeAddresses[]): readonly string[] {
  return [
    'link set lo up',
    `addr replace ${machine.address}/24 dev eth0`,
    'link set eth0 up',
    `route replace default via ${plan.bridgeAddress} dev eth0`,
    // What the gateway's rules know no endpoint for would otherwise go back to the host, and from there to the gateway again.
    ...(machine.name === plan.gateway.name ? [`route replace unreachable ${plan.serviceCidr}`] : []),
    // Straight to the other nodes, not by way of the host: a node that is cut off is then cut off from each of them.
    ...nodes.filter(({ name }) => name !== machine.name).map((node) => `route replace ${node.podCidr} via ${node.address} dev eth0`),
  ];
}

type Rule = { readonly table: string; readonly chain: string; readonly rule: readonly string[] };

/** The iptables rules of an instance. */
export function iptablesRules(plan: AddressPlan): readonly Rule[] {
  const comment = ['-m', 'comment', '--comment', plan.bridge];
  return [
    // Pods reach the world under this machine's address; what stays within the instance keeps the pod's own.
    {
      table: 'nat',
      chain: 'POSTROUTING',
      rule: ['-s', plan.podCidr, '!', '-o', plan.bridge, ...comment, '-j', 'MASQUERADE'],
    },
    {
      table: 'nat',
      chain: 'POSTROUTING',
      rule: ['-s', plan.nodeCidr, '!', '-o', plan.bridge, ...comment, '-j', 'MASQUERADE'],
    },
    // Where something else (Docker, a firewall) drops what is forwarded by default.
    { table: 'filter', chain: 'FORWARD', rule: ['-i', plan.bridge, ...comment, '-j', 'ACCEPT'] },
    { table: 'filter', chain: 'FORWARD', rule: ['-o', plan.bridge, ...comment, '-j', 'ACCEPT'] },
  ];
}

async function deviceExists(name: string): Promise<boolean> {
  return (await attempt(['ip', 'link', 'show', name])).exitCode === 0;
}

/** The bridges of all instances with nodes on this machine. */
export async function bridges(): Promise<readonly string[]> {
  return (await readdir('/sys/class/net')).filter((device) => /^pgherd\d+$/.test(device));
}

/** Makes the bridge, its routes and the rules. */
export async function ensureBridge(plan: AddressPlan, nodes: readonly NodeAddresses[]): Promise<void> {
  if (!(await deviceExists(plan.bridge))) await run(['ip', 'link', 'add', plan.bridge, 'address', plan.bridgeMacAddress, 'type', 'bridge']);
  await run(['ip', '-batch', '-'], { input: bridgeCommands(plan, nodes).join('\n') });
  for (const { table, chain, rule } of iptablesRules(plan)) {
    const present = await attempt(['iptables', '-w', '-t', table, '-C', chain, ...rule]);
    if (present.exitCode !== 0) await run(['iptables', '-w', '-t', table, '-I', chain, ...rule]);
  }
}

/** Removes what {@link ensureBridge} made; its routes go with it. */
export async function removeBridge(plan: AddressPlan): Promise<void> {
  for (const { table, chain, rule } of iptablesRules(plan)) await attempt(['iptables', '-w', '-t', table, '-D', chain, ...rule]);
  if (await deviceExists(plan.bridge)) await run(['ip', 'link', 'delete', plan.bridge]);
}

/** Lays the cable to the machine whose first process is `initPid`, and gives the machine its addresses. */
export async function ensureCable(
  plan: AddressPlan,
  machine: MachineAddresses,
  nodes: readonly NodeAddresses[],
  initPid: number,
): Promise<void> {
  const inMachine = ['nsenter', '--target', String(initPid), '--net'] as const;
  if ((await attempt([...inMachine, 'ip', 'link', 'show', 'eth0'])).exitCode !== 0) {
    // A cable goes when either end goes; one whose machine is still dying is taken away first.
    if (await deviceExists(machine.cable)) await attempt(['ip', 'link', 'delete', machine.cable]);
    const far = ['peer', 'name', 'eth0', 'address', machine.macAddress, 'netns', String(initPid)];
    await run(['ip', 'link', 'add', machine.cable, 'type', 'veth', ...far]);
    await run(['ip', 'link', 'set', machine.cable, 'master', plan.bridge, 'up']);
  }
  await run([...inMachine, 'ip', '-batch', '-'], { input: machineCommands(plan, machine, nodes).join('\n') });
}

/** Cuts a machine off from the host and from all other machines, without a word to anyone; or heals that. */
export async function setCable(machine: MachineAddresses, state: 'up' | 'down'): Promise<void> {
  await run(['ip', 'link', 'set', machine.cable, state]);
}

/** Whether the machine's cable is there and up. */
export async function isCableUp(machine: MachineAddresses): Promise<boolean> {
  const { exitCode, stdout } = await attempt(['ip', 'link', 'show', machine.cable]);
  return exitCode === 0 && /<[^>]*\bUP\b[^>]*>/.test(stdout);
}
