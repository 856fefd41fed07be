/** The invariants that the engine can be held to without a cluster. Their words are in ARCHITECTURE.md. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, assert as assertProperty, nat, option, property, record } from 'fast-check';
import { hashOf, canonicalJson } from '../hash.ts';
import { stamps } from '../stamps.ts';
import {
  annotateCluster,
  atRest,
  conditionIn,
  decisionIn,
  deleteCluster,
  dialectOf,
  editObject,
  editSecret,
  editSet,
  editSpec,
  freshSharedWorld,
  freshWorld,
  going,
  lagging,
  ledBy,
  lent,
  madeAgain,
  memberPodsIn,
  namesOf,
  observedIn,
  orphaned,
  passIn,
  restedSharedWorld,
  restedWorld,
  settled,
  sharedMadeAgain,
  turned,
  withInstances,
} from '../testing/worlds.ts';
import { remove, type World } from './world.ts';

/** What a world has come to, without what differs from run to run: identities, versions, times, and which of several random values it was. */
const endOf = (world: World): unknown => {
  const volatile = new Set([
    'uid',
    'resourceVersion',
    'creationTimestamp',
    'lastTransitionTime',
    'startedAt',
    'generation',
    'observedGeneration',
    'volumeName',
    'clusterIP',
    'volume',
    stamps.switchoverAsked,
  ]);
  const stripped = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(stripped);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => !volatile.has(key))
        .map(([key, member]) => [key, stripped(member)]),
    );
  };
  const objects = Object.fromEntries(
    [...world.objects]
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      // The address that the primary's Endpoints repeat is given by chance.
      .map(([key, object]) => [key, stripped(key.startsWith('Endpoints/') ? { metadata: object.metadata } : object)]),
  );
  return {
    objects,
    secrets: Object.fromEntries(
      [...world.secrets]
        .toSorted(([left], [right]) => (left < right ? -1 : 1))
        .map(([name, { data }]) => [name, Object.keys(data).toSorted()]),
    ),
    roles: [...world.database.roles.keys()].toSorted(),
    databases: Object.fromEntries([...world.database.databases].toSorted(([left], [right]) => (left < right ? -1 : 1))),
    status: stripped(world.manifest?.status ?? {}),
    finalizers: world.manifest?.metadata.finalizers ?? [],
  };
};

const replicas =
  (count: number) =>
  (world: World): World =>
    editSet(world, { replicas: count });

/** Three members that share a StatefulSet, the last of which leads. */
const lastLeads = lent(() => {
  const three = atRest(withInstances(3)(restedSharedWorld()));
  return atRest(ledBy(three, namesOf(three, 'Pod').at(-1) ?? ''));
});

const scenarios: Readonly<Record<string, () => World>> = {
  creation: () => freshWorld('dev'),
  'creation of two members': () => freshWorld('prod'),
  'scale up': () => replicas(3)(restedWorld('dev')),
  'scale down': () => replicas(1)(atRest(replicas(3)(restedWorld('dev')))),
  'a set renamed': () => editSet(restedWorld('dev'), { name: 'other' }),
  deletion: () => deleteCluster(restedWorld('prod')),
  'creation of members that share a StatefulSet': () => freshSharedWorld(),
  'scale up of those': () => withInstances(3)(restedSharedWorld()),
  'scale down of those, while the last one leads': () => withInstances(1)(lastLeads()),
  'stop of those, while the last one leads': () => withInstances(0)(lastLeads()),
  'start of those': () => withInstances(2)(atRest(withInstances(0)(restedSharedWorld()))),
  'deletion of those': () => deleteCluster(restedSharedWorld()),
  'those made again of retained volumes, the last of which is the newest': () => {
    const gone = atRest(deleteCluster(annotateCluster(lastLeads(), { [stamps.retain]: 'data' })));
    return sharedMadeAgain(gone, 3);
  },
  'those made again of retained volumes, fewer than the one that led': () => {
    const gone = atRest(deleteCluster(annotateCluster(lastLeads(), { [stamps.retain]: 'data' })));
    return sharedMadeAgain(gone, 1);
  },
  'stop of those, while the last one leads and no other is fit': () => {
    const [first = '', second = ''] = namesOf(lastLeads(), 'Pod');
    return withInstances(0)(lagging(lastLeads(), first, second));
  },
  'scale down of those, orphaned, while the last one leads': () => withInstances(1)(orphaned(lastLeads(), 'acid-minimal-cluster')),
  'stop of those, orphaned': () => withInstances(0)(orphaned(lastLeads(), 'acid-minimal-cluster')),
  'a volume of those deleted by hand, of the one that leads': () => {
    const leader = namesOf(lastLeads(), 'Pod').at(-1) ?? '';
    return going(lastLeads(), 'PersistentVolumeClaim', `pgdata-${leader}`);
  },
  'made again of retained volumes': () => {
    const three = atRest(replicas(3)(restedWorld('dev')));
    // Not the one that the model would elect of members that start together.
    const led = atRest(ledBy(three, namesOf(three, 'Pod').findLast((name) => name.includes('-pgdb-')) ?? ''));
    return madeAgain(atRest(deleteCluster(annotateCluster(led, { [stamps.retain]: 'data' }))), 'dev', 3);
  },
};

