/** Commands by which PostgreSQL and the operator use pgBackRest. */
import { bashCommand } from '../programs.ts';
import { configurationDirectory, configurationKeys, serverPort } from './layout.ts';

/** PostgreSQL's `archive_command`. */
export const archiveCommand = (stanza: string): string => `pgbackrest --stanza=${stanza} archive-push "%p"`;

/** Seconds for a connection to the repository host. One on the same network answers in milliseconds. */
const connectSeconds = 1;

/** Seconds for which a repository host that did not answer is not asked again. */
const absentSeconds = 5;

/**
 * PostgreSQL's `restore_command`.
 *
 * A standby that is promoted asks it several times one after the other: for the segment it stopped in, again when it reads its last record,
 * and for history files of timelines (xlogrecovery.c and timeline.c). pgBackRest waits a minute in each call for a host that does not
 * answer, so a promotion would take minutes when node and repository host were lost together. So a connection is tried first; where
 * none comes about the answer is "not in the archive", at once for some seconds. PostgreSQL then goes on with the WAL that it has, which
 * is right: Patroni only promotes a member that received as much as any other, and a standby that does miss WAL asks again every few
 * seconds. Status 1 means just that; above 125 it would end the recovery. A restore to a point in time must not use this command: there
 * an unanswered question means too early an end.
 *
 * @param host of the repository, when all repositories are behind it; undefined: pgBackRest is asked without looking first.
 */
export const restoreCommand = (stanza: string, host: string | undefined): string => {
  const get = `pgbackrest --stanza=${stanza} archive-get %f "%p"`;
  if (host === undefined) return get;
  const mark = '/tmp/repository-host-absent';
  return [
    `if [ -n "$(find ${mark} -newermt "-${absentSeconds} seconds" 2>/dev/null)" ]; then exit 1; fi`,
    `timeout ${connectSeconds} bash -c "exec 3<>/dev/tcp/${host}/${serverPort}" 2>/dev/null || { touch ${mark}; exit 1; }`,
    `exec ${get}`,
  ].join('; ');
};

/**
 * Creates the stanza, or brings it to the version of the database. Safe to repeat. It fails while the member has not yet the configuration
 * that was meant: the kubelet needs up to a minute to bring a change, and a stanza in yesterday's repository helps nobody.
 */
export const stanzaCreateCommand = (stanza: string, majorVersion: number, configurationHash: string): readonly string[] =>
  bashCommand(
    String.raw`
stanza=$1 wanted=$2 file=$3
found=$(< "$file")
if [ "$found" != "$wanted" ]; then
  echo "The pgBackRest configuration in this pod is $found, not $wanted yet" >&2
  exit 75
fi
pgbackrest stanza-create --stanza="$stanza" || pgbackrest stanza-upgrade --stanza="$stanza"
`,
    'stanza-create',
    majorVersion,
    stanza,
    configurationHash,
    `${configurationDirectory}/${configurationKeys.hash}`,
  );

/** Takes a backup, on the repository host, with the same guard. Further parameters are options of `pgbackrest backup`. */
export const backupCommand = (stanza: string, configurationHash: string, options: readonly string[]): readonly string[] => [
  'bash',
  '-ceu',
  '--',
  String.raw`
stanza=$1 wanted=$2 file=$3
shift 3
found=$(< "$file")
if [ "$found" != "$wanted" ]; then
  echo "The pgBackRest configuration on the repository host is $found, not $wanted yet" >&2
  exit 75
fi
exec pgbackrest backup --stanza="$stanza" "$@"
`.trim(),
  'backup',
  stanza,
  configurationHash,
  `${configurationDirectory}/${configurationKeys.hash}`,
  ...options,
];
