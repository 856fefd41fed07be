/** What the words of a start that was tried begin with when it failed: nothing was stopped. */
export const refusedMark = 'not restarted: ';

/**
 * Runs a program that stops a running PostgreSQL and starts it again, if PostgreSQL would start with the settings in its files; otherwise it says why not,
 * and PostgreSQL goes on as it is. It tries them in a directory of its own as far as shared memory (`postgres --check`, which initdb uses to find
 * settings that a machine can bear; src/backend/bootstrap/bootstrap.c, 15 to 18: what is older is not tried), and looks for the libraries that are loaded at a start.
 *
 * Parameters: where the kernel tells of processes, the program and its parameters. Environment: PGDATA.
 */
export const trial = String.raw`
processes=$1
shift
directory=$(mktemp --directory)
trap 'rm --recursive --force "$directory"' EXIT
# The end of what a program says is what is told of it, and the mark has to be in it.
refuse() { echo "${refusedMark}${'${1:0:800}'}" >&2; exit 1; }
cp "$PGDATA/PG_VERSION" "$directory"
for path in "$PGDATA"/*/; do mkdir "$directory/$(basename "$path")"; done
# A directory of its own means a lock and a key for shared memory of its own.
own=(-D "$directory" -c logging_collector=off -c log_line_prefix= -c log_min_messages=fatal)
options=("${'${own[@]}'}" -c "config_file=$PGDATA/postgresql.conf" -c "data_directory=$directory")
answers=$(psql -X -w --quiet --no-align --tuples-only --dbname=postgres \
  --command="SELECT setting FROM pg_catalog.pg_config WHERE name = 'PKGLIBDIR'" --command='SHOW dynamic_library_path') || answers=
{ read -r known; read -r searched; } <<< "$answers" || :
# There may be no more huge pages than the running server has, and it gives them back when it stops.
pages=0
{ read -r postmaster < "$PGDATA/postmaster.pid"; } 2> /dev/null || postmaster=self
{ while read -r key value _; do if [ "$key" = HugetlbPages: ]; then pages=$value; fi; done < "$processes/$postmaster/status"; } 2> /dev/null || :
if [ "$pages" != 0 ]; then options+=(-c huge_pages=off); fi
# Where it does not start with its own defaults either, that says nothing of the settings.
libraries=
if [ -n "$answers" ] && touch "$directory/postgresql.conf" && postgres --check "${'${own[@]}'}" < /dev/null; then
  # What ALTER SYSTEM wrote goes before the rest.
  cp "$PGDATA/postgresql.auto.conf" "$directory" 2> /dev/null || :
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
    # Where PostgreSQL looks elsewhere, it may find what this does not.
    *) [ "$searched" = '$libdir' ] || continue; file=$known/$name ;;
  esac
  [ -e "$file" ] || [ -e "$file.so" ] || refuse "the image has no library $name, which shared_preload_libraries asks for"
done
"$@"
`;
