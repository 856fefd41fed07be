/** One instance through its life: started, used, broken in every way that `local` offers, repaired, and gone without a trace. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { instanceCgroup } from '../src/cgroups.ts';
import { attempt, run } from '../src/command.ts';
import { ociArchive } from '../src/images.ts';
import { connect, down, InstanceConflict, status, up } from '../src/index.ts';
import type { LocalCluster } from '../src/index.ts';
import { findInstance } from '../src/instance.ts';
import type { Instance } from '../src/instance.ts';
import { bridges } from '../src/network.ts';
import { busyboxPath } from '../src/prerequisites.ts';
import { waitFor } from '../src/wait.ts';

const image = 'example.test/web:1';
const page = `page of process ${process.pid}`;

const manifest = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  nodeSelector: {kubernetes.io/hostname: node-1}
  securityContext: {runAsUser: 1000, runAsNonRoot: true}
  containers:
  - name: web
    image: ${image}
    command: [/bin/busybox, sh, -c, 'test -e /data/index.html || echo "${page}" > /data/index.html; exec /bin/busybox httpd -f -p 8080 -h /data']
    volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
---
apiVersion: v1
kind: Pod
metadata: {name: client}
spec:
  nodeSelector: {kubernetes.io/hostname: node-2}
  terminationGracePeriodSeconds: 0
  containers: [{name: client, image: ${image}, command: [/bin/busybox, httpd, -f, -p, "8080", -h, /bin]}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
`;

async function kubectl(cluster: LocalCluster, ...args: readonly string[]): Promise<string> {
  return (await run([cluster.kubectlPath, `--kubeconfig=${cluster.kubeconfigPath}`, ...args])).trim();
}

/** The body at a URL, or undefined when nobody answers within a second. */
async function fetchText(url: string): Promise<string | undefined> {
  // A new connection each time: one that is kept alive would outlive what is tested.
  const init = { signal: AbortSignal.timeout(1000), headers: { connection: 'close' } };
  return fetch(url, init)
    .then((response) => response.text())
    .catch(() => undefined);
}

async function waitForPage(url: string): Promise<void> {
  await waitFor(`the page at ${url}`, 60_000, async () => {
    const text = await fetchText(url);
    return text === `${page}\n` ? { done: true, value: undefined } : { done: false, seen: text ?? 'no answer' };
  });
}

function podUrl(cluster: LocalCluster, pod: string): Promise<string> {
  return kubectl(cluster, 'get', 'pod', pod, '-o', 'jsonpath=http://{.status.podIP}:8080/');
}

/** Everything on this machine that belongs to the instance, by kind. */
async function traces(instance: Instance): Promise<Readonly<Record<string, readonly string[]>>> {
  const { plan, paths } = instance;
  const linesOf = async (command: readonly [string, ...string[]]): Promise<readonly string[]> =>
    (await attempt(command)).stdout.split('\n');
  const device = new RegExp(`\\b${plan.bridge}(n\\d+|gw)?\\b`);
  const processes: string[] = [];
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)) {
    const commandLine = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
    const cgroup = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
    if (commandLine.includes(paths.root) || cgroup.includes(`${instanceCgroup(plan)}/`)) processes.push(`${pid} ${commandLine}`);
  }
  return {
    processes,
    devices: (await linesOf(['ip', '-o', 'link'])).filter((line) => device.test(line)),
    routes: (await linesOf(['ip', 'route'])).filter((line) => device.test(line)),
    rules: (await linesOf(['iptables-save'])).filter((line) => device.test(line)),
    cgroups: (await linesOf(['find', '/sys/fs/cgroup', '-path', `*${instanceCgroup(plan)}`])).filter((line) => line !== ''),
    files: await readdir(paths.root).catch(() => []),
  };
}

/** Mounts below a folder, in whichever mount namespace they are. */
async function mounts(folder: string): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const info = await readFile(`/proc/${pid}/mountinfo`, 'utf8').catch(() => '');
    for (const line of info.split('\n')) if (line.includes(folder)) found.add(line);
  }
  return [...found];
}

