/** What every script for psql has in common: literals, settings of a session, and the way into another database. */

/** A standard-conforming SQL literal. */
export const sqlLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/**
 * A script begins with these, and so does each connection that it makes.
 *
 * A statement may hold a verifier, so nothing may keep its text: no log, no sample of one, no statistics, no plan, and not the activity that a
 * crash or a deadlock writes to the log. Settings of extensions exist even where these are not loaded; those that PostgreSQL got later are set
 * only where they are (12: log_transaction_sample_rate, 13: log_min_duration_sample). Without `local`, a statement waits for a synchronous
 * standby that may not be there yet.
 */
export const sessionSettings = String.raw`\set VERBOSITY terse
\set SHOW_CONTEXT never
SET track_activities TO off;
SET standard_conforming_strings TO on;
SET search_path TO '';
SET client_encoding TO 'UTF8';
SET synchronous_commit TO local;
SET log_statement TO 'none';
SET log_min_duration_statement TO -1;
SET log_min_error_statement TO panic;
SET pgaudit.log TO 'none';
SET pg_stat_statements.track TO 'none';
SET auto_explain.log_min_duration TO -1;
SELECT pg_catalog.set_config(wanted.name, wanted.value, false)
FROM (VALUES ('log_min_duration_sample', '-1'), ('log_transaction_sample_rate', '0')) AS wanted (name, value)
JOIN pg_catalog.pg_settings USING (name)
\g /dev/null
`;

/** On standard output, before the name of a database in which extension pgaudit could not be made. */
export const withoutAuditMark = 'without pgaudit: ';

/**
 * A script that runs in another database, if that takes connections; `otherwise` where it takes none. Ends connected to it. A connection that fails
 * would end psql, and one to a database whose removal was interrupted always does.
 */
export const inDatabase = (database: string, statements: string, otherwise = ''): string => {
  const name = sqlLiteral(database);
  return String.raw`SELECT pg_catalog.count(*) > 0 AS connectable,
  pg_catalog.concat('dbname=''', pg_catalog.max(pg_catalog.replace(pg_catalog.replace(datname::text, '\', '\\'), '''', '\''')), '''') AS target
FROM pg_catalog.pg_database WHERE datname::text = ${name} AND datallowconn AND datconnlimit <> -2
\gset
\if :connectable
\connect :"target"
${sessionSettings}${statements}${otherwise === '' ? '' : `\\else\n${otherwise}`}\endif
`;
};

/**
 * Makes extension pgaudit, where the image has it, in these databases and in the one that new ones are copied from: with its event triggers the
 * audit names what a DDL statement changed. Ends connected to another database. What fails is marked and fails nothing else.
 */
export const auditExtension = (databases: readonly string[]): string =>
  [...new Set(['postgres', ...databases, 'template1'])]
    .map((database) =>
      inDatabase(
        database,
        String.raw`SELECT 'CREATE EXTENSION pgaudit SCHEMA public'
WHERE EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'pgaudit' AND installed_version IS NULL)
  AND pg_catalog.to_regnamespace('public') IS NOT NULL
\gexec
\if :ERROR
\echo '${withoutAuditMark}':DBNAME
\endif
`,
      ),
    )
    .join('');
