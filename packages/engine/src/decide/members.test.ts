import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  atRest,
  conditionIn,
  decisionIn,
  deleteCluster,
  dialect,
  editObject,
  editSet,
  freshSharedWorld,
  freshWorld,
  namesOf,
  restedSharedWorld,
  restedWorld,
  settled,
  situationIn,
  turned,
  withInstances,
  withNeighbour,
} from '../testing/worlds.ts';
import { chooseMembers } from './members.ts';
import { create, keyOf, remove, type World } from '../world/world.ts';

const { labels, roleValues } = dialect.profile;

const wantedIn = (world: World): readonly string[] => situationIn(world).wanted.map(({ name }) => name);
const surplusIn = (world: World): readonly string[] => situationIn(world).surplus.map(({ name }) => name);

test('members: names derive from uid, set and number, so every pass before the first write chooses the same', () => {
  const world = editSet(freshWorld('dev'), { replicas: 3 });
  const names = wantedIn(world);
  assert.equal(new Set(names).size, 3);
  assert.deepEqual(wantedIn(structuredClone(world)), names);
  for (const name of names) assert.match(name, /^hippo-pgdb-[bcdfghjklmnpqrstvwxz2456789]{4}$/);
});

test('members: more replicas than there are names come to an end', () => {
  const { cluster, observation, members } = situationIn(freshWorld('dev'));
  const sets = cluster.sets.map((set) => ({ ...set, replicas: 1_000_000 }));
  assert.ok(chooseMembers({ ...cluster, sets }, members, observation.children).wanted.length < 1_000_000);
});

test('members: scaling up keeps the members that are there', () => {
  const world = restedWorld('dev');
  const before = wantedIn(world);
  const after = wantedIn(editSet(world, { replicas: 3 }));
  assert.equal(after.length, 3);
  assert.ok(before.every((name) => after.includes(name)));
});

test('members: scaling down keeps the primary, whatever its name', () => {
  const three = atRest(editSet(restedWorld('dev'), { replicas: 3 }));
  for (const pod of namesOf(three, 'StatefulSet')
    .filter((name) => name.includes('pgdb'))
    .map((name) => `${name}-0`)) {
    const led = editObject(three, 'Endpoints', 'hippo-ha', (object) => ({
      ...object,
      metadata: { ...object.metadata, annotations: { leader: pod } },
    }));
    const relabelled = editObject(led, 'Pod', pod, (object) => ({
      ...object,
      metadata: { ...object.metadata, labels: { ...object.metadata.labels, [labels.role]: roleValues.leader } },
    }));
    assert.deepEqual(
      wantedIn(editSet(relabelled, { replicas: 1 })).map((name) => `${name}-0`),
      [pod],
    );
  }
});

test('members: a member that is not ready goes before one that serves', () => {
  const three = atRest(editSet(restedWorld('dev'), { replicas: 3 }));
  const { primary, members } = situationIn(three);
  for (const { pod, name } of members.filter((member) => member !== primary)) {
    const down = editObject(three, 'Pod', pod, (object) => ({
      ...object,
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] },
    }));
    assert.deepEqual(surplusIn(editSet(down, { replicas: 2 })), [name]);
  }
});

test('members: a data volume that lost its member gives the next member its name', () => {
  const two = atRest(editSet(restedWorld('dev'), { replicas: 2 }));
  const { members, primary } = situationIn(two);
  const lost = members.find((member) => member !== primary)?.name ?? assert.fail('no replica');
  const world = remove(remove(two, 'StatefulSet', lost), 'Pod', `${lost}-0`);
  assert.ok(wantedIn(world).includes(lost));
});

