import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import { hashOfText } from '../hash.ts';
import { testTable } from '../testing/tables.ts';
import {
  atRest,
  conditionIn,
  decisionIn,
  dialect,
  editObject,
  editSecret,
  editSpec,
  lent,
  restedSharedWorld,
  restedWorld,
  situationIn,
} from '../testing/worlds.ts';
import type { RolesReading } from '../readings.ts';
import { passOver, settle, turn } from '../world/run.ts';
import type { World } from '../world/world.ts';
import { differencesOf, readingAgeMs } from './users.ts';

const user = 'hippo-pguser-hippo';

const commands = (world: World): readonly string[] => decisionIn(world).commands.map(({ key }) => key);
/** Those of other processes are no matter here. */
const readings = (world: World): readonly string[] =>
  decisionIn(world)
    .readings.map(({ key }) => key)
    .filter((key) => key === 'roles');

const withUser = (world: World, name: string): World =>
  editSpec(world, (spec) => ({
    ...spec,
    users: [...((spec['users'] as readonly object[] | undefined) ?? []), { name, databases: ['more'] }],
  }));

/** A user was added, its Secret is there, and the script is due. */
const due = lent(() => {
  const world = withUser(restedWorld('dev'), 'extra');
  return {
    ...passOver({ ...world, faults: { ...world.faults, failingCommands: new Set(['users']) } }, dialect).world,
    faults: world.faults,
  };
});

/** Its Secret has no verifier, and the API server lets nobody write one. */
const withStuckUser = (): World => ({
  ...editSecret({ ...due(), commandResults: {} }, 'hippo-pguser-extra', { verifier: '' }),
  refusals: [{ what: 'Secret hippo-pguser-extra', code: 'Invalid', message: 'it is immutable', retryable: false }],
});

/** The script ran, and could not make the extension everywhere. */
const withoutPgaudit = lent(() => {
  const ran = passOver({ ...due(), commandResults: {} }, dialect).world;
  const result = ran.commandResults['users'] ?? assert.fail('not run');
  const output = 'without pgaudit: hippo\nwithout pgaudit: template1\n';
  const commandResults = { users: { ...result, result: { kind: 'succeeded', output } as const } };
  return passOver(passOver({ ...ran, commandResults }, dialect).world, dialect).world;
});

const withoutRole = (world: World): World => ({ ...world, database: { ...world.database, roles: new Map() } });
const later = (world: World, ms: number): World => ({ ...world, nowMs: world.nowMs + ms });

/** Roles are gone, and a reading says so. */
const differing = lent(() => settle(later(withoutRole(restedWorld('dev')), 0), dialect, 3).world);

