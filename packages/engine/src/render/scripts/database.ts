import { holdVolume } from './volumeLock.ts';
import { receivesWal } from './wake.ts';

/**
 * What the database container runs: Patroni, and beside it an eye on the postmaster.
 *
 * Patroni looks at PostgreSQL once in a sync period. So a postmaster that was killed would stay dead for up to ten seconds, and a standby that streams
 * would count as one that does not for as long, also when it streams again after its primary was away. Bash sees both within a tenth of a second, by
 * builtins alone, and makes Patroni look at once. What Patroni then does is its own business. A postmaster that stops in order removes its file and wakes
 * nobody.
 *
 * Parameters: Patroni's configuration, the file that is locked on the data volume, where to put the program that says whether the server takes connections, the program, where to put what Python
 * runs at its start, the program, seconds between looks, the program that wakes Patroni, its parameters. Environment: PGDATA.
 */
export const database = String.raw`
${holdVolume}
configuration=$1 lock=$2 is_ready=$3 is_ready_program=$4 python=$5 python_program=$6 interval=$7
shift 7
hold_volume "$lock"
# Patroni makes do with PostgreSQL's own; then a start takes longer.
if printf %s "$is_ready_program" > "$is_ready.new" && chmod 0755 "$is_ready.new" && mv --no-target-directory "$is_ready.new" "$is_ready"; then
  export PATRONI_POSTGRESQL_BIN_PG_ISREADY=$is_ready
fi
# Python makes do without.
if mkdir --parents "$python" && printf %s "$python_program" > "$python/usercustomize.py"; then
  export PYTHONPATH=$python${'${PYTHONPATH:+:$PYTHONPATH}'}
fi
# The process's title, empty where there is none: a zombie has no command line.
title_of() { title=; { read -r -d '' title < "/proc/$1/cmdline"; } 2>/dev/null || :; }
is_alive() { local title; title_of "$1"; [ -n "$title" ]; }
# By a postmaster's processes (src/backend/postmaster, 13 to 18): a standby that asks for WAL has a walreceiver, and only a primary a walwriter.
look_at() {
  local children= child
  role= receiver=
  { read -r children < "/proc/$1/task/$1/children"; } 2>/dev/null || :
  for child in $children; do
    title_of "$child"
    case $title in
      postgres:*walreceiver*) role=standby receiver=$child; return ;;
      postgres:*walwriter*) role=primary; return ;;
    esac
  done
}
# A walreceiver's title says that it streams once WAL has come (src/backend/replication/walreceiver.c). None may come for long: then it counts that
# it is still there. One that is refused, for want of a slot or of a primary, ends before that.
streams() { case $title in *walreceiver*streaming*) return 0 ;; esac; [ "$looks" -ge 10 ]; }
watch_postmaster() {
  local running= role= receiver= told= before= looks=0 title= named pause
  exec {pause}<> <(:)
  # That process is Patroni by then; without it there is nothing to watch for.
  while [ -d "/proc/$patroni" ]; do
    read -r -t "$interval" -u "$pause" || :
    named=
    { read -r named < "$PGDATA/postmaster.pid"; } 2>/dev/null || :
    if [ -n "$named" ] && is_alive "$named"; then
      # What it is, it is for life, but for a standby that is promoted: then its walreceiver ends.
      [ "$running" = "$named" ] || role= receiver= told=
      running=$named
      if [ "$role" = primary ]; then continue; fi
      if [ -n "$told" ]; then
        title_of "$told"
        case $title in *walreceiver*) continue ;; esac
        told=
      fi
      before=$receiver
      look_at "$running"
      if [ -z "$receiver" ]; then continue; fi
      if [ "$receiver" = "$before" ]; then looks=$((looks + 1)); else looks=0; fi
      if streams; then
        told=$receiver
        python3 -ISc "$@" "${receivesWal}" || :
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
