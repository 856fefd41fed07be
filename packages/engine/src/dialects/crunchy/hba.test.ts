import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { fixtureCluster } from '../../testing/clusters.ts';
import type { Finding } from '../../model/cluster.ts';
import { quoteHba } from '../common/hba.ts';

const hbaWith = (rules: unknown, dynamic?: unknown): { readonly own: readonly string[]; readonly findings: readonly Finding[] } => {
  const { cluster, findings } = fixtureCluster('dev', (spec) => ({
    ...spec,
    authentication: { rules },
    patroni: { dynamicConfiguration: { postgresql: { pg_hba: dynamic } } },
  }));
  assert.deepEqual(cluster.postgres.hba.slice(0, 4), [
    'local all "postgres" peer',
    'hostssl replication "_crunchyrepl" all cert',
    'hostssl "postgres" "_crunchyrepl" all cert',
    'host all "_crunchyrepl" all reject',
  ]);
  return { own: cluster.postgres.hba.slice(4), findings };
};

test('pg_hba: everybody comes in by password over TLS where the manifest says nothing', () => {
  assert.deepEqual(hbaWith(undefined).own, ['hostssl all all all scram-sha-256']);
});

test("pg_hba: the manifest's rules come before the dynamic ones, and both in place of the default", () => {
  const rules = [{ hba: '# not from here' }, { hba: 'host all all 10.0.0.0/8 reject' }, { connection: 'hostssl', method: 'cert' }];
  assert.deepEqual(hbaWith(rules, ['hostssl all all 0.0.0.0/0 md5']).own, [
    '# not from here',
    'host all all 10.0.0.0/8 reject',
    'hostssl all all all cert',
    'hostssl all all 0.0.0.0/0 md5',
  ]);
  assert.deepEqual(hbaWith(undefined, ['local all all peer']).own, ['local all all peer']);
});

test('pg_hba: structured rules', () => {
  const table: readonly (readonly [unknown, string])[] = [
    [{ connection: 'local', method: 'peer' }, 'local all all peer'],
    [{ connection: 'host', method: 'password' }, 'host all all all scram-sha-256'],
    [
      { connection: 'hostssl', databases: ['hippo db', 'sameuser'], users: ['a"b', '+team', 'all'], method: 'scram-sha-256' },
      'hostssl "hippo db",sameuser "a""b",+"team",all all scram-sha-256',
    ],
    [
      { connection: 'hostssl', databases: ['replication'], method: 'cert', options: { clientcert: 'verify-full', map: 'the map' } },
      'hostssl replication all all cert clientcert="verify-full" map="the map"',
    ],
    [
      { connection: 'host', method: 'ldap', options: { ldapserver: 'ldap', ldapprefix: 'cn=', ldaptls: 1 } },
      'host all all all ldap ldapserver="ldap" ldapprefix="cn=" ldaptls="1"',
    ],
  ];
  for (const [rule, line] of table) {
    const { own, findings } = hbaWith([rule]);
    assert.deepEqual(own, [line]);
    assert.deepEqual(findings, []);
  }
});

test('pg_hba: a rule that would not load or would let anybody in blocks', () => {
  const refused: readonly unknown[] = [
    { connection: 'host', method: 'trust' },
    { connection: 'hostsll', method: 'reject' },
    { connection: 'host', method: 'scram' },
    { connection: 'host' },
    { hba: 'include other.conf' },
    { hba: 'host all all all reject\nhost all all all trust' },
    { hba: 'all all' },
    { hba: 'local all all peer', method: 'peer' },
    { connection: 'host', databases: ['a\nhost all all all trust'], method: 'reject' },
    { connection: 'host', method: 'cert', options: { 'map=x host': 'y' } },
    { connection: 'host', method: 'ldap', options: { ldapserver: 'ldap' } },
    { connection: 'host', method: 'ldap', options: { ldapprefix: 'cn=', ldapbasedn: 'dc=hippo' } },
    { connection: 'host', method: 'radius', options: { radiusservers: 'a' } },
  ];
  for (const rule of refused) {
    const { own, findings } = hbaWith([rule]);
    const about = JSON.stringify(rule);
    assert.deepEqual(
      findings.map(({ reason, blocking }) => [reason, blocking]),
      [['InvalidAuthenticationRule', true]],
      about,
    );
    assert.ok(findings[0]?.path.startsWith('spec.authentication.rules[0]'), about);
    assert.ok(!own.some((line) => line.includes('trust')), about);
  }
});

/** As PostgreSQL 17 cuts a line of pg_hba.conf into words (hba.c, next_token). */
const firstWord = (line: string): { readonly word: string; readonly rest: string } => {
  let word = '';
  let quoted = false;
  let wasQuote = false;
  let index = 0;
  for (; index < line.length; index++) {
    const character = line.charAt(index);
    if (!quoted && (character === ' ' || character === ',' || character === '#')) break;
    if (character !== '"' || wasQuote) word += character;
    wasQuote = quoted && character === '"' ? !wasQuote : false;
    if (character === '"') quoted = !quoted;
  }
  return { word, rest: line.slice(index) };
};

test('pg_hba: whatever a name holds, PostgreSQL reads that name and nothing after it', () => {
  fc.assert(
    fc.property(fc.string(), (name) => {
      assert.deepEqual(firstWord(`${quoteHba(name)} all`), { word: name, rest: ' all' });
    }),
  );
});