testTable('users', join(import.meta.dirname, 'users.ts'), 1, {
  'no primary that runs, or a Secret not filled yet': () => {
    const primary = situationIn(due()).primary?.pod ?? '';
    const down = editObject(due(), 'Pod', primary, (pod) => ({ ...pod, status: { phase: 'Pending' } }));
    assert.deepEqual(commands(down), []);
    const unprobed = editObject(due(), 'Pod', primary, (pod) => ({ ...pod, status: { phase: 'Running' } }));
    assert.deepEqual(commands({ ...unprobed, commandResults: {} }), ['users'], 'Patroni says that it runs before the kubelet has asked');
    assert.deepEqual(commands(editSecret(due(), 'hippo-pguser-extra', { verifier: '' })), []);
  },
  'a Secret that cannot be filled': () => {
    const { world, decision } = passOver(withStuckUser(), dialect);
    assert.deepEqual(
      decision?.commands.map(({ input }) => Object.values(input?.variables ?? {}).map(({ secret }) => secret)),
      [[user]],
    );
    assert.ok(world.database.databases.has('more'), 'databases are made in any case');
    const condition = conditionIn(world, 'UsersApplied');
    assert.deepEqual([condition?.status, condition?.reason], ['False', 'SecretNotReady']);
    assert.match(
      condition?.message ?? '',
      /^user extra waits: Secret hippo-pguser-extra cannot be filled: it is immutable; put that right/,
    );
    assert.deepEqual(
      decision?.events.map(({ reason }) => reason).filter((reason) => reason === 'SecretNotReady'),
      ['SecretNotReady'],
    );
  },
  'the revision in the status is another, and the script has not run for it': () => {
    const world = due();
    assert.deepEqual(commands({ ...world, commandResults: {} }), ['users']);
    assert.equal(conditionIn(passOver({ ...world, commandResults: {} }, dialect).world, 'Ready')?.reason, 'UsersNotReady');
  },
  'the script has run': () => {
    const ran = passOver({ ...due(), commandResults: {} }, dialect).world;
    assert.deepEqual(commands(ran), []);
    assert.equal(conditionIn(passOver(ran, dialect).world, 'Ready')?.status, 'True');
  },
  'the script failed': () => {
    const failing = { ...due(), faults: { ...due().faults, failingCommands: new Set(['users']) } };
    const failed = passOver({ ...failing, commandResults: {} }, dialect).world;
    const next = passOver(failed, dialect);
    assert.deepEqual(next.decision?.commands, [], 'not at once');
    assert.ok((next.decision?.lookAgainAfterMs ?? 0) > 0);
    assert.equal(conditionIn(next.world, 'UsersApplied')?.reason, 'StatementFailed');
    assert.deepEqual(commands(later(failed, 60_000)), ['users'], 'but later');
  },
  'it could not make extension pgaudit in a database': () => {
    const world = withoutPgaudit();
    assert.equal(conditionIn(world, 'UsersApplied')?.reason, 'PgauditMissing');
    assert.match(conditionIn(world, 'UsersApplied')?.message ?? '', /in database hippo, template1, so DDL/);
    assert.equal(conditionIn(world, 'Ready')?.status, 'True');
  },
  'the status tells of that, and the script has not run here yet': () => {
    const restarted = { ...withoutPgaudit(), readings: {}, commandResults: {} };
    const messageIn = (world: World): string | undefined => conditionIn(passOver(world, dialect).world, 'UsersApplied')?.message;
    const told = conditionIn(withoutPgaudit(), 'UsersApplied')?.message;
    assert.deepEqual(commands(restarted), ['users']);
    assert.equal(messageIn(restarted), told);
    assert.equal(conditionIn(passOver(restarted, dialect).world, 'Ready')?.status, 'True');
    const primary = situationIn(restarted).primary?.pod ?? '';
    const down = editObject(restarted, 'Pod', primary, (pod) => ({ ...pod, status: { phase: 'Pending' } }));
    assert.equal(messageIn(down), told, 'also while nobody can ask');
    const blocked = editSpec(restarted, (spec) => ({ ...spec, postgresVersion: 'no number' }));
    assert.equal(conditionIn(passOver(blocked, dialect).world, 'Stalled')?.status, 'True');
    assert.equal(messageIn(blocked), told, 'also while the manifest blocks');
    const failing = { ...restarted, faults: { ...restarted.faults, failingCommands: new Set(['users']) } };
    assert.match(
      messageIn(passOver(failing, dialect).world) ?? '',
      /users failed\nextension pgaudit could not be made in database hippo, template1/,
    );
    const stuck = { ...withStuckUser(), manifest: restarted.manifest };
    assert.match(messageIn(stuck) ?? '', /^user extra waits[^]*\nextension pgaudit/);
    assert.equal(conditionIn(atRest(restarted), 'UsersApplied'), undefined, 'it could be made this time');
  },
  'the revision is in force, no reading for this primary, or it is old': () => {
    assert.deepEqual(readings({ ...restedWorld('dev'), readings: {} }), ['roles']);
    const age = readingAgeMs(restedWorld('dev').manifest?.metadata.uid ?? '');
    assert.deepEqual(readings(later(restedWorld('dev'), age)), ['roles']);
    assert.deepEqual(readings(later(restedWorld('dev'), age - 60_000)), []);
    assert.ok(age >= 30 * 60_000 && age < 35 * 60_000);
  },
  'the reading differs': () => {
    const read = passOver({ ...withoutRole(restedWorld('dev')), readings: {}, commandResults: {} }, dialect).world;
    const [command] = decisionIn(read).commands;
    assert.match(command?.reason ?? '', /role hippo is missing/);
    assert.deepEqual(command?.invalidates, ['roles']);
  },
  'the reading differs right after the script ran': () => {
    const read = passOver({ ...withoutRole(restedWorld('dev')), readings: {}, commandResults: {} }, dialect).world;
    const ran = passOver(read, dialect).world;
    // Something takes the role away again at once.
    const undone = passOver(withoutRole(ran), dialect).world;
    const { world, decision } = passOver(undone, dialect);
    assert.deepEqual(decision?.commands, []);
    assert.equal(conditionIn(world, 'UsersApplied')?.reason, 'StillDifferent');
    assert.deepEqual(readings(later(world, 5 * 60_000)), ['roles']);
  },
  'the reading agrees': () => assert.deepEqual([commands(restedWorld('dev')), readings(restedWorld('dev'))], [[], []]),
});

