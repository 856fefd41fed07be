import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'node:path';
import { globSync, readFileSync } from 'node:fs';
import {
  atRest,
  conditionIn,
  decisionIn,
  dialect,
  editCertificate,
  editObject,
  editSecret,
  editSet,
  editSpec,
  freshWorld,
  namesOf,
  restedWorld,
  withoutSecret,
} from '../testing/worlds.ts';
import { passOver, settle } from '../world/run.ts';
import { remove, type World } from '../world/world.ts';

const events = (
  worlds: readonly { readonly decision: { readonly events: readonly { readonly reason: string }[] } | undefined }[],
): readonly string[] => worlds.flatMap(({ decision }) => decision?.events.map(({ reason }) => reason) ?? []);

test('decide: its table names every process file, and no other', () => {
  const table = readFileSync(new URL('decide.ts', import.meta.url), 'utf8').split('*/', 1)[0] ?? '';
  const named = new Set([...table.matchAll(/\b(\w+)\.ts\b/g)].map((match) => match[1]));
  const processes = globSync('*.ts', { cwd: import.meta.dirname })
    .filter((file) => !file.endsWith('.test.ts'))
    .filter((file) =>
      readFileSync(new URL(file, import.meta.url), 'utf8')
        .split('*/', 1)[0]
        ?.includes('* |'),
    )
    .map((file) => parse(file).name);
  assert.deepEqual(
    processes.filter((process) => process !== 'decide' && !named.has(process)),
    [],
  );
  const present = new Set(globSync('*.ts', { cwd: import.meta.dirname }).map((file) => parse(file).name));
  assert.deepEqual(
    [...named].filter((name) => !present.has(name ?? '')),
    [],
  );
});

test('decide: everything is asked for in two passes: what the first pod starts from, and the rest', () => {
  const first = passOver(freshWorld('prod'), dialect);
  const second = passOver(first.world, dialect);
  const madeIn = ({ decision }: typeof first): readonly string[] => decision?.objects.map(({ object }) => object.kind) ?? [];
  assert.equal(first.decision?.finalizer, 'present');
  assert.equal(madeIn(first).filter((kind) => kind === 'StatefulSet').length, 1);
  assert.equal(madeIn(second).filter((kind) => kind === 'StatefulSet').length, 3);
  assert.ok(first.writes.length <= 16, `${first.writes.length} writes before anything else has its turn`);
});

test('decide: two members with a repository host take at most 40 writes on a control plane without nodes', () => {
  let world = freshWorld('prod');
  let count = 0;
  // Without nodes no pod runs: what is written is written in passes alone.
  for (let before = -1; before !== count;) {
    before = count;
    const pass = passOver(world, dialect);
    world = pass.world;
    count += pass.writes.length;
  }
  assert.ok(count <= 38, `${count} writes`);
});

test('decide: a paused cluster is left as it is, and goes on afterwards', () => {
  const paused = editSpec(restedWorld('dev'), (spec) => ({ ...spec, paused: true, port: 5555 }));
  const { world, writes, decision } = passOver(paused, dialect);
  assert.deepEqual(
    writes.map(({ kind }) => kind),
    ['status'],
  );
  assert.deepEqual([conditionIn(world, 'Progressing')?.status, conditionIn(world, 'Progressing')?.reason], ['False', 'Paused']);
  assert.deepEqual([decision?.commands, decision?.readings], [[], []]);
  const resumed = atRest(editSpec(world, () => restedWorld('dev').manifest?.spec));
  assert.equal(conditionIn(resumed, 'Progressing'), undefined);
});

test('decide: a cluster that is paused or blocked renews its certificates, and nothing else', () => {
  const server = 'hippo-cluster-cert';
  const user = 'hippo-pguser-hippo';
  const dueIn = (world: World): World => {
    const due = editCertificate(world, server, 'tls.crt', { notAfterMs: world.nowMs + 1 });
    return withoutSecret(editCertificate(due, 'hippo-replication-cert', 'tls.crt', { dnsNames: ['elsewhere'] }), user);
  };
  const isRenewed = (before: World): void => {
    const { world, writes, decision } = passOver(before, dialect);
    assert.deepEqual(
      decision?.secrets.map(({ reference, values }) => [reference.name, Object.keys(values).toSorted()]),
      [[server, ['tls.crt', 'tls.key']]],
    );
    assert.deepEqual(
      writes.map(({ kind }) => kind),
      ['secret', 'status'],
    );
    assert.notEqual(world.secrets.get(server)?.data['tls.crt'], before.secrets.get(server)?.data['tls.crt']);
  };
  isRenewed(dueIn(editSpec(restedWorld('dev'), (spec) => ({ ...spec, paused: true, port: 5555 }))));
  isRenewed(dueIn(editSet(restedWorld('dev'), { replicas: 1_000_000 })));
  isRenewed(dueIn(editSpec(restedWorld('dev'), (spec) => ({ ...spec, backups: undefined }))));
});

