/** Statements that bring the inside of a database to what is asked for: schemas, who may do what in them, and extensions. */
import type { DatabaseIntent, SchemaIntent } from './model/cluster.ts';
import { sqlLiteral } from './sql.ts';

/** Privileges on what owners make, by the type of object as pg_default_acl has it. */
const defaultPrivileges = [
  { objects: 'TABLES', type: 'r', reader: ['SELECT'], writer: ['INSERT', 'UPDATE', 'DELETE'] },
  { objects: 'SEQUENCES', type: 'S', reader: ['SELECT'], writer: ['USAGE', 'UPDATE'] },
  { objects: 'FUNCTIONS', type: 'f', reader: ['EXECUTE'], writer: ['EXECUTE'] },
  { objects: 'TYPES', type: 'T', reader: ['USAGE'], writer: ['USAGE'] },
] as const;

const schemaStatements = ({ name, owner, keepsOwner, readers, writers, creators }: SchemaIntent): readonly string[] => {
  const [schema, owns] = [sqlLiteral(name), sqlLiteral(owner)];
  const given = (role: string, creator: string, objects: string, type: string, privileges: readonly string[]): readonly string[] =>
    privileges.map(
      (
        privilege,
      ) => `SELECT pg_catalog.format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT ${privilege} ON ${objects} TO %I', ${sqlLiteral(creator)}, ${schema}, ${sqlLiteral(role)})
WHERE NOT EXISTS (
  SELECT FROM pg_catalog.pg_default_acl AS defaults
  CROSS JOIN LATERAL pg_catalog.aclexplode(defaults.defaclacl) AS acl
  WHERE defaults.defaclobjtype = '${type}' AND acl.privilege_type = '${privilege}'
    AND pg_catalog.pg_get_userbyid(defaults.defaclrole)::text = ${sqlLiteral(creator)}
    AND pg_catalog.pg_get_userbyid(acl.grantee)::text = ${sqlLiteral(role)}
    AND defaults.defaclnamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident(${schema}))
)`,
    );
  return [
    `SELECT pg_catalog.format('CREATE SCHEMA %I AUTHORIZATION %I', ${schema}, ${owns})
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname::text = ${schema})`,
    ...(keepsOwner === true
      ? []
      : [
          `SELECT pg_catalog.format('ALTER SCHEMA %I OWNER TO %I', ${schema}, ${owns})
WHERE EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname::text = ${schema} AND pg_catalog.pg_get_userbyid(nspowner)::text <> ${owns})`,
        ]),
    ...[...new Set([...readers, ...writers])].map(
      (role) => `SELECT pg_catalog.format('GRANT USAGE ON SCHEMA %I TO %I', ${schema}, ${sqlLiteral(role)})
WHERE NOT EXISTS (
  SELECT FROM pg_catalog.pg_namespace
  CROSS JOIN LATERAL pg_catalog.aclexplode(nspacl) AS acl
  WHERE nspname::text = ${schema} AND acl.privilege_type = 'USAGE' AND pg_catalog.pg_get_userbyid(acl.grantee)::text = ${sqlLiteral(role)}
)`,
    ),
    ...creators.flatMap((creator) =>
      defaultPrivileges.flatMap(({ objects, type, reader, writer }) => [
        ...readers.flatMap((role) => given(role, creator, objects, type, reader)),
        ...writers.flatMap((role) => given(role, creator, objects, type, writer)),
      ]),
    ),
  ];
};

/** They are in every database unless somebody takes them away. */
const usualSchemas = ['public', 'pg_catalog'];

/** `waits`: nothing is done before the schema is there. */
const extensionStatements = (name: string, schema: string, waits: boolean): readonly string[] => {
  const [extension, place] = [sqlLiteral(name), sqlLiteral(schema)];
  const onceThere = waits ? `\nAND EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname::text = ${place})` : '';
  return [
    `SELECT pg_catalog.format('CREATE EXTENSION %I SCHEMA %I CASCADE', ${extension}, ${place})
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname::text = ${extension})${onceThere}`,
    `SELECT pg_catalog.format('ALTER EXTENSION %I SET SCHEMA %I', ${extension}, ${place})
WHERE EXISTS (
  SELECT FROM pg_catalog.pg_extension JOIN pg_catalog.pg_namespace ON pg_namespace.oid = extnamespace
  WHERE extname::text = ${extension} AND nspname::text <> ${place}
)${onceThere}`,
  ];
};

/** Queries, to be run in the database, whose rows are the statements that are still to be executed. */
export const databaseStatements = ({ schemas, extensions }: DatabaseIntent): readonly string[] => {
  const expected = new Set([...usualSchemas, ...schemas.map(({ name }) => name)]);
  return [
    ...schemas.flatMap(schemaStatements),
    ...extensions.flatMap(({ name, schema }) => extensionStatements(name, schema, !expected.has(schema))),
  ];
};
