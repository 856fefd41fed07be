/**
 * Questions and commands to PostgreSQL and pgBackRest: what is run, what goes in, and what comes out.
 *
 * All SQL goes through psql in the database container, as the operating system's user and over the socket. Names are never pasted into
 * statements: they travel as literals and become identifiers by format('%I'). Secret values travel as psql variables that act sets. Messages
 * are terse, because psql's longer ones repeat the statement, and a statement may hold a verifier.
 */
import type { ExecTarget, ProgramInput } from './decision.ts';
import type { Cluster, DatabaseIntent, UserIntent } from './model/cluster.ts';
import type { Member } from './model/members.ts';
import { bashCommand } from './render/programs.ts';
import { databaseStatements } from './privileges.ts';
import { auditExtension, inDatabase, sessionSettings, sqlLiteral } from './sql.ts';

/** What a parser could not read. */
export class UnreadableOutput extends Error {
  readonly code = 'UnreadableOutput';
  readonly retryable = true;
  constructor(reading: string, options?: ErrorOptions) {
    super(`the answer to reading ${reading} has an unexpected form; see the log of the database container`, options);
    this.name = 'UnreadableOutput';
  }
}

class UnexpectedForm extends Error {}

/** Makes the value of a reading from a program's output; `fingerprint` replaces secret values. Throws UnexpectedForm. */
type ReadingParser = (output: string, fingerprint: (text: string) => string) => unknown;

/** Attributes of a role by the words that turn them on. */
export type RoleAttributes = Readonly<
  Record<'SUPERUSER' | 'CREATEROLE' | 'CREATEDB' | 'LOGIN' | 'REPLICATION' | 'BYPASSRLS' | 'INHERIT', boolean>
>;

export interface ReadRole {
  readonly name: string;
  /** Undefined: the role has no password. */
  readonly verifierFingerprint: string | undefined;
  readonly attributes: RoleAttributes;
  /** -1: no limit. */
  readonly connectionLimit: number;
}

/** Value of reading `roles`: of the roles and databases that were asked for, those that exist. */
export interface RolesReading {
  /** `17.6` */
  readonly serverVersion: string;
  /** The server replays WAL: it takes no statements that change anything. */
  readonly recovering: boolean;
  readonly roles: readonly ReadRole[];
  readonly databases: readonly { readonly name: string; readonly owner: string }[];
  /** Pairs in which the role was granted every privilege on the database. */
  readonly grants: readonly { readonly role: string; readonly database: string }[];
  /** Of memberships, of settings and of what is inside of databases, the statements that would still change something. No secret is in them. */
  readonly remaining: readonly RemainingStatements[];
}

interface RemainingStatements {
  /** `undefined`: they belong to no single one. */
  readonly database: string | undefined;
  readonly statements: readonly string[];
}

/** psql that reads statements from standard input, with no start-up file and no prompt for a password. */
export const psql = (majorVersion: number): readonly string[] =>
  bashCommand('exec psql -X -w --quiet --no-align --tuples-only --dbname=postgres --file=-', 'psql', majorVersion);

/** The database container of a member's pod. */
export const databaseOf = (cluster: Cluster, member: Member): ExecTarget => ({
  namespace: cluster.identity.namespace,
  pod: member.pod,
  podUid: member.podObject?.metadata.uid ?? '',
  container: cluster.profile.containers.database,
});

/** Columns of pg_authid. */
const attributeColumns: Readonly<Record<keyof RoleAttributes, string>> = {
  SUPERUSER: 'rolsuper',
  CREATEROLE: 'rolcreaterole',
  CREATEDB: 'rolcreatedb',
  LOGIN: 'rolcanlogin',
  REPLICATION: 'rolreplication',
  BYPASSRLS: 'rolbypassrls',
  INHERIT: 'rolinherit',
};
const attributes = Object.entries(attributeColumns);

/** Who may do what to the database of a row, a row each. */
const databaseAcl = `CROSS JOIN LATERAL pg_catalog.aclexplode(COALESCE(datacl, pg_catalog.acldefault('d', datdba))) AS acl`;
/** CREATE, CONNECT and TEMPORARY. */
const databasePrivileges = 3;

