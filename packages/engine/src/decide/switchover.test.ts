import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stamps } from '../stamps.ts';
import { atRest, editObject, editSet, ledBy, lent, restedWorld, situationIn, turned } from '../testing/worlds.ts';
import { create, remove, type World } from '../world/world.ts';
import { perform } from '../world/writes.ts';
import { switchoverTo, switchoverUnderWayMs } from './switchover.ts';

const three = lent(() => atRest(editSet(restedWorld('dev'), { replicas: 3 })));

/** With one of Patroni's own objects, as it keeps them beside the leader's. */
const withPatroni = (world: World, suffix: string, annotations: Readonly<Record<string, string>>): World => {
  const { cluster } = situationIn(world);
  const { labels } = cluster.profile;
  const name = `${cluster.patroni.scope}-${suffix}`;
  const metadata = {
    name,
    labels: { [labels.cluster]: cluster.identity.name, [labels.patroni]: cluster.patroni.scope },
    annotations,
  };
  return create(remove(world, 'Endpoints', name), { apiVersion: 'v1', kind: 'Endpoints', metadata }, cluster.identity.namespace);
};

const withSynchronous = (world: World, standbys: string): World =>
  withPatroni(world, 'sync', { leader: situationIn(world).primary?.pod ?? '', sync_standby: standbys });

const askedIn = (world: World) => {
  const situation = situationIn(world);
  return switchoverTo(situation, situation.members, 'asked for');
};

const chosenIn = (world: World): string | undefined => {
  const { step } = askedIn(world);
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

test('switchover: to nobody while replication is synchronous and no standby is', () => {
  assert.deepEqual(askedIn(withSynchronous(three(), '')), {});
});

test('switchover: to any fit replica where replication is not synchronous', () => {
  assert.ok(replicasIn(three()).includes(chosenIn(three()) ?? ''));
  assert.ok(replicasIn(three()).includes(chosenIn(withPatroni(three(), 'sync', { leader: '', sync_standby: '' })) ?? ''));
});

test('switchover: what Patroni refused is asked again after half a minute, and not before', () => {
  const world = three();
  const { step } = askedIn(world);
  assert.ok(step?.kind === 'switchover');
  const { cluster } = situationIn(world);
  const asked = perform(world, { kind: 'step', step }, cluster).world;
  assert.equal(askedIn(asked).step, undefined, 'under way');
  // Patroni empties its own keys and no other.
  const failover = `${cluster.patroni.scope}-failover`;
  const refused = editObject(asked, 'Endpoints', failover, (object) => ({
    ...object,
    metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, leader: '', member: '' } },
  }));
  const after = (ms: number) => askedIn({ ...refused, nowMs: world.nowMs + ms });
  assert.deepEqual(after(10_000), { lookAgainAfterMs: 20_000 });
  assert.equal(after(30_000).step?.kind, 'switchover');
  // It went through, and is asked for from the next one.
  const [other] = replicasIn(refused);
  assert.equal(askedIn(turned(ledBy(refused, other ?? ''))).step?.kind, 'switchover');
});

test('switchover: a time of asking that lies in the future does not hold it up for longer', () => {
  const ahead = withPatroni(three(), 'failover', { [stamps.switchoverAsked]: '2999-01-01T00:00:00Z' });
  assert.deepEqual(askedIn(ahead), { lookAgainAfterMs: 30_000 });
});

test('switchover: one that Patroni keeps for later is not under way, one for now is', () => {
  const until = (scheduled: Readonly<Record<string, string>>): number =>
    switchoverUnderWayMs(situationIn(withPatroni(three(), 'failover', { leader: 'one-0', ...scheduled })));
  assert.equal(until({ scheduled_at: '2999-01-01T00:00:00Z' }), 0);
  assert.ok(until({ scheduled_at: new Date(three().nowMs).toISOString() }) > 0);
  assert.ok(until({}) > 0);
});
