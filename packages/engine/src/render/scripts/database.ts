/**
 * What the database container runs: Patroni, and beside it an eye on the postmaster.
 *
 * Patroni looks at PostgreSQL once in a sync period, so that a postmaster that was killed would stay dead for up to ten seconds. Bash sees its
 * end within a fifth of a second, by builtins alone, and makes Patroni look at once. What Patroni then does is its own business. A postmaster
 * that stops in order removes its file and wakes nobody.
 */
import { patroniClient } from './handover.ts';

/**
 * Python 3 that makes Patroni look now: a change of the configuration that changes nothing wakes its loop (patroni/api.py, do_PATCH_config, 3.0
 * to 4.1). Same parameters as the handover.
 */
export const wake = `
${patroniClient}


try:
    status, _ = ask("PATCH", "/config", {"pgherd": None})
    print(f"the postmaster of {member} is gone; asked Patroni to look: {status}")
except Exception as problem:
    print(f"the postmaster of {member} is gone; Patroni cannot be asked to look: {problem}")
`.trim();

/** Parameters: Patroni's configuration, seconds between looks, the program that wakes Patroni, its parameters. Environment: PGDATA. */
export const database = String.raw`
configuration=$1 interval=$2
shift 2
# A zombie has no command line.
is_alive() { local command=; { read -r -d '' command < "/proc/$1/cmdline"; } 2>/dev/null || :; [ -n "$command" ]; }
watch_postmaster() {
  local running= named pause
  exec {pause}<> <(:)
  # That process is Patroni by then; without it there is nothing to watch for.
  while [ -d "/proc/$patroni" ]; do
    read -r -t "$interval" -u "$pause" || :
    named=
    { read -r named < "$PGDATA/postmaster.pid"; } 2>/dev/null || :
    if [ -n "$named" ] && is_alive "$named"; then
      running=$named
    elif [ -n "$running" ]; then
      if [ "$named" = "$running" ]; then python3 -c "$@" || :; fi
      running=
    fi
  done
}
# Not the shell's own variable for it, two dollar signs: Kubernetes makes one of them in a command.
patroni=$BASHPID
watch_postmaster "$@" &
exec patroni "$configuration"
`;