/** Queries whose rows are the statements that still have to be executed for what a role is a member of, and for its settings. */
const membershipQueries = (intent: UserIntent): readonly string[] => {
  const name = sqlLiteral(intent.name);
  const memberships = intent.memberOf.map(({ role, withAdmin }) => {
    const granted = sqlLiteral(role);
    return (
      `SELECT pg_catalog.format('GRANT %I TO %I${withAdmin ? ' WITH ADMIN OPTION' : ''}', ${granted}, ${name})\n` +
      `WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members WHERE pg_catalog.pg_get_userbyid(roleid)::text = ${granted} AND pg_catalog.pg_get_userbyid(member)::text = ${name}${withAdmin ? ' AND admin_option' : ''})`
    );
  });
  const settings = Object.entries(intent.settings).map(([setting, value]) => {
    const elements = value.map(sqlLiteral);
    // As PostgreSQL writes a list down: identifiers, quoted where they have to be.
    const written = elements.map((element) => `pg_catalog.quote_ident(${element})`).join(` || ', ' || `);
    return (
      `SELECT pg_catalog.format('ALTER ROLE %I SET %I TO ${elements.map(() => '%L').join(', ')}', ${name}, ${sqlLiteral(setting)}, ${elements.join(', ')})\n` +
      `WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_db_role_setting WHERE setdatabase = 0 AND pg_catalog.pg_get_userbyid(setrole)::text = ${name} AND ${sqlLiteral(`${setting}=`)} || ${written} = ANY (setconfig))`
    );
  });
  return [...memberships, ...settings];
};

/** PostgreSQL nests the parts of a UNION, and how deep it can is limited. */
const queriesAtOnce = 100;

/** Asks which statements such queries give: JSON objects, a line each. */
const remainingQuestion = (database: string | undefined, queries: readonly string[]): string =>
  Array.from({ length: Math.ceil(queries.length / queriesAtOnce) }, (_, index) => {
    const asked = queries.slice(index * queriesAtOnce, (index + 1) * queriesAtOnce).join('\nUNION ALL\n');
    const name = database === undefined ? 'NULL' : sqlLiteral(database);
    return `SELECT pg_catalog.json_build_object('database', ${name}::text, 'statements', COALESCE(pg_catalog.json_agg(statement), '[]'))
FROM (
${asked}
) AS remaining (statement);
`;
  }).join('');

/**
 * Asks which of these roles and databases exist, and in what form, and what of the script would still change something. JSON objects come out, a
 * line each: the first one is of all roles and databases.
 */
