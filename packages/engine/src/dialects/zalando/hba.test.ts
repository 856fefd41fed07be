import assert from 'node:assert/strict';
import { test } from 'node:test';
import { postgresqlFixture } from '../../testing/clusters.ts';

const told = (...lines: readonly string[]): readonly string[] =>
  postgresqlFixture('minimal', (spec) => ({ ...spec, patroni: { pg_hba: lines } })).findings.map(({ path, message, blocking }) => {
    assert.ok(blocking, message);
    return message.replace(`${path}: `, '').replace('; correct or remove the line', '');
  });

test('pg_hba: lines that PostgreSQL reads are taken as they are', () => {
  const lines = [
    '# a comment',
    'local all all peer',
    'hostssl all all all scram-sha-256',
    'hostssl "my base",other +group, "Mrs. X" 10.0.0.0/8 scram-sha-256 clientcert=verify-ca',
    'host all all 192.0.2.1 255.255.255.255 reject',
    'host all all 2001:db8::/32 md5',
    'host all all .example.com ident map=mine',
    'hostnossl replication all samenet reject',
    'hostssl all all "10.0.0.0/8" "md5"',
  ];
  assert.deepEqual(told(...lines), []);
});

test('pg_hba: a line that PostgreSQL cannot read would keep it from starting, so it blocks', () => {
  assert.deepEqual(told('hostssl all all all'), ['a rule ends with how users show who they are, such as scram-sha-256']);
  assert.deepEqual(told('hostssl all all all scram'), ['"scram" is no method of authentication']);
  assert.deepEqual(told('host all all 10.0.0.0/33 md5'), ['"10.0.0.0/33" is no address']);
  assert.deepEqual(told('host all all 10.0.0.256/8 md5'), ['"10.0.0.256/8" is no address']);
  assert.deepEqual(told('tcp all all all md5'), ['"tcp" is no kind of connection']);
});

test('pg_hba: without lines everybody gets in by password over TLS, also to replicate', () => {
  const { cluster } = postgresqlFixture('minimal', (spec) => spec);
  assert.deepEqual(cluster.postgres.hba.slice(-2), ['hostssl all all all scram-sha-256', 'hostssl replication all all scram-sha-256']);
});