test('I1: scaling, rolling and a renamed set delete no volume of a member that is wanted, and no repository', () => {
  for (const [name, scenario] of Object.entries(scenarios)) {
    if (name.startsWith('deletion')) continue;
    for (const { decision, world } of settled(scenario()).passes) {
      const wanted = new Set(decisionIn(world).objects.map(({ object }) => `${object.kind}/${object.metadata?.name ?? ''}`));
      for (const { reference } of decision?.deletions ?? []) {
        assert.ok(!wanted.has(`${reference.kind}/${reference.name}`), `${name}: ${reference.kind} ${reference.name} goes and is wanted`);
      }
    }
  }
});

test('I1: a volume that lost its StatefulSet comes back with it, and is never deleted', () => {
  const before = restedWorld('dev');
  const [member] = namesOf(before, 'StatefulSet');
  const after = atRest(remove(remove(before, 'StatefulSet', member ?? ''), 'Pod', `${member}-0`));
  assert.deepEqual(namesOf(after, 'PersistentVolumeClaim'), namesOf(before, 'PersistentVolumeClaim'));
  assert.deepEqual(namesOf(after, 'StatefulSet'), namesOf(before, 'StatefulSet'));
});

test('I1: deleting the cluster deletes its volumes unless pgherd.dev/retain says otherwise', () => {
  const left = (retain: string | undefined): readonly string[] => {
    const world = retain === undefined ? restedWorld('dev') : annotateCluster(restedWorld('dev'), { [stamps.retain]: retain });
    return namesOf(atRest(deleteCluster(world)), 'PersistentVolumeClaim').map((name) => name.replace(/^.*-/, ''));
  };
  assert.deepEqual(left(undefined), []);
  assert.deepEqual(left('data'), ['pgdata']);
  assert.deepEqual(left('backups'), ['repo1']);
  assert.deepEqual(left('all'), ['pgdata', 'repo1']);
  assert.deepEqual(left('evrything'), ['pgdata', 'repo1'], 'a word that nobody knows keeps everything');
});