export const rolesQuestion = (users: readonly UserIntent[], databases: readonly DatabaseIntent[]): ProgramInput => {
  const roleNames = sqlLiteral(JSON.stringify(users.map(({ name }) => name)));
  const databaseNames = sqlLiteral(
    JSON.stringify([...new Set([...databases.map(({ name }) => name), ...users.flatMap((user) => user.databases)])]),
  );
  return {
    variables: {},
    text: `\\set ON_ERROR_STOP on
${sessionSettings}
WITH
  wanted_role AS (SELECT pg_catalog.json_array_elements_text(${roleNames}) AS name),
  wanted_database AS (SELECT pg_catalog.json_array_elements_text(${databaseNames}) AS name),
  role AS (SELECT authid.* FROM pg_catalog.pg_authid AS authid JOIN wanted_role ON rolname::text = wanted_role.name),
  database AS (SELECT datname::text AS name, datdba, datacl FROM pg_catalog.pg_database JOIN wanted_database ON datname::text = wanted_database.name),
  granted AS (
    SELECT role.rolname::text AS role, database.name AS database
    FROM database
    ${databaseAcl}
    JOIN role ON role.oid = acl.grantee
    GROUP BY 1, 2
    HAVING pg_catalog.count(DISTINCT acl.privilege_type) = ${databasePrivileges}
  )
SELECT pg_catalog.json_build_object(
  'serverVersion', pg_catalog.current_setting('server_version'),
  'recovering', pg_catalog.pg_is_in_recovery(),
  'roles', (SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', rolname::text, 'verifier', rolpassword, 'connectionLimit', rolconnlimit,
      ${attributes.map(([name, column]) => `'${name}', ${column}`).join(', ')}) ORDER BY rolname::text COLLATE "C"), '[]') FROM role),
  'databases', (SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_object('name', name, 'owner', pg_catalog.pg_get_userbyid(datdba)::text)
      ORDER BY name COLLATE "C"), '[]') FROM database),
  'grants', (SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_object('role', role, 'database', database)
      ORDER BY role COLLATE "C", database COLLATE "C"), '[]') FROM granted)
);
${remainingQuestion(undefined, users.flatMap(membershipQueries))}${databases
      .map((database) => ({ name: database.name, queries: databaseStatements(database) }))
      .filter(({ queries }) => queries.length > 0)
      .map(({ name, queries }) => inDatabase(name, remainingQuestion(name, queries)))
      .join('')}`,
  };
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;

const textOf = (value: unknown): string => {
  if (typeof value !== 'string') throw new UnexpectedForm();
  return value;
};

const listOf = (value: unknown): readonly unknown[] => {
  if (!Array.isArray(value)) throw new UnexpectedForm();
  return value;
};

const recordOf = (value: unknown): Readonly<Record<string, unknown>> => {
  if (!isRecord(value)) throw new UnexpectedForm();
  return value;
};

/** Lines of JSON objects; there is at least one. */
const objectsIn = (output: string): readonly Readonly<Record<string, unknown>>[] =>
  output
    .trim()
    .split('\n')
    .map((line) => {
      let parsed: unknown;
      try {
        parsed = JSON.parse(line);
      } catch {
        // Without the cause: its message would quote the output, and that holds verifiers.
        throw new UnexpectedForm();
      }
      return recordOf(parsed);
    });

const remainingIn = (lines: readonly Readonly<Record<string, unknown>>[]): readonly RemainingStatements[] => {
  const byDatabase = new Map<string | undefined, readonly string[]>();
  for (const line of lines) {
    const database = line['database'] === null ? undefined : textOf(line['database']);
    const statements = listOf(line['statements']).map(textOf);
    if (statements.length > 0) byDatabase.set(database, [...(byDatabase.get(database) ?? []), ...statements]);
  }
  return [...byDatabase].map(([database, statements]) => ({ database, statements }));
};

const parseRoles = (output: string, fingerprint: (text: string) => string): RolesReading => {
  const [answer = {}, ...lines] = objectsIn(output);
  return {
    // "17.6 (Debian 17.6-1.pgdg13+1)": the packager's part is no version of PostgreSQL.
    serverVersion: textOf(answer['serverVersion']).split(' ', 1)[0] ?? '',
    recovering: answer['recovering'] === true,
    roles: listOf(answer['roles']).map((item) => {
      const role = recordOf(item);
      const verifier = role['verifier'];
      return {
        name: textOf(role['name']),
        verifierFingerprint: typeof verifier === 'string' ? fingerprint(verifier) : undefined,
        attributes: Object.fromEntries(attributes.map(([name]) => [name, role[name] === true])) as unknown as RoleAttributes,
        connectionLimit: typeof role['connectionLimit'] === 'number' ? role['connectionLimit'] : -1,
      };
    }),
    databases: listOf(answer['databases']).map((item) => {
      const database = recordOf(item);
      return { name: textOf(database['name']), owner: textOf(database['owner']) };
    }),
    grants: listOf(answer['grants']).map((item) => {
      const grant = recordOf(item);
      return { role: textOf(grant['role']), database: textOf(grant['database']) };
    }),
    remaining: remainingIn(lines),
  };
};

/** Of a setting that was asked for, what the server has of it. */
export interface ReadSetting {
  readonly name: string;
  /** The value in the server's files that counts; undefined: they do not have it. */
  readonly written: string | undefined;
  /** Written by `ALTER SYSTEM`. */
  readonly isByHand: boolean;
  /** The server does not take what is written. */
  readonly hasError: boolean;
  /** It takes it at its next start. */
  readonly isPending: boolean;
  /** Of a number that names none, such as `8kB` or `ms`. */
  readonly unit: string | undefined;
  readonly inForce: string | undefined;
}

/** Asks what became of settings with these names: a JSON object a line, in no order. */
export const settingsQuestion = (names: readonly string[]): ProgramInput => ({
  variables: {},
  text: `\\set ON_ERROR_STOP on
${sessionSettings}
SELECT pg_catalog.json_build_object(
  'name', wanted.name, 'written', file.setting, 'isByHand', file.sourcefile LIKE '%/postgresql.auto.conf', 'hasError', file.error IS NOT NULL,
  'isPending', settings.pending_restart, 'unit', settings.unit, 'inForce', pg_catalog.current_setting(wanted.name, true))
FROM pg_catalog.json_array_elements_text(${sqlLiteral(JSON.stringify(names))}) AS wanted (name)
LEFT JOIN (
  SELECT DISTINCT ON (pg_catalog.lower(name)) pg_catalog.lower(name) AS name, setting, sourcefile, error
  FROM pg_catalog.pg_file_settings WHERE name IS NOT NULL ORDER BY pg_catalog.lower(name), seqno DESC
) AS file ON file.name = pg_catalog.lower(wanted.name)
LEFT JOIN pg_catalog.pg_settings AS settings ON pg_catalog.lower(settings.name) = pg_catalog.lower(wanted.name);
`,
});

/** Makes a checkpoint, and gives how long it took, in milliseconds. */
export const checkpointScript: ProgramInput = {
  variables: {},
  text: `\\set ON_ERROR_STOP on
SELECT pg_catalog.clock_timestamp() AS began
\\gset
CHECKPOINT;
SELECT round(extract(epoch FROM pg_catalog.clock_timestamp() - :'began'::timestamptz) * 1000);
`,
};

const parseSettings = (output: string): readonly ReadSetting[] =>
  objectsIn(output).map((line) => {
    const textIn = (key: string): string | undefined => (typeof line[key] === 'string' ? line[key] : undefined);
    return {
      name: textOf(line['name']),
      written: textIn('written'),
      isByHand: line['isByHand'] === true,
      hasError: line['hasError'] === true,
      isPending: line['isPending'] === true,
      unit: textIn('unit'),
      inForce: textIn('inForce'),
    };
  });

/** Parsers by the name in a ReadingRequest. */
const parsers: Readonly<Record<string, ReadingParser>> = { roles: parseRoles, settings: parseSettings };

/** The value of a reading from what its program wrote. Throws UnreadableOutput. */
export const parseReading = (parser: string, output: string, fingerprint: (text: string) => string): unknown => {
  const parse = parsers[parser];
  if (parse === undefined) throw new UnreadableOutput(parser);
  try {
    return parse(output, fingerprint);
  } catch (error) {
    if (error instanceof UnexpectedForm) throw new UnreadableOutput(parser);
    throw error;
  }
};

/** A user with the Secret that holds the verifier of its password; `undefined`: it has none. */
export interface UserWithSecret {
  readonly intent: UserIntent;
  readonly secret: string | undefined;
}

/** A condition on pg_authid that holds while the option is not in force; `undefined`: none can tell. */
const optionIsMissing = (option: string): string | undefined => {
  for (const [attribute, column] of attributes) {
    if (option === attribute) return `NOT ${column}`;
    if (option === `NO${attribute}`) return column;
  }
  const [, limit] = /^CONNECTION LIMIT (-?\d+)$/.exec(option) ?? [];
  if (limit !== undefined) return `rolconnlimit <> ${limit}`;
  const [, until] = /^VALID UNTIL ('(?:[^']|'')*')$/.exec(option) ?? [];
  return until === undefined ? undefined : `rolvaliduntil IS DISTINCT FROM ${until}::pg_catalog.timestamptz`;
};