test('users: the revision in the status is that of the statements that ran, so that other ones of a new version run, too', () => {
  const [command] = decisionIn({ ...due(), commandResults: {} }).commands;
  assert.equal(situationIn(atRest(due())).recalled.usersRevision, hashOfText(command?.input?.text ?? ''));
});

test('users: where the manifest asks for none, the databases that every server has get their extension once', () => {
  const world = editSpec(restedWorld('dev'), (spec) => ({ ...spec, users: [] }));
  const [command] = decisionIn(world).commands;
  assert.match(command?.input?.text ?? '', /datname::text = 'postgres'[^]*CREATE EXTENSION pgaudit[^]*datname::text = 'template1'/);
  const after = atRest(world);
  assert.deepEqual(commands(after), []);
  assert.equal(conditionIn(after, 'Ready')?.status, 'True');
});

test('users: a role that was dropped by hand comes back within the life of a reading', () => {
  const age = readingAgeMs(restedWorld('dev').manifest?.metadata.uid ?? '');
  assert.ok(atRest(later(withoutRole(restedWorld('dev')), age)).database.roles.has('hippo'));
  assert.ok(!differing().database.roles.has('hippo'), 'not before');
});

test('users: a script that keeps failing is tried ever later, also when a reading asked for it', () => {
  const broken = {
    ...withoutRole(restedWorld('dev')),
    readings: {},
    commandResults: {},
    faults: { ...restedWorld('dev').faults, failingCommands: new Set(['users']) },
  };
  let world: World = broken;
  const startedMs = world.nowMs;
  let tries = 0;
  while (world.nowMs < startedMs + 10 * 60_000) {
    const pass = passOver(world, dialect);
    tries += pass.decision?.commands.length ?? 0;
    world = turn(pass.world, dialect);
  }
  assert.ok(tries > 3 && tries < 12, `${tries} tries in ten minutes`);
});

test('users: a password that its owner sets reaches the role', () => {
  const world = atRest(editSecret(restedWorld('dev'), user, { password: 'new', verifier: '' }));
  assert.equal(world.database.roles.get('hippo'), 'verifier(new)');
});

