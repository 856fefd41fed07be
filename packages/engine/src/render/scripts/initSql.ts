/**
 * Runs the owner's SQL once in the life of the data, and says what of it failed.
 *
 * Statements after one that fails run on, as they do where such scripts come from, so a failure is told and changes nothing else. That it was run is
 * written into the database itself, as a setting of database postgres: the process that asked may be gone when the SQL ends, its reply lost, or the
 * cluster's status with it. What is asked again gets the words of the first time. One that was cut off is begun anew, and not for ever.
 *
 * Parameters: who asks, without blanks; the last line of what comes in. Standard input: the SQL and that line; without it, something is missing and
 * nothing is run. Standard output: what failed, a line each; nothing where all went well.
 */
export const initSqlSetting = 'pgherd.init_sql';

/** One that is cut off as often is not begun again: it may be what ends the server. */
const mostRuns = 3;

/**
 * Makes the report of what psql says, as it says it. Of syntax (42601), columns (42703) and values (22…) the server quotes the statement, which may hold a
 * password; so it may where the script turned the code off. Ends with 3 where psql found no server to run anything on.
 */
const failuresIn = String.raw`
import re, sys

told, longest = 5, 200
failures = []
sys.stdout.reconfigure(encoding="utf-8")
# The script may have psql speak in another encoding.
for line in open(0, encoding="utf-8", errors="replace"):
    if not failures and line.startswith("psql: error: "):
        print(line.strip()[:longest], file=sys.stderr)
        sys.exit(3)
    said = re.match(r"psql:<stdin>:(\d+): (?!(?:NOTICE|WARNING|INFO|LOG|DEBUG):)(.*)", line, re.IGNORECASE)
    if said:
        number, words = said.groups()
        severity, state, message = re.match(r"(?:(ERROR|FATAL|PANIC):  (?:(\w{5}): )?|error: )?(.*)", words).groups()
        if severity and (state is None or state in ("42601", "42703") or state.startswith("22")):
            message = re.split("[\":]", message)[0].strip()
        failures.append(f"line {number}: {message}"[:longest])
if failures:
    print(f"statements that failed: {len(failures)}", *failures[:told], sep="\n")
`;

export const initSql = String.raw`
export LC_ALL=C.UTF-8 PGCLIENTENCODING=UTF8
directory="${'${TMPDIR:-/tmp}'}"
work="$(mktemp -d "$directory/init-sql.XXXXXX")"
trap 'rm -rf "$work"' EXIT
cat > "$work/sql"
[ "$(tail -n 1 "$work/sql")" = "$2" ] || { echo 'the SQL did not arrive whole' >&2; exit 1; }
# Another text is another run.
run="$1 $(sha256sum < "$work/sql" | cut -c -16)"

# One at a time, also while psql of one that was left alone works on.
exec {lock}>> "$directory/init-sql.lock"
python3 -ISc 'import fcntl, sys; fcntl.flock(int(sys.argv[1]), fcntl.LOCK_EX)' "$lock"

ask() { psql -X -w --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 --set=VERBOSITY=terse --dbname=postgres --file=- "$@"; }
mark() {
  printf '%s\n' 'SET synchronous_commit TO local;' "ALTER DATABASE postgres SET ${initSqlSetting} = :'mark';" | ask --set=mark="$1"
}
end() {
  mark "$run ended $1"
  printf '%s' "$1"
}

begun=0 report=''
state="$(echo "SELECT pg_catalog.current_setting('${initSqlSetting}', true);" | ask)"
case $state in
  "$run ended "*) printf '%s' "${'${state#"$run ended "}'}"; exit ;;
  "$run began "*)
    begun="${'${state#"$run began "}'}"
    report="it was cut off $begun times, so statements at its beginning ran more than once"$'\n'
    [ "$begun" -lt ${mostRuns} ] || { end "$report""it is not begun again"; exit; } ;;
esac
mark "$run began $((begun + 1))"

set +e
PGOPTIONS='-c lc_messages=C -c client_min_messages=error' \
  psql -X -w --quiet --set=VERBOSITY=verbose --set=SHOW_CONTEXT=never --dbname=postgres --file=- < "$work/sql" 2>&1 > /dev/null |
  python3 -ISc '${failuresIn}' > "$work/failures"
statuses=("${'${PIPESTATUS[@]}'}")
set -e
[ "${'${statuses[1]}'}" != 3 ] || { mark "$state"; exit 1; }
[ "${'${statuses[0]}'}" = 0 ] || report+="it was left before its end: psql ended with code ${'${statuses[0]}'}"$'\n'
[ "${'${statuses[1]}'}" = 0 ] || report+='what psql said could not be read'$'\n'
end "$report$(< "$work/failures")"
`;