const optionsQuery = ({ name, options }: UserIntent): string => {
  const missing = options.map(optionIsMissing);
  const role = sqlLiteral(name);
  return (
    `SELECT pg_catalog.format('ALTER ROLE %I WITH %s', ${role}, ${sqlLiteral(options.join(' '))})` +
    (missing.includes(undefined)
      ? ''
      : `\nWHERE EXISTS (SELECT FROM pg_catalog.pg_authid WHERE rolname::text = ${role} AND (${missing.join(' OR ')}))`)
  );
};

// A statement that fails is noted and the others go on: one wrong option leaves no other user without a login.
const noteFailure = '\\if :ERROR\n\\set failed true\n\\endif\n';

/**
 * Makes and alters roles and databases until they are as wanted. Can be repeated, and writes only what is not as wanted; nothing is ever dropped.
 * Its output names databases that lack pgaudit.
 */
export const usersScript = (users: readonly UserWithSecret[], databases: readonly DatabaseIntent[], audits: boolean): ProgramInput => {
  const parts: string[] = [`\\set ON_ERROR_STOP off\n\\set failed false\n${sessionSettings}`];
  const perform = (query: string): void => {
    parts.push(`${query}\n\\gexec\n${noteFailure}`);
  };
  const variables: Record<string, { readonly secret: string; readonly key: string }> = {};
  for (const [index, { intent, secret }] of users.entries()) {
    const name = sqlLiteral(intent.name);
    perform(
      `SELECT pg_catalog.format('CREATE ROLE %I', ${name}) WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname::text = ${name})`,
    );
    if (intent.options.length > 0) perform(optionsQuery(intent));
    if (secret === undefined) continue;
    const variable = `verifier_${index}`;
    variables[variable] = { secret, key: 'verifier' };
    perform(
      `SELECT pg_catalog.format('ALTER ROLE %I WITH PASSWORD %L', ${name}, :'${variable}')\n` +
        `WHERE EXISTS (SELECT FROM pg_catalog.pg_authid WHERE rolname::text = ${name} AND rolpassword IS DISTINCT FROM :'${variable}')`,
    );
  }
  for (const { intent } of users) for (const query of membershipQueries(intent)) perform(query);
  for (const { name: database, owner } of databases) {
    const name = sqlLiteral(database);
    perform(
      `SELECT pg_catalog.format('CREATE DATABASE %I', ${name}) WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname::text = ${name})`,
    );
    if (owner === undefined) continue;
    perform(
      `SELECT pg_catalog.format('ALTER DATABASE %I OWNER TO %I', ${name}, ${sqlLiteral(owner)})\n` +
        `WHERE EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname::text = ${name} AND pg_catalog.pg_get_userbyid(datdba)::text <> ${sqlLiteral(owner)})`,
    );
  }
  for (const { intent } of users) {
    for (const database of intent.databases) {
      const [granted, role] = [sqlLiteral(database), sqlLiteral(intent.name)];
      perform(
        `SELECT pg_catalog.format('GRANT ALL PRIVILEGES ON DATABASE %I TO %I', ${granted}, ${role})\n` +
          `WHERE (SELECT pg_catalog.count(DISTINCT acl.privilege_type) FROM pg_catalog.pg_database ${databaseAcl} WHERE datname::text = ${granted} AND pg_catalog.pg_get_userbyid(acl.grantee)::text = ${role}) < ${databasePrivileges}`,
      );
    }
  }
  for (const database of databases) {
    const statements = databaseStatements(database).map((query) => `${query}\n\\gexec\n${noteFailure}`);
    if (statements.length === 0) continue;
    const refusal = sqlLiteral(`database ${database.name} takes no connections, so it cannot be prepared; let it take some, or drop it`);
    parts.push(inDatabase(database.name, statements.join(''), `\\warn ${refusal}\n\\set failed true\n`));
  }
  if (audits) parts.push(auditExtension(databases.map(({ name }) => name)));
  parts.push("\\if :failed\n\\set ON_ERROR_STOP on\nDO 'BEGIN RAISE EXCEPTION ''not every statement succeeded''; END';\n\\endif\n");
  return { text: parts.join(''), variables };
};