test('users: what differs is told in words', () => {
  const intent = {
    name: 'app',
    databases: ['app'],
    options: ['LOGIN', 'NOINHERIT', 'CONNECTION LIMIT 5', "VALID UNTIL '2030-01-01'"],
    passwordCharacters: 'ascii' as const,
    memberOf: [],
    settings: {},
  };
  const attributes = {
    SUPERUSER: false,
    CREATEROLE: false,
    CREATEDB: false,
    LOGIN: true,
    REPLICATION: false,
    BYPASSRLS: false,
    INHERIT: true,
  };
  const reading = {
    serverVersion: '17.1',
    recovering: false,
    roles: [{ name: 'app', verifierFingerprint: 'b', attributes, connectionLimit: -1 }],
    databases: [],
    grants: [],
    remaining: [],
  };
  assert.deepEqual(
    differencesOf([{ intent, fingerprint: 'a' }], [{ name: 'app', owner: undefined, schemas: [], extensions: [] }], reading),
    [
      'database app is missing',
      'role app has another password',
      'role app is not NOINHERIT',
      'role app is not CONNECTION LIMIT 5',
      'role app lacks privileges on database app',
    ],
  );
  const owned = { ...reading, databases: [{ name: 'app', owner: 'postgres' }] };
  assert.deepEqual(differencesOf([], [{ name: 'app', owner: 'app', schemas: [], extensions: [] }], owned), [
    'database app belongs to postgres, not to app',
  ]);
  assert.deepEqual(differencesOf([], [{ name: 'app', owner: undefined, schemas: [], extensions: [] }], owned), []);
  const remaining = [
    { database: undefined, statements: ['GRANT a TO b'] },
    { database: 'bar', statements: ['CREATE SCHEMA data', 'CREATE EXTENSION x', 'CREATE EXTENSION y'] },
  ];
  assert.deepEqual(differencesOf([], [], { ...reading, remaining }), [
    'this is left to do: GRANT a TO b',
    'in database bar this is left to do: CREATE SCHEMA data and 2 more',
  ]);
});

test('users: what was taken away inside of a database, or from a role, comes back', () => {
  const world = restedSharedWorld();
  const reading = world.readings['roles'] ?? assert.fail('no reading');
  assert.ok(reading.result.kind === 'taken');
  const value = { ...(reading.result.value as RolesReading), remaining: [{ database: 'bar', statements: ['CREATE SCHEMA data'] }] };
  const differs = { ...world, commandResults: {}, readings: { roles: { ...reading, result: { kind: 'taken', value } as const } } };
  const [command] = decisionIn(differs).commands;
  assert.match(command?.reason ?? '', /in database bar this is left to do: CREATE SCHEMA data/);
  assert.deepEqual(decisionIn(atRest(differs)).commands, []);
});

test('users: what a stuck user waits for is neither forgotten nor in force, and the others are looked after meanwhile', () => {
  const applied = passOver(withStuckUser(), dialect).world;
  const stuck = (world: World): World => ({
    ...editSecret(world, 'hippo-pguser-extra', { verifier: '' }),
    refusals: withStuckUser().refusals,
  });
  const waiting = passOver(stuck(applied), dialect);
  assert.deepEqual(waiting.decision?.commands, [], 'not run again and again');
  assert.deepEqual(
    waiting.decision.readings.map(({ key }) => key),
    ['roles'],
  );
  const asked = waiting.decision.readings[0]?.input?.text ?? '';
  assert.ok(asked.includes('"hippo"') && !asked.includes('"extra"'), 'what it lacks is not made yet');
  assert.equal(conditionIn(waiting.world, 'Ready')?.reason, 'UsersNotReady');
  const filled = atRest(applied);
  assert.deepEqual([...filled.database.roles.keys()], ['hippo', 'extra']);
  assert.equal(conditionIn(filled, 'UsersApplied'), undefined);
  assert.equal(conditionIn(filled, 'Ready')?.status, 'True');
});

test('users: a Secret that is on its way out keeps no other user waiting', () => {
  const world = due();
  const secret = world.secrets.get('hippo-pguser-extra') ?? assert.fail('no Secret');
  const metadata = { ...secret.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' };
  const secrets = new Map(world.secrets).set('hippo-pguser-extra', { ...secret, metadata });
  const { world: after } = passOver({ ...world, commandResults: {}, secrets }, dialect);
  assert.match(conditionIn(after, 'UsersApplied')?.message ?? '', /is being deleted; take away what holds it/);
  assert.ok(after.database.databases.has('more'));
});
