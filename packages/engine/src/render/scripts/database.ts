/**
 * What the database container runs: Patroni, and beside it an eye on the postmaster.
 *
 * Patroni looks at PostgreSQL once in a sync period. So a postmaster that was killed would stay dead for up to ten seconds, and a standby that streams
 * would count as one that does not for as long. Bash sees both within a tenth of a second, by builtins alone, and makes Patroni look at once. What
 * Patroni then does is its own business. A postmaster that stops in order removes its file and wakes nobody.
 */
import { patroniClient } from './handover.ts';

/**
 * Python 3 that makes Patroni look now: a change of the configuration that changes nothing wakes its loop (patroni/api.py, do_PATCH_config, 3.0
 * to 4.1). Same parameters as the handover, and why.
 */
export const wake = `
${patroniClient}


try:
    status, _ = ask("PATCH", "/config", {"pgherd": None})
    print(f"{member}: {sys.argv[6]}; asked Patroni to look: {status}")
except Exception as problem:
    print(f"{member}: {sys.argv[6]}; Patroni cannot be asked to look: {problem}")
`.trim();

/**
 * Parameters: Patroni's configuration, where to put the program that says whether the server takes connections, the program, seconds between
 * looks, the program that wakes Patroni, its parameters. Environment: PGDATA.
 */
export const database = String.raw`
configuration=$1 is_ready=$2 is_ready_program=$3 interval=$4
shift 4
# Patroni makes do with PostgreSQL's own; then a start takes longer.
if printf %s "$is_ready_program" > "$is_ready.new" && chmod 0755 "$is_ready.new" && mv --no-target-directory "$is_ready.new" "$is_ready"; then
  export PATRONI_POSTGRESQL_BIN_PG_ISREADY=$is_ready
fi
# A zombie has no command line.
is_alive() { local command=; { read -r -d '' command < "/proc/$1/cmdline"; } 2>/dev/null || :; [ -n "$command" ]; }
# By a postmaster's processes (src/backend/postmaster, 13 to 18): a standby that asks for WAL has a walreceiver, and only a primary a walwriter.
role_of() {
  local children= child title
  { read -r children < "/proc/$1/task/$1/children"; } 2>/dev/null || :
  for child in $children; do
    title=
    { read -r -d '' title < "/proc/$child/cmdline"; } 2>/dev/null || :
    case $title in
      postgres:*walreceiver*) role=standby; return ;;
      postgres:*walwriter*) role=primary; return ;;
    esac
  done
  role=
}
watch_postmaster() {
  local running= known= role= before= named pause
  exec {pause}<> <(:)
  # That process is Patroni by then; without it there is nothing to watch for.
  while [ -d "/proc/$patroni" ]; do
    read -r -t "$interval" -u "$pause" || :
    named=
    { read -r named < "$PGDATA/postmaster.pid"; } 2>/dev/null || :
    if [ -n "$named" ] && is_alive "$named"; then
      running=$named
      if [ "$known" != "$running" ]; then
        before=$role
        role_of "$running"
        # It streams a moment after it was started: it is told of at the second look.
        if [ -n "$role" ] && [ "$role" = "$before" ]; then
          known=$running role=
          if [ "$before" = standby ]; then python3 -ISc "$@" "it receives WAL" || :; fi
        fi
      fi
    elif [ -n "$running" ]; then
      if [ "$named" = "$running" ]; then python3 -ISc "$@" "the postmaster is gone" || :; fi
      running=
    fi
  done
}
# Not the shell's own variable for it, two dollar signs: Kubernetes makes one of them in a command.
patroni=$BASHPID
watch_postmaster "$@" &
exec patroni "$configuration"
`;
