import { holdVolume } from './volumeLock.ts';

/**
 * Waits for its turn where members start together: their StatefulSet knows no order. The startup container begins with it, since nothing probes that
 * one, however long it waits.
 *
 * Parameter: the file that names the pod whose data are the newest until that one leads, and nobody otherwise. It is taken off the list.
 * Environment: POD_NAME.
 */
export const turn = String.raw`
leads_first=$1
shift
first= told=
while { read -r first < "$leads_first"; } 2>/dev/null || [ -n "$first" ]; do
  if [ -z "$first" ] || [ "$first" = "$POD_NAME" ]; then break; fi
  if [ "$told" != "$first" ]; then echo "$POD_NAME waits until $first leads"; told=$first; fi
  first=
  sleep 1
done
`;

/**
 * Prepares a member's volumes before PostgreSQL starts, and says in words what an image or a volume lacks.
 *
 * Parameters: major version, data directory, WAL directory, mounted replication certificates, where to copy them, `with-backups` or
 * `without-backups`, link of the pgBackRest spool, directory that it should be, the file that is locked on the data volume, further directories to make.
 */
export const startup = String.raw`
${holdVolume}
major_version=$1 data=$2 wal=$3 certificates=$4 replication=$5 backups=$6 spool=$7 spool_directory=$8 lock=$9
shift 9
hold_volume "$lock"

halt() { echo "$@" >&2; exit 1; }
# Prints mode, owner and group of a path and of everything above it.
permissions() { local path=$1; while [ "$path" != / ]; do stat -Lc '%A %u %g %n' -- "$path" || :; path=$(dirname -- "$path"); done; }
directory() { install --directory --mode="$1" -- "$2" || halt "Cannot make $2 as user $(id -u), groups $(id -G):" "$(permissions "$2" 2>&1)"; }

echo "User $(id -u), groups $(id -G)"
command -v postgres >/dev/null || halt "This image has no postgres on PATH, in /usr/lib/postgresql/$major_version/bin or in /usr/pgsql-$major_version/bin: choose an image with PostgreSQL $major_version."
version=$(postgres --version)
echo "$(command -v postgres): $version"
[[ "$version" =~ \)\ $major_version($|[^0-9]) ]] || halt "This image has $version, the cluster asks for PostgreSQL $major_version: choose an image with that version."
command -v patroni >/dev/null || halt "This image has no patroni on PATH: choose an image with Patroni 4."
[ "$backups" = without-backups ] || command -v pgbackrest >/dev/null || halt "This image has no pgbackrest on PATH: choose an image with pgBackRest, or run without backups."

# PostgreSQL refuses a data directory of another owner. Where the volume's driver gave it to our group, its contents can move into a new one.
if [ ! -e "$data" ] || [ -O "$data" ]; then
  directory 0750 "$data"
elif [ -w "$data" ] && [ -g "$data" ]; then
  renewed=$(mktemp --directory --tmpdir="$(dirname -- "$data")")
  find "$data" -mindepth 1 -maxdepth 1 -exec mv --target-directory="$renewed" -- {} +
  chmod 0750 -- "$renewed"
  rmdir -- "$data"
  mv --no-target-directory -- "$renewed" "$data"
else
  halt "The data directory belongs to another user than $(id -u):" "$(permissions "$data")"
fi

# One that somebody else made is not ours to change; it serves when our group may write to it. Those above it are the group's, too, where we
# make them.
shared_directory() {
  if [ -d "$1" ] && [ ! -O "$1" ]; then
    [ -w "$1" ] || halt "Cannot write to $1 as user $(id -u), groups $(id -G):" "$(permissions "$1" 2>&1)"
  else
    (umask 0002 && mkdir --parents -- "$(dirname -- "$1")" 2>/dev/null) || :
    directory 0775 "$1"
  fi
}
for path; do shared_directory "$path"; done

if [ "$backups" = with-backups ] && [ "$spool" != "$spool_directory" ]; then
  # What waits in the spool can be read from the WAL and the repository again.
  [ -L "$spool" ] || rm -rf -- "$spool"
  ln --symbolic --no-dereference --force -- "$spool_directory" "$spool"
elif [ -L "$spool" ]; then
  rm -- "$spool"
  directory 0775 "$spool"
fi

# libpq refuses keys that a group may read, and a mounted Secret is readable by the pod's group.
install -D --mode=0600 --target-directory="$replication" -- "$certificates"/tls.crt "$certificates"/tls.key "$certificates"/ca.crt

# What pg_wal is told to be must be there whole before anything points to it, so that a crash at any step loses nothing and the next start
# goes on from it.
link_wal() {
  ln --symbolic --no-dereference --force -- "$wal" "$data/pg_wal.new"
  mv --no-target-directory -- "$data/pg_wal.new" "$data/pg_wal"
}
if [ ! -f "$data/PG_VERSION" ]; then echo "No data yet in $data"; exit 0; fi

data_version=$(< "$data/PG_VERSION")
[ "$data_version" = "$major_version" ] || halt "$data holds data of PostgreSQL $data_version, the cluster asks for $major_version: a major upgrade is a process of its own; set the version back to $data_version."
# Patroni insists on the file, and data that were made elsewhere may have kept it elsewhere.
[ -f "$data/postgresql.conf" ] || touch -- "$data/postgresql.conf"
configured=$(postgres -C data_directory -D "$data" 2>/dev/null || echo "$data")
[ "$configured" = "$data" ] || halt "The configuration in $data says that the data are in $configured: remove data_directory from it."

if [ ! -e "$data/pg_wal" ] && [ ! -L "$data/pg_wal" ] && [ -d "$wal" ]; then link_wal; fi
current=$(realpath --canonicalize-existing -- "$data/pg_wal") || halt "$data/pg_wal points to $(readlink -- "$data/pg_wal"), which is not there: the WAL volume of this member is missing."
if [ "$current" != "$wal" ]; then
  echo "Moving WAL from $current to $wal"
  [ ! -e "$wal" ] || [ -z "$(ls -A -- "$wal")" ] || mv --no-target-directory -- "$wal" "$(mktemp --directory --dry-run -- "$wal.before.XXXXXX")"
  rm -rf -- "$wal.incoming"
  if [ "$(stat -c %d -- "$current")" = "$(stat -c %d -- "$(dirname -- "$wal")")" ]; then
    [ ! -d "$wal" ] || rmdir -- "$wal"
    mv --no-target-directory -- "$current" "$wal"
    link_wal
  else
    cp --archive --no-target-directory -- "$current" "$wal.incoming"
    sync
    [ ! -d "$wal" ] || rmdir -- "$wal"
    mv --no-target-directory -- "$wal.incoming" "$wal"
    if [ -L "$data/pg_wal" ]; then
      link_wal
      rm -rf -- "$current"
    else
      mv --no-target-directory -- "$data/pg_wal" "$data/pg_wal.moved"
      link_wal
    fi
  fi
fi
rm -rf -- "$data/pg_wal.moved"
`;