test('I2: at most one member that serves is taken down at a time, and the primary only after a switchover', () => {
  const changes: Readonly<Record<string, World>> = {
    'scale down': replicas(1)(atRest(replicas(4)(restedWorld('dev')))),
    'roll out': editSpec(atRest(replicas(3)(restedWorld('dev'))), (spec) => ({ ...spec, metadata: { annotations: { changed: 'yes' } } })),
    'a set renamed': editSet(atRest(replicas(2)(restedWorld('dev'))), { name: 'other' }),
    'scale down, shared': withInstances(1)(atRest(withInstances(4)(restedSharedWorld()))),
    'scale down, shared, while the last one leads': withInstances(1)(lastLeads()),
    'roll out, shared': editSpec(atRest(withInstances(3)(restedSharedWorld())), (spec) => ({
      ...spec,
      podAnnotations: { changed: 'yes' },
    })),
  };
  for (const [name, start] of Object.entries(changes)) {
    let world = start;
    let switchovers = 0;
    for (let pass = 0; pass < 80; pass++) {
      const { world: after, decision } = passIn(world);
      const step = decision?.step;
      if (step?.kind === 'switchover') switchovers += 1;
      const pod =
        step?.kind === 'deletePod'
          ? step.deletion.reference.name
          : step?.kind === 'scaleStatefulSet'
            ? `${step.reference.name}-${step.replicas}`
            : undefined;
      if (pod !== undefined) {
        const members = memberPodsIn(world);
        const { labels, roleValues } = dialectOf(world).profile;
        const leader = members.find(({ metadata }) => metadata.labels?.[labels.role] === roleValues.leader);
        assert.notEqual(leader?.metadata.name, pod, `${name}: the primary is taken down`);
        assert.ok(!members.some(({ metadata }) => metadata.deletionTimestamp !== undefined), `${name}: ${pod} goes while another is going`);
      }
      world = turned(after);
    }
    assert.equal(conditionIn(world, 'Ready')?.status, 'True', name);
    assert.equal(switchovers, /^scale down(?:, shared)?$/.test(name) ? 0 : 1, name);
  }
});

test('I3: a Secret that could not be read, or that the cache does not show, is not generated anew', () => {
  const world = restedWorld('dev');
  const observed = observedIn(world);
  const manifested = () => dialectOf(world).read(world.manifest ?? assert.fail(), world.configuration, world.nowMs);
  const cluster = manifested().cluster.identity.name;
  const root = manifested().cluster.profile.names.rootCertificate;
  const unreadable = { ...observed, referencedSecrets: { ...observed.referencedSecrets, [root]: 'unreadable' as const } };
  assert.equal(passIn(world, { observed: unreadable }).world.generated, world.generated);

  // A cache that shows no Secret at all: the first create finds it there and ends the pass.
  const blind = { ...observed, referencedSecrets: {}, children: { ...observed.children, secrets: [] } };
  const pass = passIn(world, { observed: blind });
  assert.ok(pass.decision !== undefined && pass.decision.secrets.every(({ write }) => write.kind === 'create'));
  assert.equal(pass.world.generated, world.generated, `nothing of ${cluster} was generated`);
  assert.deepEqual([...pass.world.secrets], [...world.secrets]);
});

test('I4: the same observation gives the same decision, byte for byte', () => {
  for (const scenario of Object.values(scenarios)) {
    let world = scenario();
    for (let pass = 0; pass < 8 && world.manifest !== undefined; pass++) {
      assert.equal(JSON.stringify(decisionIn(world)), JSON.stringify(decisionIn(structuredClone(world))));
      world = turned(passIn(world).world);
    }
  }
});

test('I4: the order in which caches list their objects changes neither objects nor status', () => {
  const world = atRest(replicas(3)(restedWorld('dev')));
  const observed = observedIn(world);
  const reversed = Object.fromEntries(
    Object.entries(observed.children).map(([kind, list]) => [kind, list.toReversed()]),
  ) as unknown as typeof observed.children;
  for (const changed of [world, replicas(1)(world), replicas(4)(world), deleteCluster(world)]) {
    const { nowMs } = changed;
    const left = passIn(changed, { observed: { ...observed, nowMs } }).decision;
    const right = passIn(changed, { observed: { ...observed, nowMs, children: reversed } }).decision;
    assert.equal(JSON.stringify([left?.objects, left?.status, left?.step]), JSON.stringify([right?.objects, right?.status, right?.step]));
  }
});

test('I5: in a converged cluster a pass writes nothing, asks nothing and says nothing', () => {
  for (const world of [restedWorld('dev'), restedWorld('qa'), restedWorld('prod'), restedSharedWorld()]) {
    const { decision, writes } = passIn(world);
    assert.deepEqual(writes, []);
    assert.deepEqual([decision?.readings, decision?.commands, decision?.events, decision?.step], [[], [], [], undefined]);
  }
});

