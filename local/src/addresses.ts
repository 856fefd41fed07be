/**
 * The address plan: where an instance and its nodes live. Pure arithmetic on the instance's index, so that instances can never overlap:
 *
 *     10.88.<i>.0/24        the instance's bridge (.1: API server and DNS), the gateway (.2) and the nodes (.11, .12, …)
 *     10.<128+i>.<k>.0/24   the pods of node k
 *     10.<192+i>.0.0/16     the services
 *     127.88.<i>.1          what only this machine may reach: etcd, controller manager, scheduler
 */

/** Instances that can stand side by side. */
export const maximumInstances = 64;
/** Nodes that an instance can have. */
export const maximumNodes = 64;

export interface MachineAddresses {
  readonly name: string;
  readonly address: string;
  readonly macAddress: string;
  /** Name of the host's end of the virtual cable to the machine; at most 15 characters. */
  readonly cable: string;
}

export interface NodeAddresses extends MachineAddresses {
  /** Counts from 1. */
  readonly number: number;
  readonly podCidr: string;
}

export interface AddressPlan {
  readonly index: number;
  readonly bridge: string;
  readonly bridgeAddress: string;
  readonly bridgeMacAddress: string;
  readonly nodeCidr: string;
  readonly loopbackAddress: string;
  readonly podCidr: string;
  readonly serviceCidr: string;
  /** ClusterIP of Service `default/kubernetes`: the first of the range, by the API server's own rule. */
  readonly kubernetesServiceAddress: string;
  /** The machine through which this host reaches ClusterIPs. */
  readonly gateway: MachineAddresses;
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, '0');
}

// Fixed addresses (02: locally administered) keep the neighbours' ARP caches true when a machine is made anew.
function macAddress(index: number, host: number): string {
  return `02:70:67:88:${hexByte(index)}:${hexByte(host)}`;
}

/** The plan of the instance with this index, 0 to {@link maximumInstances} - 1. */
export function addressPlan(index: number): AddressPlan {
  return {
    index,
    bridge: `pgherd${index}`,
    bridgeAddress: `10.88.${index}.1`,
    bridgeMacAddress: macAddress(index, 1),
    nodeCidr: `10.88.${index}.0/24`,
    loopbackAddress: `127.88.${index}.1`,
    podCidr: `10.${128 + index}.0.0/16`,
    serviceCidr: `10.${192 + index}.0.0/16`,
    kubernetesServiceAddress: `10.${192 + index}.0.1`,
    gateway: { name: 'gateway', address: `10.88.${index}.2`, macAddress: macAddress(index, 2), cable: `pgherd${index}gw` },
  };
}

/** The addresses of node `number` (from 1) of an instance. */
export function nodeAddresses(plan: AddressPlan, number: number): NodeAddresses {
  return {
    number,
    name: `node-${number}`,
    address: `10.88.${plan.index}.${10 + number}`,
    macAddress: macAddress(plan.index, 10 + number),
    cable: `pgherd${plan.index}n${number}`,
    podCidr: `10.${128 + plan.index}.${number}.0/24`,
  };
}

/** An IPv4 range as its first address and the number of bits that it fixes. */
interface Range {
  readonly first: number;
  readonly bits: number;
}

function parseRange(cidr: string): Range {
  const [address = '', bits = '32'] = cidr.split('/');
  const first = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  return { first, bits: Number(bits) };
}

/** Whether two IPv4 ranges, each `a.b.c.d/bits` or a single address, have an address in common. */
export function overlaps(a: string, b: string): boolean {
  const left = parseRange(a);
  const right = parseRange(b);
  const size = 2 ** (32 - Math.min(left.bits, right.bits));
  return Math.floor(left.first / size) === Math.floor(right.first / size);
}

/** Whether none of the plan's ranges overlaps a range that this machine already has a route or an address for. */
export function planFits(plan: AddressPlan, taken: readonly string[]): boolean {
  return [plan.nodeCidr, plan.podCidr, plan.serviceCidr].every((range) => taken.every((other) => !overlaps(range, other)));
}
