/**
 * Who may connect (pg_hba.conf). The first line that matches decides, so the order is part of the meaning: what the cluster itself needs, then
 * `authentication.rules`, then those of Patroni's dynamic configuration; and only where the manifest gives neither, everybody by password.
 */
import type { HbaLine } from '../../model/cluster.ts';
import { authenticationMethods, connectionKinds, everybodyByPassword, isOneLine, lineProblem, ownLines, quoteHba } from '../common/hba.ts';
import { profile } from './profile.ts';
import type { Field } from '../common/fields.ts';
import { at, isPresent, itemsOf, membersOf, report, shown, textItemsOf, textOf } from '../common/fields.ts';

const mandatory: readonly HbaLine[] = ownLines(profile.roles.superuser, profile.roles.replication);

const databaseWords: ReadonlySet<string> = new Set(['all', 'sameuser', 'samerole', 'replication']);

const databaseColumn = (names: readonly string[]): string =>
  names.length === 0 ? 'all' : names.map((name) => (databaseWords.has(name) ? name : quoteHba(name))).join(',');

/** `+group` keeps its meaning: no role of a manifest can be named so, and PostgreSQL reads the sign before the quotes. */
const userColumn = (names: readonly string[]): string =>
  names.length === 0
    ? 'all'
    : names.map((name) => (name === 'all' ? name : name.startsWith('+') ? `+${quoteHba(name.slice(1))}` : quoteHba(name))).join(',');

/** A rule may forbid what a later one allows, so to go on without it could open the database: it blocks. */
const refuse = (field: Field, reason: string): undefined => {
  report(field, { kind: 'invalid', reason: 'InvalidAuthenticationRule', message: `${reason}; correct or remove the rule`, blocking: true });
  return undefined;
};

/** What is wrong with the options of a method that cannot do without some, as the CRD says it, too. */
const optionProblem = (method: string, options: readonly string[]): string | undefined => {
  const has = (...names: readonly string[]): boolean => names.some((name) => options.includes(name));
  if (method === 'ldap') {
    if (!has('ldapbasedn', 'ldapprefix', 'ldapsuffix')) return '`ldap` needs ldapbasedn, ldapprefix or ldapsuffix';
    const search = has('ldapbasedn', 'ldapbinddn', 'ldapbindpasswd', 'ldapsearchattribute', 'ldapsearchfilter');
    if (has('ldapprefix', 'ldapsuffix') && search) return '`ldap` takes ldapprefix and ldapsuffix, or the options of a search, not both';
  }
  if (method === 'radius' && !(has('radiusservers') && has('radiussecrets'))) return '`radius` needs radiusservers and radiussecrets';
  return undefined;
};

const rawLine = (rule: Field): HbaLine | undefined => {
  const text = textOf(at(rule, 'hba')) ?? '';
  if (['connection', 'databases', 'method', 'options', 'users'].some((name) => isPresent(at(rule, name)))) {
    return refuse(rule, '`hba` stands alone; use it or the other fields');
  }
  const problem = lineProblem(text);
  if (problem !== undefined) return refuse(at(rule, 'hba'), problem);
  return text;
};

const structuredLine = (rule: Field): HbaLine | undefined => {
  const connection = textOf(at(rule, 'connection'));
  const method = textOf(at(rule, 'method'));
  if (connection === undefined || method === undefined) return refuse(rule, 'a rule needs `connection` and `method`, or `hba`');
  if (!connectionKinds.has(connection)) return refuse(at(rule, 'connection'), `${shown(connection)} is no kind of connection`);
  if (method === 'trust')
    return refuse(at(rule, 'method'), '`trust` would let anybody in; choose a method that asks, such as scram-sha-256');
  if (!authenticationMethods.has(method)) return refuse(at(rule, 'method'), `${shown(method)} is no method of authentication`);
  const databases = textItemsOf(at(rule, 'databases'));
  const users = textItemsOf(at(rule, 'users'));
  const options = membersOf(at(rule, 'options'));
  const values = options.map(({ field }) => (typeof field.value === 'number' ? String(field.value) : (textOf(field) ?? '')));
  if (![...databases, ...users, ...values].every(isOneLine)) return refuse(rule, 'a rule is one line of text');
  const unknown = options.find(({ name }) => !/^[a-z][a-z0-9_]*$/i.test(name));
  if (unknown !== undefined) return refuse(unknown.field, 'no option has such a name');
  const problem = optionProblem(
    method,
    options.map(({ name }) => name),
  );
  if (problem !== undefined) return refuse(at(rule, 'options'), problem);
  return [
    connection,
    databaseColumn(databases),
    userColumn(users),
    ...(connection === 'local' ? [] : ['all']),
    // `password` would demand the password in clear text; who writes it wants passwords, and they are stored as SCRAM verifiers.
    method === 'password' ? 'scram-sha-256' : method,
    ...options.map(({ name }, index) => `${name}=${quoteHba(values[index] ?? '')}`),
  ].join(' ');
};

/** The whole pg_hba.conf, in order. */
export const hbaOf = (spec: Field): readonly HbaLine[] => {
  const rules = itemsOf(at(spec, 'authentication', 'rules'))
    .map((rule) => (isPresent(at(rule, 'hba')) ? rawLine(rule) : structuredLine(rule)))
    .filter((line) => line !== undefined);
  const dynamic = textItemsOf(at(spec, 'patroni', 'dynamicConfiguration', 'postgresql', 'pg_hba'));
  const own = [...rules, ...dynamic];
  return [...mandatory, ...(own.length === 0 ? [everybodyByPassword] : own)];
};
