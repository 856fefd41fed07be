/** The arguments and files that components are started with: the facts in them that would be missed late and far from here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressPlan, nodeAddresses } from './addresses.ts';
import { linkerFlags, requiredVersion } from './binaries.ts';
import { cniConfiguration, containerdConfiguration } from './containerd.ts';
import { apiServerArguments } from './control-plane.ts';
import type { Instance } from './instance.ts';
import { bridgeCommands, iptablesRules, machineCommands } from './network.ts';
import { isNodeReady, kubeProxyConfiguration } from './node.ts';
import { instancePaths, machinePaths } from './paths.ts';
import { isGoNewEnough } from './prerequisites.ts';
import { formatDuration, linesProgress } from './progress.ts';
import { mountsBelow } from './tear-down.ts';

const plan = addressPlan(2);
const nodes = [nodeAddresses(plan, 1), nodeAddresses(plan, 2)] as const;

function instance(count: number, controllers: boolean): Instance {
  const record = { version: 1, name: 'x', index: 2, nodes: count, controllers, apiServerArguments: ['--audit-policy-file=/p'] } as const;
  return { record, plan, paths: instancePaths('/state', 'x') };
}

test('API server: with nodes it listens where they reach it, without nodes on the loopback alone', () => {
  assert.ok(apiServerArguments(instance(2, true)).includes(`--bind-address=${plan.bridgeAddress}`));
  assert.ok(apiServerArguments(instance(0, false)).includes(`--bind-address=${plan.loopbackAddress}`));
});

test('API server: pods can be created where no controller gives namespaces their service account', () => {
  const disabled = '--disable-admission-plugins=ServiceAccount';
  assert.ok(apiServerArguments(instance(0, false)).includes(disabled));
  assert.ok(!apiServerArguments(instance(0, true)).includes(disabled));
  assert.ok(!apiServerArguments(instance(1, true)).includes(disabled));
  const { record, ...rest } = instance(0, false);
  const asked = { ...rest, record: { ...record, apiServerArguments: ['--enable-admission-plugins=NodeRestriction,ServiceAccount'] } };
  assert.ok(!apiServerArguments(asked).includes(disabled));
});

test('API server: arguments of the caller come last, where they win', () => {
  assert.equal(apiServerArguments(instance(0, false)).at(-1), '--audit-policy-file=/p');
});

test('network: each node has routes to the pods of the others and none to its own', () => {
  const commands = machineCommands(plan, nodes[0], nodes);
  assert.ok(commands.includes(`route replace ${nodes[1].podCidr} via ${nodes[1].address} dev eth0`));
  assert.ok(!commands.some((command) => command.includes(nodes[0].podCidr)));
});

test('network: what no Service answers ends in the gateway, and in it alone', () => {
  const unreachable = `route replace unreachable ${plan.serviceCidr}`;
  assert.ok(machineCommands(plan, plan.gateway, nodes).includes(unreachable));
  assert.ok(!machineCommands(plan, nodes[0], nodes).includes(unreachable));
  assert.ok(bridgeCommands(plan, nodes).includes(`route replace ${plan.serviceCidr} via ${plan.gateway.address} dev ${plan.bridge}`));
});

test('network: every iptables rule names its instance, so that it can be told from those of others', () => {
  for (const { rule } of iptablesRules(plan)) assert.ok(rule.includes(plan.bridge), rule.join(' '));
});

test('kube-proxy: the gateway goes by the name of a node that exists', () => {
  const name = (machine: Parameters<typeof kubeProxyConfiguration>[1]): unknown =>
    (kubeProxyConfiguration(plan, machine, '/k') as { readonly hostnameOverride: string }).hostnameOverride;
  assert.equal(name(plan.gateway), 'node-1');
  assert.equal(name(nodes[1]), 'node-2');
});

test('containerd: each node has its own root, socket and address pool', () => {
  const [left, right] = nodes.map((node) => machinePaths(instancePaths('/state', 'x'), node.name));
  assert.ok(left !== undefined && right !== undefined);
  assert.ok(!containerdConfiguration(left, '/cni').includes(right.root));
  assert.ok(JSON.stringify(cniConfiguration(nodes[0], left)).includes(left.cniAddresses));
  assert.ok(left.containerdSocket.length < 108, 'a socket path has at most 107 bytes');
});

test('node: one with a taint of its own making is not ready, whatever its condition says', () => {
  const status = { conditions: [{ type: 'Ready', status: 'True' }] };
  const metadata = { name: 'node-1' };
  assert.ok(isNodeReady({ metadata, spec: {}, status }));
  assert.ok(!isNodeReady({ metadata, spec: {} }));
  assert.ok(!isNodeReady({ metadata, spec: { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] }, status }));
  assert.ok(isNodeReady({ metadata, spec: { taints: [{ key: 'dedicated', effect: 'NoSchedule' }] }, status }));
});

test('binaries: versions are read from go.mod and stamped into Kubernetes', () => {
  const goMod = 'module x\n\nrequire k8s.io/kubernetes v1.34.4\n\nrequire (\n\tk8s.io/kubernetes-other v9 // indirect\n)\n';
  assert.equal(requiredVersion(goMod, 'k8s.io/kubernetes'), 'v1.34.4');
  assert.throws(() => requiredVersion(goMod, 'k8s.io/missing'));
  const module = { name: 'k', packages: ['.'], coldBuild: '', linkerVariables: ['v.version=$VERSION', 'v.minor=$MINOR'] };
  assert.equal(linkerFlags(module, 'v1.34.4'), '-s -w -X v.version=v1.34.4 -X v.minor=34');
});

test('prerequisites: the Go that builds the binaries is told from one that is too old', () => {
  assert.ok(isGoNewEnough('go version go1.26.8 linux/amd64'));
  assert.ok(isGoNewEnough('go version go2.0 linux/amd64'));
  assert.ok(!isGoNewEnough('go version go1.19.8 linux/amd64'));
  assert.ok(!isGoNewEnough('gcc version 12'));
});

test('tear-down: mounts below a folder come deepest first, those of a neighbour with a longer name not at all', () => {
  const line = (path: string): string => `1 2 0:1 / ${path} rw - tmpfs tmpfs rw`;
  const info = ['/state/x', '/state/x/a/b', '/state/xy', '/state/x/with\\040blank', '/other'].map(line).join('\n');
  assert.deepEqual(mountsBelow(info, '/state/x'), ['/state/x/with blank', '/state/x/a/b', '/state/x']);
});

test('progress: durations read as one says them', () => {
  assert.deepEqual([400, 12_345, 243_000].map(formatDuration), ['0.4 s', '12 s', '4 min 3 s']);
});

test('progress: a step tells its title and duration, also when it fails', async () => {
  const lines: string[] = [];
  const times = [0, 2000];
  const progress = linesProgress(
    (line) => lines.push(line),
    () => times.shift() ?? 2000,
  );
  assert.equal(await progress.step('Building', () => Promise.resolve(7)), 7);
  assert.deepEqual(lines, ['  ✓ Building (2.0 s)']);
  await assert.rejects(
    progress.step('Breaking', () => Promise.reject(new Error('no'))),
    /no/,
  );
});