test('I5: an operator that starts anew writes nothing in a converged cluster', () => {
  const forgetful = { ...restedWorld('prod'), readings: {}, commandResults: {} };
  const { passes } = settled(forgetful);
  assert.deepEqual(
    passes.flatMap(({ writes }) => writes),
    [],
  );
});

test('I6: after a crash behind any write the cluster converges to the state that it would have reached without it', () => {
  for (const [name, scenario] of Object.entries(scenarios)) {
    const start = scenario();
    const clean = settled(start);
    const end = endOf(clean.world);
    const generated = clean.world.generated;
    for (const [number, { writes }] of clean.passes.entries()) {
      for (let crashAfter = 0; crashAfter < writes.length; crashAfter++) {
        let world = start;
        for (let pass = 0; pass < number; pass++) world = turned(passIn(world).world);
        const crashed = turned(passIn(world, { crashAfter }).world);
        const recovered = settled(crashed).world;
        assert.deepEqual(endOf(recovered), end, `${name}: crash after write ${crashAfter} of pass ${number}`);
        assert.equal(recovered.generated, generated, `${name}: generated anew after a crash behind write ${crashAfter} of pass ${number}`);
      }
    }
  }
});

test('I6: crashes and stale caches in any order change nothing about the end', () => {
  const disturbance = record({ crashAfter: option(nat(30), { nil: undefined }), behind: nat(2) });
  for (const [name, scenario] of Object.entries(scenarios)) {
    const start = scenario();
    const clean = settled(start).world;
    const end = endOf(clean);
    assertProperty(
      property(array(disturbance, { maxLength: 6 }), (disturbances) => {
        const history = [start];
        let world = start;
        for (const { crashAfter, behind } of disturbances) {
          const seen = history.at(-1 - behind) ?? start;
          // The manifest itself is read anew in every pass; only the children's caches lag.
          const observed = { ...observedIn({ ...seen, manifest: world.manifest }), nowMs: world.nowMs };
          const options = crashAfter === undefined ? { observed } : { observed, crashAfter };
          world = turned(passIn(world, options).world);
          history.push(world);
        }
        const recovered = settled(world).world;
        assert.deepEqual(endOf(recovered), end, name);
        assert.equal(recovered.generated, clean.generated, name);
      }),
      { numRuns: 15, seed: 20260101 },
    );
  }
});

test('I7: a mistake in a manifest is reported, and once taken back it heals without a hand', () => {
  const image = 'registry.example/no-such:1';
  const mistakes: Readonly<Record<string, { readonly make: (world: World) => World; readonly reason: string; readonly says: RegExp }>> = {
    'a missing image': {
      make: (world) => ({
        ...editSpec(world, (spec) => ({ ...spec, image })),
        faults: { ...world.faults, missingImages: new Set([image]) },
      }),
      reason: 'ImageNotAvailable',
      says: /no-such:1 cannot be pulled; correct .*image/,
    },
    'an affinity that no node satisfies': {
      make: (world) => ({
        ...editSet(world, {
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [{ matchExpressions: [{ key: 'no-such-label', operator: 'Exists' }] }],
              },
            },
          },
        }),
        faults: { ...world.faults, unknownNodeLabels: new Set(['no-such-label']) },
      }),
      reason: 'Unschedulable',
      says: /didn't match Pod's node affinity.*spec\.instances\[0\]/,
    },
  };
  const starts: Readonly<Record<string, { readonly world: World; readonly right: World }>> = {
    'from the beginning': { world: freshWorld('dev'), right: freshWorld('dev') },
    'in a running cluster': { world: restedWorld('dev'), right: restedWorld('dev') },
  };
  for (const [mistake, { make, reason, says }] of Object.entries(mistakes)) {
    for (const [when, { world, right }] of Object.entries(starts)) {
      let current = make(world);
      for (let pass = 0; pass < 60; pass++) current = turned(passIn(current).world);
      assert.equal(conditionIn(current, 'Ready')?.reason, reason, `${mistake}, ${when}`);
      assert.match(conditionIn(current, 'Stalled')?.message ?? '', says, `${mistake}, ${when}`);
      const spec = right.manifest?.spec;
      const healed = atRest(editSpec(current, () => spec));
      assert.equal(conditionIn(healed, 'Ready')?.status, 'True', `${mistake}, ${when}, taken back`);
      assert.equal(conditionIn(healed, 'Stalled'), undefined, `${mistake}, ${when}, taken back`);
    }
  }
});

