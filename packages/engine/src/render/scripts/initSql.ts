/**
 * Runs the owner's SQL once in the life of the data, and says what of it failed.
 *
 * Statements after one that fails run on, as they do where such scripts come from, so a failure is told and changes nothing else. That it was run is
 * written into the database itself, as a setting of database postgres: the process that asked may be gone when the SQL ends, its reply lost, or the
 * cluster's status with it. What is asked again gets the words of the first time.
 *
 * Parameters: who asks, without blanks; the last line of what comes in. Standard input: the SQL and that line; without it, something is missing and
 * nothing is run. Standard output: what failed, a line each; nothing where all went well.
 */
export const initSqlSetting = 'pgherd.init_sql';

/** Makes the report: what came before, then what psql said. Of syntax (42601) and of values (22…) the server quotes the statement: it may hold a password. */
const failuresIn = String.raw`
import re, sys

told, longest = 5, 200
failures = []
for line in open(sys.argv[1], encoding="utf-8", errors="replace"):
    said = re.match(r"psql:<stdin>:(\d+): (?!(?:NOTICE|WARNING|INFO|LOG|DEBUG):)(.*)", line)
    if said:
        number, words = said.groups()
        _, state, message = re.match(r"(?:(ERROR|FATAL|PANIC):  (\w{5}): |error: )?(.*)", words).groups()
        if state is not None and (state == "42601" or state.startswith("22")):
            message = re.split("[\":]", message)[0].strip()
        failures.append(f"line {number}: {message}"[:longest])
if failures:
    print(f"statements that failed: {len(failures)}", *failures[:told], sep="\n")
`;

export const initSql = String.raw`
owner=$1 last=$2
export LC_ALL=C.UTF-8 PGCLIENTENCODING=UTF8
directory="${'${TMPDIR:-/tmp}'}"
work="$(mktemp -d "$directory/init-sql.XXXXXX")"
trap 'rm -rf "$work"' EXIT
cat > "$work/sql"
[ "$(tail -n 1 "$work/sql")" = "$last" ] || { echo 'the SQL did not arrive whole' >&2; exit 1; }

# One at a time, also while psql of one that was left alone works on.
exec {lock}>> "$directory/init-sql.lock"
python3 -ISc 'import fcntl, sys; fcntl.flock(int(sys.argv[1]), fcntl.LOCK_EX)' "$lock"

ask() { psql -X -w --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 --set=VERBOSITY=terse --dbname=postgres --file=- "$@"; }
mark() {
  printf '%s\n' 'SET synchronous_commit TO local;' "ALTER DATABASE postgres SET ${initSqlSetting} = :'mark';" | ask --set=mark="$1"
}

report=''
state="$(echo "SELECT pg_catalog.current_setting('${initSqlSetting}', true);" | ask)"
case $state in
  "$owner ended "*) printf '%s' "${'${state#"$owner ended "}'}"; exit ;;
  "$owner began") report=$'an earlier run was cut off, so statements at its beginning ran twice\n' ;;
esac
mark "$owner began"

ended=0
PGOPTIONS='-c lc_messages=C' psql -X -w --quiet --set=VERBOSITY=verbose --set=SHOW_CONTEXT=never --dbname=postgres --file=- \
  < "$work/sql" > /dev/null 2> "$work/messages" || ended=$?
[ "$ended" = 0 ] || report+="it was left before its end: psql ended with code $ended"$'\n'
report+="$(python3 -ISc '${failuresIn}' "$work/messages")"
mark "$owner ended $report"
printf '%s' "$report"
`;
