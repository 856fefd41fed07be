/** What every script for psql has in common: literals, and settings of a session. */

/** A standard-conforming SQL literal. */
export const sqlLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/**
 * A script begins with these.
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
