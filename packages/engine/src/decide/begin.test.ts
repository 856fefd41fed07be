import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import type { Decision } from '../decision.ts';
import { stamps } from '../stamps.ts';
import { testTable } from '../testing/tables.ts';
import {
  annotateCluster,
  atRest,
  decisionIn,
  deleteCluster,
  dialect,
  editSet,
  freshSharedWorld,
  freshWorld,
  ledBy,
  madeAgain,
  restedWorld,
  situationIn,
} from '../testing/worlds.ts';
import { beginningOf } from './begin.ts';
import { passOver } from '../world/run.ts';
import type { Write } from '../world/writes.ts';

const identifiersOf = ({ objects, secrets }: Decision): ReadonlySet<string> =>
  new Set([
    ...objects.map(({ object }) => `${object.kind}/${object.metadata.name}`),
    ...secrets.map(({ reference }) => `Secret/${reference.name}`),
  ]);

const statefulSetsOf = (decision: Decision): number => decision.objects.filter(({ object }) => object.kind === 'StatefulSet').length;

const refusal = { what: 'StatefulSet hippo', code: 'Forbidden', message: 'exceeded quota', retryable: true };

testTable('begin', join(import.meta.dirname, 'begin.ts'), 1, {
  'no StatefulSet of the cluster': () => {
    const decision = decisionIn(freshWorld('prod'));
    assert.equal(statefulSetsOf(decision), 1);
    assert.deepEqual([decision.status, decision.events], [undefined, []]);
    assert.notEqual(decision.lookAgainAfterMs, undefined);
  },
  'no StatefulSet, and the volumes tell who led': () => {
    const three = atRest(editSet(restedWorld('dev'), { replicas: 3 }));
    for (const { name, pod } of situationIn(three).members) {
      const gone = atRest(deleteCluster(annotateCluster(atRest(ledBy(three, pod)), { [stamps.retain]: 'data' })));
      const { objects } = decisionIn(madeAgain(gone, 'dev', 3));
      const made = objects.flatMap(({ object }) => (object.kind === 'StatefulSet' ? [[object.metadata.name, object.spec?.replicas]] : []));
      assert.deepEqual(made, [[name, 1]]);
    }
  },
  'no StatefulSet, and a write was refused before': () => {
    const decision = decisionIn({ ...freshWorld('prod'), refusals: [refusal] });
    assert.equal(statefulSetsOf(decision), 3);
    assert.notEqual(decision.status, undefined);
  },
  'no StatefulSet, and none to make': () => {
    const situation = situationIn(freshWorld('prod'));
    const { objects, secrets } = decisionIn(freshWorld('prod'));
    const without = objects.filter(({ object }) => object.kind !== 'StatefulSet');
    assert.equal(beginningOf(situation, { objects: without, secrets }), undefined);
    assert.notEqual(beginningOf(situation, { objects, secrets }), undefined);
  },
  'a StatefulSet': () => {
    const decision = decisionIn(passOver(freshWorld('prod'), dialect).world);
    assert.equal(statefulSetsOf(decision), 3);
    assert.notEqual(decision.status, undefined);
  },
});

test('begin: all that the pod refers to is made with it, and nothing that it can start without', () => {
  const withWalVolume = freshWorld('prod', ({ instances, ...spec }) => ({
    ...spec,
    instances: (instances as readonly object[]).map((set) => ({
      ...set,
      walVolumeClaimSpec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    })),
  }));
  const made = [...identifiersOf(decisionIn(withWalVolume))].map((identifier) => identifier.replace(/hippo-pgdb-\w{4}/, 'MEMBER'));
  assert.deepEqual(made.toSorted(), [
    'ConfigMap/MEMBER-config',
    'ConfigMap/hippo-config',
    'ConfigMap/hippo-pgbackrest-config',
    'PersistentVolumeClaim/MEMBER-pgdata',
    'PersistentVolumeClaim/MEMBER-pgwal',
    'Role/hippo-instance',
    'RoleBinding/hippo-instance',
    'Secret/MEMBER-certs',
    'Secret/hippo-cluster-cert',
    'Secret/hippo-pgbackrest',
    'Secret/hippo-replication-cert',
    'Secret/pgo-root-cacert',
    'ServiceAccount/hippo-instance',
    'StatefulSet/MEMBER',
  ]);
});

const whatOf = (write: Write): string =>
  write.kind === 'apply'
    ? `${write.desired.object.kind}/${write.desired.object.metadata.name}`
    : write.kind === 'secret'
      ? `Secret/${write.intent.reference.name}`
      : write.kind;

test('begin: what the first pass made, the second one does not make again', () => {
  const first = passOver(freshWorld('prod'), dialect);
  const made = first.writes.map(whatOf);
  assert.ok(made.length > 10);
  assert.deepEqual(
    passOver(first.world, dialect)
      .writes.map(whatOf)
      .filter((what) => made.includes(what)),
    [],
  );
});

test("begin: a Secret that a container of the manifest's own takes variables from is made with the first pod", () => {
  const withSidecar = freshSharedWorld((spec) => ({ ...spec, sidecars: [{ name: 'watcher', image: 'registry.example/watcher' }] }));
  assert.ok(identifiersOf(decisionIn(withSidecar)).has('Secret/postgres.acid-minimal-cluster.credentials.postgresql.acid.zalan.do'));
});
