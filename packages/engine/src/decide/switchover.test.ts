import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atRest, editSet, lent, restedWorld, situationIn } from '../testing/worlds.ts';
import { create, type World } from '../world/world.ts';
import { switchoverTo } from './switchover.ts';

const three = lent(() => atRest(editSet(restedWorld('dev'), { replicas: 3 })));

const withSynchronous = (world: World, standbys: string): World => {
  const { cluster, primary } = situationIn(world);
  const { labels } = cluster.profile;
  const metadata = {
    name: `${cluster.patroni.scope}-sync`,
    labels: { [labels.cluster]: cluster.identity.name, [labels.patroni]: cluster.patroni.scope },
    annotations: { leader: primary?.pod ?? '', sync_standby: standbys },
  };
  return create(world, { apiVersion: 'v1', kind: 'Endpoints', metadata }, cluster.identity.namespace);
};

const chosenIn = (world: World): string | undefined => {
  const situation = situationIn(world);
  const step = switchoverTo(situation, situation.members, 'asked for');
  return step?.kind === 'switchover' ? step.to : undefined;
};

const replicasIn = (world: World): readonly string[] => {
  const { members, primary } = situationIn(world);
  return members.filter((member) => member !== primary).map(({ pod }) => pod);
};

test('switchover: only to a member that Patroni calls synchronous, where it names any', () => {
  const replicas = replicasIn(three());
  assert.equal(replicas.length, 2);
  for (const pod of replicas) assert.equal(chosenIn(withSynchronous(three(), pod)), pod);
  assert.ok(replicas.includes(chosenIn(withSynchronous(three(), replicas.join(','))) ?? ''));
  assert.equal(chosenIn(withSynchronous(three(), 'hippo-pgdb-none-0')), undefined);
});

test('switchover: to any fit replica where replication is not synchronous', () => {
  assert.ok(replicasIn(three()).includes(chosenIn(three()) ?? ''));
  assert.ok(replicasIn(three()).includes(chosenIn(withSynchronous(three(), '')) ?? ''));
});
