/** What the words of a start that was tried begin with when it failed: nothing was stopped. */
export const refusedMark = 'not restarted: ';

/**
 * Runs a program that stops a running PostgreSQL and starts it again, if PostgreSQL would start with the settings in its files; otherwise it says why not,
 * and PostgreSQL goes on as it is. It tries them in a directory of its own as far as shared memory (`postgres --check`, which initdb uses to find
 * settings that a machine can bear; src/backend/bootstrap/bootstrap.c, 13 to 18), and looks for the libraries that are loaded at a start.
 *
 * Parameters: the program and its parameters. Environment: PGDATA.
 */
export const trial = String.raw`
directory=$(mktemp --directory)
trap 'rm --recursive --force "$directory"' EXIT
refuse() { echo "${refusedMark}$1" >&2; exit 1; }
cp "$PGDATA/PG_VERSION" "$directory"
for path in "$PGDATA"/*/; do mkdir "$directory/$(basename "$path")"; done
# A directory of its own means a lock and a key for shared memory of its own.
own=(-D "$directory" -c logging_collector=off -c log_line_prefix= -c log_min_messages=fatal)
options=("${'${own[@]}'}" -c "config_file=$PGDATA/postgresql.conf" -c "data_directory=$directory")
answers=$(psql -X -w --quiet --no-align --tuples-only --dbname=postgres \
  --command="SELECT setting FROM pg_catalog.pg_config WHERE name = 'PKGLIBDIR'" --command='SHOW huge_pages') || answers=
{ read -r known; read -r pages; } <<< "$answers" || :
# There may be no more of them than the running server has, and it gives them back when it stops.
if [ "$pages" != off ]; then options+=(-c huge_pages=off); fi
# Where it does not start with its own defaults either, that says nothing of the settings.
libraries=
if [ -n "$answers" ] && touch "$directory/postgresql.conf" && postgres --check "${'${own[@]}'}" < /dev/null; then
  answer=$(postgres --check "${'${options[@]}'}" 2>&1 < /dev/null) || refuse "$answer"
  libraries=$(postgres -C shared_preload_libraries "${'${options[@]}'}" 2> /dev/null) || libraries=
else
  echo "the settings could not be tried before the restart"
fi
IFS=', "' read -r -a names <<< "$libraries"
for name in "${'${names[@]}'}"; do
  case $name in
    '') continue ;;
    */*) file=${'${name/#\\$libdir/$known}'} ;;
    *) file=$known/$name ;;
  esac
  [ -e "$file" ] || [ -e "$file.so" ] || refuse "the image has no library $name, which shared_preload_libraries asks for"
done
"$@"
`;
