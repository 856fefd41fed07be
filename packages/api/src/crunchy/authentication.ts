/** `spec.authentication`: who may connect from where (pg_hba.conf). */
import { atomicList, intOrString, map, object, string } from '../schema/builders.ts';
import { identifier } from './shared.ts';

const word = { pattern: '^[-a-z0-9]+$', minLength: 1, maxLength: 20 } as const;

const rule = object(
  '',
  {
    hba: string('A whole line of pg_hba.conf, in place of all other fields.', {
      pattern: '^[[:print:]]+$',
      minLength: 1,
      maxLength: 100,
      rules: [{ rule: "!self.trim().startsWith('include')", message: 'other files cannot be included' }],
    }),
    connection: string('Kind of connection: local, host, hostssl, hostnossl, hostgssenc or hostnogssenc.', word),
    databases: atomicList('Databases the rule is for; empty: all. The words of pg_hba.conf (sameuser, replication, …) work.', identifier, {
      maxItems: 20,
    }),
    users: atomicList('Roles the rule is for; empty: all.', identifier, { maxItems: 20 }),
    method: string(
      'How the client proves who it is: scram-sha-256, cert, ldap, …; reject refuses it. password is carried out as scram-sha-256.',
      {
        ...word,
        rules: [{ rule: "self != 'trust'", message: 'trust would let in anybody' }],
      },
    ),
    options: map('Options of the method, as in pg_hba.conf.', intOrString(''), { mapType: 'atomic', maxProperties: 20 }),
  },
  {
    mapType: 'atomic',
    rules: [
      {
        rule: 'has(self.hba) != (has(self.connection) || has(self.databases) || has(self.method) || has(self.options) || has(self.users))',
        message: 'give either hba or the other fields, not both',
      },
      {
        rule: 'has(self.hba) || (has(self.connection) && has(self.method))',
        message: 'connection and method are required',
        reason: 'FieldValueRequired',
      },
      {
        rule: "has(self.hba) || !has(self.method) || self.method != 'ldap' || (has(self.options) && ['ldapbasedn', 'ldapprefix', 'ldapsuffix'].exists(k, k in self.options))",
        message: 'method ldap needs option ldapbasedn, ldapprefix or ldapsuffix',
      },
      {
        rule: "has(self.hba) || !has(self.method) || self.method != 'ldap' || !has(self.options) || !['ldapprefix', 'ldapsuffix'].exists(k, k in self.options) || !['ldapbasedn', 'ldapbinddn', 'ldapbindpasswd', 'ldapsearchattribute', 'ldapsearchfilter'].exists(k, k in self.options)",
        message:
          'method ldap either searches (ldapbasedn, ldapbinddn, ldapbindpasswd, ldapsearchattribute, ldapsearchfilter) or builds the name (ldapprefix, ldapsuffix), not both',
      },
      {
        rule: "has(self.hba) || !has(self.method) || self.method != 'radius' || (has(self.options) && ['radiusservers', 'radiussecrets'].all(k, k in self.options))",
        message: 'method radius needs options radiusservers and radiussecrets',
      },
    ],
  },
);

export const authentication = object('Who may connect, and how.', {
  rules: atomicList(
    'Rules of pg_hba.conf, the first that fits decides. They come after those that the operator needs and before those of patroni.dynamicConfiguration.',
    rule,
    { maxItems: 10 },
  ),
});