for (const [members, rested] of Object.entries({
  'each with its own StatefulSet': () => restedWorld('prod'),
  'that share one': restedSharedWorld,
})) {
  test(`I8: another rendering of the same inputs restarts no pod, says RolloutPending, and rolls when asked to: members ${members}`, () => {
    let world = rested();
    const sets = namesOf(world, 'StatefulSet');
    // As if an older version had made everything.
    for (const [kind, name] of [
      ...sets.map((name) => ['StatefulSet', name] as const),
      ...namesOf(world, 'Pod').map((name) => ['Pod', name] as const),
    ]) {
      world = editObject(world, kind, name, (object) => {
        const spec = object['spec'] as {
          readonly template?: { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> } };
        };
        if (kind === 'Pod')
          return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [stamps.rendering]: '0' } } };
        const metadata = { ...spec.template?.metadata, annotations: { ...spec.template?.metadata?.annotations, [stamps.rendering]: '0' } };
        return { ...object, spec: { ...spec, template: { ...spec.template, metadata } } };
      });
    }
    const uids = (of: World): readonly string[] =>
      memberPodsIn(of)
        .map(({ metadata }) => metadata.uid)
        .toSorted();
    const upgraded = atRest(world);
    assert.deepEqual(uids(upgraded), uids(world), 'no pod was replaced');
    assert.equal(conditionIn(upgraded, 'RolloutPending')?.status, 'True');
    assert.equal(conditionIn(upgraded, 'Ready')?.status, 'True', 'a pending roll-out does not lower Ready');
    assert.deepEqual(passIn(upgraded).writes, []);

    const rolled = atRest(annotateCluster(upgraded, { [stamps.rollout]: 'now' }));
    assert.equal(conditionIn(rolled, 'RolloutPending'), undefined);
    assert.deepEqual(
      uids(rolled).filter((uid) => uids(world).includes(uid)),
      [],
      'every member has a new pod',
    );
    assert.equal(uids(rolled).length, uids(world).length);
  });
}

test("I8: another default image is the administrator's request, and rolls the members in order", () => {
  const start = atRest(replicas(2)(freshWorld('dev', ({ image: _image, ...spec }) => spec)));
  const postgresImages = Object.fromEntries(
    Object.keys(start.configuration.postgresImages).map((version) => [version, 'registry.example/postgres:new']),
  );
  const upgraded = atRest({ ...start, configuration: { ...start.configuration, postgresImages } });
  const pods = memberPodsIn(upgraded);
  assert.equal(pods.length, 2);
  for (const pod of pods) assert.match(JSON.stringify(pod['spec']), /postgres:new/);
  assert.equal(conditionIn(upgraded, 'Ready')?.status, 'True');
});

test('I9: no secret value appears in a decision or a status', () => {
  const world = editSecret(restedWorld('dev'), 'hippo-pguser-hippo', { password: 'correct horse', verifier: 'verifier(correct horse)' });
  for (const { decision } of settled(world).passes) {
    for (const secret of ['correct horse', 'key of root', 'key of certificate'])
      assert.ok(!canonicalJson(decision).includes(secret), secret);
  }
  assert.equal(hashOf(decisionIn(world)), hashOf(decisionIn(world)));
});

test('I1: of volumes that outlived their cluster the newest leads, also where members start together', () => {
  const world = scenarios['those made again of retained volumes, the last of which is the newest']?.() ?? assert.fail();
  const leaders = settled(world).passes.flatMap(({ world: between }) => {
    const { labels, roleValues } = dialectOf(between).profile;
    return memberPodsIn(between).flatMap(({ metadata }) => (metadata.labels?.[labels.role] === roleValues.leader ? [metadata.name] : []));
  });
  assert.deepEqual([...new Set(leaders)], ['acid-minimal-cluster-2']);
});
