/** Commands by which PostgreSQL and the operator use pgBackRest. */
import type { BackupSettings } from '../../model/cluster.ts';
import { podOf } from '../../model/members.ts';
import type { Profile } from '../../model/profile.ts';
import { bashCommand } from '../programs.ts';
import { configurationDirectory, configurationKeys, serverPort } from './layout.ts';

/** PostgreSQL's `archive_command`. */
export const archiveCommand = (stanza: string): string => `pgbackrest --stanza=${stanza} archive-push "%p"`;

/** Seconds for a connection to the repository host. One on the same network answers in milliseconds. */
const connectSeconds = 1;

/** Seconds for which a repository host that did not answer is not asked again. */
const absentSeconds = 5;

/** Seconds for which nothing of a segment that was received from a primary in its end is looked for elsewhere. */
const receivedSeconds = 5;

/**
 * The beginning of `restore_command`: what a standby received to the end is not in the archive either. A primary that shuts down ends its segment and
 * begins another one with the record of its shutdown as its last. The standby that is about to be promoted then asks the archive for that one again
 * and again, and PostgreSQL hears of its promotion only when pgBackRest has answered: a third of a second in which nobody is served. Only for some
 * seconds, so that one which starts again and goes on in that segment is found in the archive.
 */
const unlessReceivedToTheEnd = [
  `if [ -n "$(find pg_wal/%f -newermt "-${receivedSeconds} seconds" 2>/dev/null)" ]`,
  `&& "$(dirname "$(readlink /proc/$PPID/exe)")/pg_waldump" -n 20 pg_wal/%f 2>/dev/null | tail -n 1 | grep -q CHECKPOINT_SHUTDOWN`,
].join(' ');

/**
 * PostgreSQL's `restore_command`.
 *
 * A standby that is promoted runs it four times one after the other (PostgreSQL 15, observed): twice for the segment that it stopped in,
 * then for the history files of the new timeline and of its own. pgBackRest waits a minute and longer in each for a host that does not
 * answer, so a promotion takes minutes when node and repository host are lost together. Hence a connection is tried first; where none
 * comes about, the answer is "not in the archive", for some seconds without trying. PostgreSQL then goes on with the WAL that it has,
 * which is right: Patroni promotes no member that received less than another one that it can reach, and a standby that misses WAL asks
 * again every few seconds. Status 1 says just that; above 125 it would end the recovery. A restore to a point in time must not use this
 * command: there an unanswered question would be taken for the end of the archive.
 *
 * @param host of the repositories; undefined: pgBackRest is asked without looking first.
 */
export const restoreCommand = (stanza: string, host: string | undefined): string => {
  const get = `pgbackrest --stanza=${stanza} archive-get %f "%p"`;
  const received = `${unlessReceivedToTheEnd}; then exit 1; fi`;
  if (host === undefined) return `${received}; exec ${get}`;
  const mark = '/tmp/repository-host-absent';
  return [
    received,
    `if [ -n "$(find ${mark} -newermt "-${absentSeconds} seconds" 2>/dev/null)" ]; then exit 1; fi`,
    `timeout ${connectSeconds} bash -c "exec 3<>/dev/tcp/${host}/${serverPort}" 2>/dev/null || { touch ${mark}; exit 1; }`,
    `exec ${get}`,
  ].join('; ');
};

/** The host that all repositories are behind; undefined where the owner's own options put one elsewhere. */
export const commonRepositoryHost = (
  { names }: Pick<Profile, 'names'>,
  cluster: string,
  global: BackupSettings['global'],
): string | undefined =>
  Object.keys(global).some((option) => /^repo\d+-(type|host.*)$/.test(option))
    ? undefined
    : `${podOf(names.repositoryHost(cluster))}.${names.podService(cluster)}`;

/**
 * Creates the stanza. Safe to repeat. A stanza of another database stays that database's: `stanza-upgrade` would make it ours, and its backups
 * would expire by our retention. It fails while the member has not yet the configuration
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
status=0
output=$(pgbackrest stanza-create --stanza="$stanza" 2>&1) || status=$?
if [ "$status" = 0 ]; then
  printf '%s\n' "$output"
  exit 0
fi
case "$output" in
  *'not match the database'*)
    echo "The repository holds the backups of another database (another system identifier): choose another repository, or delete its volume" >&2 ;;
esac
printf '%s\n' "$output" >&2
exit "$status"
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
