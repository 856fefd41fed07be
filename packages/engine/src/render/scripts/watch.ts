/**
 * Sidecars that carry changed files to running programs: certificates and configuration are renewed while a pod runs.
 *
 * Kubernetes replaces the contents of a mounted Secret or ConfigMap by moving a link in its directory, which changes the directory's
 * time. The wait is bash's own `read`, since a `sleep` every few seconds is a process every few seconds. Signals go to processes by what
 * /proc says of them, so the image needs no further tools.
 */

/**
 * Shell functions. `signal NAME COMMAND` sends SIGHUP to the first process of each family of that name whose command line holds COMMAND:
 * a server's own forks, and other commands of the same program, would take the signal as their end.
 */
const functions = String.raw`
name_of() { local name=; { read -r name < "/proc/$1/comm"; } 2>/dev/null || :; echo "$name"; }
parent_of() { local key value; { while read -r key value; do if [ "$key" = PPid: ]; then echo "$value"; return; fi; done < "/proc/$1/status"; } 2>/dev/null || :; }
command_of() { { tr '\0' ' ' < "/proc/$1/cmdline"; } 2>/dev/null || :; }
signal() {
  local directory process
  for directory in /proc/[0-9]*; do
    process=$(basename -- "$directory")
    if [ "$(name_of "$process")" = "$1" ] && [ "$(name_of "$(parent_of "$process")")" != "$1" ] && [[ "$(command_of "$process")" = *"$2"* ]]; then
      kill -HUP "$process" || :
    fi
  done
}
times() { stat -Lc '%y %n' -- "$@" 2>/dev/null || :; }
exec {pause}<> <(:)
`;

/**
 * Copies the replication certificate where libpq accepts it and makes PostgreSQL and Patroni read their files again.
 *
 * Patroni would read them at its next look, a sync period later at most. A PostgreSQL that breaks before that would stay dead for long: Patroni would
 * first read its files, and try for half of retry_timeout to ask PostgreSQL for its settings (4.0, patroni/postgresql/config.py, reload_config). So
 * it is made to look at once.
 *
 * The first copy tells nobody: it is there for what changed since the pod's first copy was made, and a program that only just starts dies of a
 * signal that it does not handle yet.
 *
 * Parameters: seconds between looks, mounted certificates, where the replication certificate goes, directory of Patroni's configuration,
 * names of PostgreSQL's and of Patroni's program, the program that wakes Patroni, its parameters. Environment: PATRONI_NAME.
 */
export const certificateCopy = String.raw`
interval=$1 certificates=$2 replication=$3 configuration=$4 postgres=$5 patroni=$6
shift 6
${functions}
loaded=
while :; do
  found=$(times "$certificates" "$configuration")
  if [ "$found" != "$loaded" ] &&
    install -D --mode=0600 --target-directory="$replication" -- "$certificates"/replication/tls.crt "$certificates"/replication/tls.key "$certificates"/replication/ca.crt
  then
    if [ -n "$loaded" ]; then
      signal "$postgres" ''
      signal "$patroni" ''
      python3 -ISc "$@" "its files have changed" || :
      echo "Loaded certificates and configuration dated:" "$found"
    fi
    loaded=$found
  fi
  read -r -t "$interval" -u "$pause" || :
done
`;

/**
 * Makes the pgBackRest server read its files again.
 *
 * Parameters: seconds between looks, name of the program, a part of its command line, directories to watch.
 */
export const backupServerWatch = String.raw`
interval=$1 program=$2 command=$3
shift 3
${functions}
loaded=$(times "$@")
while :; do
  read -r -t "$interval" -u "$pause" || :
  found=$(times "$@")
  if [ "$found" != "$loaded" ]; then
    signal "$program" "$command"
    loaded=$found
    echo "Loaded certificates and configuration dated:" "$loaded"
  fi
done
`;