/** What instances change of the machine itself, and put back when the last of them goes. */
async function hostSettings(): Promise<Readonly<Record<string, string>>> {
  const settings = ['net/ipv4/ip_forward', 'vm/overcommit_memory', 'kernel/panic', 'kernel/panic_on_oops', 'kernel/keys/root_maxkeys'];
  const values = await Promise.all(settings.map(async (name) => [name, (await readFile(join('/proc/sys', name), 'utf8')).trim()] as const));
  const folders = ['/var/lib/kubelet', '/var/lib/cni', '/run/pgherd'].map((path) => [path, String(existsSync(path))] as const);
  return Object.fromEntries([...values, ...folders]);
}

async function pids(name: string, context: { readonly stateRoot: string }): Promise<ReadonlyMap<string, number | undefined>> {
  return new Map((await status(name, context)).components.map((component) => [component.name, component.pid]));
}

test('local: an instance with two nodes, from its start to its end', { timeout: 240_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pgherd-local-'));
  // A state root of its own: whatever else runs on this machine is not ours to see or to end.
  const context = { stateRoot: join(folder, 'state') };
  const name = `test-${process.pid}`;
  const settings = await hostSettings();
  const alone = (await bridges()).length === 0;
  try {
    const cluster = await up({ ...context, name, nodes: 2 });
    const instance = await findInstance(context.stateRoot, name);
    assert.ok(instance !== undefined);

    await t.test('pods run from a loaded image, on a volume, and find each other through a Service by name', async () => {
      const archive = join(folder, 'web.tar');
      const busybox = await readFile(busyboxPath);
      await writeFile(archive, ociArchive(image, [{ kind: 'file', path: 'bin/busybox', mode: 0o755, content: busybox }], {}));
      await cluster.loadImage(archive);
      await writeFile(join(folder, 'manifest.yaml'), manifest);
      await kubectl(cluster, 'apply', '-f', join(folder, 'manifest.yaml'));
      await kubectl(cluster, 'wait', '--for=condition=Ready', 'pod/web', 'pod/client', '--timeout=60s');
      const serviceAddress = await kubectl(cluster, 'get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}');
      await waitForPage(await podUrl(cluster, 'web'));
      await waitForPage(`http://${serviceAddress}/`);
      const resolved = await kubectl(cluster, 'exec', 'client', '--', '/bin/busybox', 'nslookup', 'web.default.svc.cluster.local');
      assert.ok(resolved.includes(serviceAddress), resolved);
      const request = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | /bin/busybox nc -w 5 ${serviceAddress} 80`;
      for (const pod of ['client', 'web']) {
        const answer = await kubectl(cluster, 'exec', pod, '--', '/bin/busybox', 'sh', '-c', request);
        assert.ok(answer.includes(page), `from pod ${pod}: ${answer}`);
      }
    });

    await t.test('a second up finds everything running and starts nothing', async () => {
      const before = await pids(name, context);
      assert.ok(before.size >= 14 && [...before.values()].every((pid) => pid !== undefined), JSON.stringify([...before]));
      const again = await up({ ...context, name, nodes: 2 });
      assert.deepEqual(await pids(name, context), before);
      assert.equal(again.server, cluster.server);
    });

    await t.test('fewer nodes than there are, and nodes that are not there, are refused', async () => {
      await assert.rejects(up({ ...context, name, nodes: 1 }), InstanceConflict);
      await assert.rejects(cluster.stopNode('node-9'), InstanceConflict);
      await assert.rejects(connect('none', context), InstanceConflict);
    });

    await t.test('a cut node runs on and reaches nobody, until it is healed', async () => {
      const url = await podUrl(cluster, 'client');
      assert.ok((await fetchText(url)) !== undefined);
      await cluster.cutNode('node-2');
      assert.equal(await fetchText(url), undefined);
      assert.ok((await status(name, context)).nodes.some((node) => node.name === 'node-2' && node.running && !node.connected));
      await cluster.healNode('node-2');
      await waitFor('the way to node-2', 30_000, async () =>
        (await fetchText(url)) === undefined ? { done: false, seen: 'no answer' } : { done: true, value: undefined },
      );
    });

    await t.test('a component that was killed is started again, and nothing else', async () => {
      const before = await pids(name, context);
      for (const component of ['kube-apiserver', 'node-1.kubelet']) await cluster.signalComponent(component, 'SIGKILL');
      await waitFor('the death of two components', 10_000, async () => {
        const now = await pids(name, context);
        const alive = ['kube-apiserver', 'node-1.kubelet'].filter((component) => now.get(component) !== undefined);
        return alive.length === 0 ? { done: true, value: undefined } : { done: false, seen: alive.join(', ') };
      });
      await up({ ...context, name });
      const after = await pids(name, context);
      const changed = [...after.keys()].filter((component) => after.get(component) !== before.get(component));
      assert.deepEqual(changed, ['kube-apiserver', 'node-1.kubelet']);
    });

    await t.test('a stopped node loses its processes and keeps its disk; started again it serves the same page', async () => {
      await cluster.stopNode('node-1');
      const left = (await traces(instance)).processes?.filter((line) => line.includes('/machines/node-1/')) ?? [];
      assert.deepEqual(left, []);
      await cluster.startNode('node-1');
      await waitFor('the page after the return of node-1', 60_000, async () => {
        const text = await fetchText(await podUrl(cluster, 'web'));
        return text === `${page}\n` ? { done: true, value: undefined } : { done: false, seen: text ?? 'no answer' };
      });
    });

    await t.test('up repairs an instance of which every process was killed', async () => {
      for (const pid of (await pids(name, context)).values()) if (pid !== undefined) process.kill(pid, 'SIGKILL');
      await up({ ...context, name });
      assert.ok([...(await pids(name, context)).values()].every((pid) => pid !== undefined));
      await waitFor('the page after the crash', 60_000, async () => {
        const text = await fetchText(await podUrl(cluster, 'web'));
        return text === `${page}\n` ? { done: true, value: undefined } : { done: false, seen: text ?? 'no answer' };
      });
    });

    await t.test('down leaves no process, mount, device, route, rule, cgroup or file', async () => {
      for (const [kind, found] of Object.entries(await traces(instance))) assert.notDeepEqual(found, [], `no ${kind} to look for`);
      assert.notDeepEqual(await mounts(instance.paths.root), []);
      assert.equal(await down(name, context), true);
      for (const [kind, found] of Object.entries(await traces(instance))) assert.deepEqual(found, [], kind);
      assert.deepEqual(await mounts(instance.paths.root), []);
      assert.equal(await down(name, context), false);
      // An instance beside this one needs the settings further.
      if (alone && (await bridges()).length === 0) assert.deepEqual(await hostSettings(), settings);
    });
  } finally {
    await down(name, context);
    await rm(folder, { recursive: true });
  }
});

test('local: a control plane without nodes answers, beside others of its kind', { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pgherd-local-'));
  const context = { stateRoot: join(folder, 'state') };
  try {
    const [plain, controlled] = await Promise.all([
      up({ ...context, name: 'plain', nodes: 0 }),
      up({ ...context, name: 'controlled', nodes: 0, controllers: true }),
    ]);
    assert.notEqual(plain.server, controlled.server);
    assert.match(await kubectl(plain, 'get', '--raw', '/version'), /"gitVersion": "v1\.34\./);
    // Made by the controller manager alone, and so absent from the plain one.
    assert.equal(await kubectl(controlled, 'get', 'serviceaccount', '--namespace=default', '--output=name'), 'serviceaccount/default');
    assert.equal(await kubectl(plain, 'get', 'serviceaccount', '--namespace=default', '--output=name'), '');
  } finally {
    await Promise.all(['plain', 'controlled'].map((name) => down(name, context)));
    assert.deepEqual(await readdir(folder), []);
    await rm(folder, { recursive: true });
  }
});