test('decide: a finding that blocks lets what runs go on running', () => {
  const world = restedWorld('dev');
  assert.ok(world.manifest);
  const manifested = dialect.read(world.manifest, world.configuration, world.nowMs);
  const blocking = { kind: 'invalid' as const, path: 'spec.image', reason: 'MissingRequiredImage', message: 'no image', blocking: true };
  const broken = { ...dialect, read: () => ({ ...manifested, findings: [blocking] }) };
  const { writes, world: after } = passOver(world, broken);
  assert.deepEqual(
    writes.map(({ kind }) => kind),
    ['status'],
  );
  assert.deepEqual(
    [conditionIn(after, 'Ready')?.reason, conditionIn(after, 'Stalled')?.reason],
    ['MissingRequiredImage', 'MissingRequiredImage'],
  );
  assert.equal(conditionIn(after, 'ManifestInvalid')?.message, 'spec.image: no image');
  assert.equal(conditionIn(passOver(after, dialect).world, 'Stalled'), undefined);
});

test('decide: what the manifest asks for and nobody carries out yet is said with its path, once', () => {
  const { passes, world } = settle(freshWorld('prod'), dialect);
  assert.match(conditionIn(world, 'NotYetSupported')?.message ?? '', /^spec\.proxy\.pgBouncer: /m);
  const told = passes.flatMap(({ decision }) => decision?.events ?? []).filter(({ message }) => message.includes('pgBouncer'));
  assert.equal(told.length, 1);
});

test('decide: each event of a creation comes once', () => {
  const reasons = events(settle(freshWorld('dev'), dialect).passes);
  assert.deepEqual(reasons.filter((reason) => reason !== 'NotYetSupported').toSorted(), [
    'PrimaryElected',
    'Ready',
    'RepoBackupComplete',
    'RepoHostCreated',
    'StanzasCreated',
    'StartingBackup',
  ]);
});

test('decide: every step, every volume that goes and every secret value that changes is told with its reason', () => {
  const told = (world: World): readonly string[] =>
    settle(world, dialect).passes.flatMap(({ decision }) => decision?.events.map(({ reason, message }) => `${reason}: ${message}`) ?? []);
  const three = atRest(editSet(restedWorld('dev'), { replicas: 3 }));
  const down = told(editSet(three, { replicas: 2 }));
  assert.equal(down.filter((event) => event.startsWith('ScalingMember: spec.instances[0] asks for 2')).length, 1, down.join('\n'));
  assert.equal(down.filter((event) => /^DeletingVolume: volume .*-pgdata: /.test(event)).length, 1, down.join('\n'));
  const blanked = told(editSecret(restedWorld('dev'), 'hippo-pguser-hippo', { password: '' }));
  const updates = blanked.filter((event) => event.startsWith('SecretUpdated: Secret hippo-pguser-hippo: password was blank'));
  assert.equal(updates.length, 1, blanked.join('\n'));
});

test('decide: a failover is told', () => {
  const two = atRest(
    editSpec(restedWorld('dev'), (spec) => ({
      ...spec,
      instances: (spec['instances'] as readonly object[]).map((set) => ({ ...set, replicas: 2 })),
    })),
  );
  const leader = two.objects.get('Endpoints/hippo-ha')?.metadata.annotations?.['leader'] ?? '';
  const other = namesOf(two, 'Pod').find((name) => name.includes('-pgdb-') && name !== leader) ?? '';
  const failedOver = editObject(remove(two, 'Pod', leader), 'Endpoints', 'hippo-ha', (object) => ({
    ...object,
    metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, leader: other } },
  }));
  const reasons = events(settle(failedOver, dialect).passes);
  assert.ok(reasons.includes('PrimaryChanged') && !reasons.includes('PrimaryElected'), reasons.join());
  const restarted = events(settle(remove(two, 'Pod', leader), dialect).passes);
  assert.deepEqual(restarted, ['PrimaryNotReady', 'Ready'], 'who leads again is no other');
});

test('decide: a child that somebody changed or deleted is put right by the next pass', () => {
  const world = restedWorld('dev');
  const service = 'hippo-replicas';
  const changed = editObject(world, 'Service', service, (object) => ({
    ...object,
    spec: { ...(object['spec'] as object), selector: { app: 'other' } },
  }));
  for (const drifted of [changed, remove(world, 'Service', service)]) {
    const after = atRest(drifted).objects.get(`Service/${service}`)?.['spec'] as { readonly selector?: unknown } | undefined;
    const before = world.objects.get(`Service/${service}`)?.['spec'] as { readonly selector?: unknown } | undefined;
    assert.deepEqual(after?.selector, before?.selector);
  }
  const [member = ''] = namesOf(world, 'StatefulSet');
  const lost: World = remove(world, 'StatefulSet', member);
  assert.ok(decisionIn(lost).objects.some(({ object }) => object.kind === 'StatefulSet' && object.metadata.name === member));
});