test('members: a volume on its way out takes its member along, and a name is not used again before it is gone', () => {
  const two = atRest(editSet(restedWorld('dev'), { replicas: 2 }));
  const { members, primary } = situationIn(two);
  const doomed = members.find((member) => member !== primary)?.name ?? assert.fail('no replica');
  const world = editObject(two, 'PersistentVolumeClaim', `${doomed}-pgdata`, (claim) => ({
    ...claim,
    metadata: { ...claim.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
  }));
  assert.ok(!wantedIn(world).includes(doomed));
  assert.equal(wantedIn(world).length, 2);
  assert.deepEqual(surplusIn(world), [doomed]);
  const healed = atRest(world);
  assert.equal(namesOf(healed, 'PersistentVolumeClaim').filter((name) => name.endsWith('-pgdata')).length, 2);
});

test('members: only the holder of the lock leads, though a lost node leaves the label on its pod', () => {
  const two = atRest(editSet(restedWorld('dev'), { replicas: 2 }));
  const { members, primary } = situationIn(two);
  const other = members.find((member) => member !== primary) ?? assert.fail('no replica');
  const bothLabelled = editObject(two, 'Pod', other.pod, (object) => ({
    ...object,
    metadata: { ...object.metadata, labels: { ...object.metadata.labels, [labels.role]: roleValues.leader } },
  }));
  assert.equal(situationIn(bothLabelled).primary?.name, primary?.name);
  assert.equal(situationIn(bothLabelled).members.find(({ name }) => name === other.name)?.role, 'replica');
});

test('members: pods of Jobs that carry a member labels are no members', () => {
  const world = restedWorld('dev');
  const pod = [...world.objects.values()].find(({ kind, metadata }) => kind === 'Pod' && metadata.labels?.[labels.instance] !== undefined);
  assert.ok(pod);
  const job = {
    ...pod,
    metadata: {
      ...pod.metadata,
      name: 'restore-abcd',
      uid: 'other',
      labels: { ...pod.metadata.labels, [labels.instance]: 'hippo-pgdb-none' },
    },
  };
  const withJob = { ...world, objects: new Map(world.objects).set(keyOf('Pod', 'restore-abcd'), job) };
  assert.deepEqual(
    situationIn(withJob).members.map(({ name }) => name),
    situationIn(world).members.map(({ name }) => name),
  );
});

test('members: while none leads, the member that led last is kept, then one that has data', () => {
  const three = atRest(editSet(restedWorld('dev'), { replicas: 3 }));
  const { members } = situationIn(three);
  const podless = members.reduce((world, { pod }) => remove(world, 'Pod', pod), editSet(three, { replicas: 1 }));
  for (const { name } of members) {
    const recalling = (fields: object): World => {
      const manifest = podless.manifest ?? assert.fail('no manifest');
      return { ...podless, manifest: { ...manifest, status: { ...(manifest.status as object), ...fields } } };
    };
    assert.deepEqual(wantedIn(recalling({ primary: name })), [name]);
    assert.deepEqual(wantedIn(recalling({ primary: undefined, startupInstance: name })), [name]);
    const others = members.filter((member) => member.name !== name);
    const dataless = others.reduce(
      (world, other) => remove(world, 'PersistentVolumeClaim', `${other.name}-pgdata`),
      recalling({ primary: undefined }),
    );
    assert.deepEqual(wantedIn(dataless), [name]);
  }
});

test('members: a StatefulSet that bears the labels of one that members share, and its pods, are left alone', () => {
  const neighbour = 'acid-minimal-cluster-exporter';
  const beside = turned(turned(withNeighbour(restedSharedWorld(), neighbour)));
  const uid = beside.objects.get(keyOf('Pod', `${neighbour}-0`))?.metadata.uid;
  assert.ok(uid !== undefined);
  assert.deepEqual(
    situationIn(beside).members.map(({ name }) => name),
    ['acid-minimal-cluster-0', 'acid-minimal-cluster-1'],
  );
  for (const instances of [0, 1, 2, 3]) {
    const { world, passes } = settled(withInstances(instances)(beside));
    assert.equal(world.objects.get(keyOf('Pod', `${neighbour}-0`))?.metadata.uid, uid, `${instances} members`);
    const replicas = passes.flatMap(({ decision }) => (decision?.step?.kind === 'scaleStatefulSet' ? [decision.step.replicas] : []));
    assert.deepEqual(
      replicas,
      replicas.toSorted((left, right) => right - left),
      `${instances} members: scaled to ${replicas.join()}`,
    );
  }
  const gone = atRest(deleteCluster(beside));
  assert.equal(gone.manifest, undefined);
  assert.deepEqual(namesOf(gone, 'Pod'), [`${neighbour}-0`]);
});

test('members: a pod that somebody else made is none of those that share a StatefulSet, whatever it is called', () => {
  const foreign = editObject(restedSharedWorld(), 'Pod', 'acid-minimal-cluster-1', (pod) => ({
    ...pod,
    metadata: { ...pod.metadata, ownerReferences: [{ uid: 'other', kind: 'ReplicaSet', name: 'other', controller: true }] },
  }));
  assert.equal(situationIn(foreign).members.find(({ name }) => name === 'acid-minimal-cluster-1')?.podObject, undefined);
});

test('members: a claim of another name is no volume of a member that shares its StatefulSet, whose pods would get an empty one beside it', () => {
  const { cluster } = situationIn(freshSharedWorld());
  const { labels: ours, roleValues: roles } = cluster.profile;
  const copy = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: 'restored-copy',
      labels: {
        ...cluster.profile.commonLabels,
        [ours.cluster]: cluster.identity.name,
        [ours.instance]: 'acid-minimal-cluster-0',
        [ours.role]: roles.dataVolume,
      },
    },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeName: 'pv-old' },
  };
  const world = atRest(create(freshSharedWorld(), copy, 'postgres'));
  assert.deepEqual(
    situationIn(world).members.map(({ dataClaim }) => dataClaim?.metadata.name),
    ['pgdata-acid-minimal-cluster-0', 'pgdata-acid-minimal-cluster-1'],
  );
  // The claims that pods mount bear our labels, though their StatefulSet could make them.
  const mounted = world.objects.get(keyOf('PersistentVolumeClaim', 'pgdata-acid-minimal-cluster-0'));
  assert.equal(mounted?.metadata.labels?.[ours.role], roles.dataVolume);
  assert.deepEqual(namesOf(atRest(deleteCluster(world)), 'PersistentVolumeClaim'), ['restored-copy']);
});

test('members: of those that share a StatefulSet, claims that another operator made are known by their names', () => {
  const bare = namesOf(restedSharedWorld(), 'PersistentVolumeClaim').reduce(
    (world, name) =>
      editObject(world, 'PersistentVolumeClaim', name, (claim) => ({
        ...claim,
        metadata: { ...claim.metadata, labels: { application: 'spilo', 'cluster-name': 'acid-minimal-cluster' } },
      })),
    restedSharedWorld(),
  );
  for (const { name, dataClaim } of situationIn(bare).members) assert.equal(dataClaim?.metadata.name, `pgdata-${name}`);
  assert.deepEqual(decisionIn(bare).deletions, []);
  assert.equal(conditionIn(atRest(bare), 'Ready')?.status, 'True');
});
