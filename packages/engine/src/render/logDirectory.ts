/** Where PostgreSQL's own log files go. */
import type { Cluster } from '../model/cluster.ts';

/**
 * The directory of `log_directory` when it is another than the usual one and has to be made before the server starts: PostgreSQL makes the
 * last level only (PostgreSQL 17, postmaster/syslogger.c). Below the data directory, and the one for WAL, nothing may be made: initdb insists
 * on empty ones, and a relative path is below the data directory, too.
 */
export const logDirectoryToMake = ({ postgres, profile: { paths } }: Cluster): string | undefined => {
  const directory = postgres.parameters['log_directory'];
  if (directory === undefined || !directory.startsWith('/') || directory === paths.logDirectory) return undefined;
  const empty = [
    paths.dataDirectory(postgres.majorVersion),
    paths.walDirectory(postgres.majorVersion, false),
    paths.walDirectory(postgres.majorVersion, true),
  ];
  return empty.some((path) => `${directory}/`.startsWith(`${path}/`)) ? undefined : directory;
};
