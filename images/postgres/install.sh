#!/bin/sh
# Turns Debian 13 into the database image. Runs once, as root, while the image is built.
set -eu
export DEBIAN_FRONTEND=noninteractive

# Accounts. They come before the packages, whose scripts would otherwise make a `postgres` with an id of their own.
# Volumes of clusters that were made by other operators belong to 26:26 or 101:103. Both ids get the same name, because peer
# authentication and the clients' default user compare names: looked up by id, each finds `postgres`; looked up by name, the first is found.
# Debian's group 26 is `tape`, which has no use in a container.
groupmod --new-name postgres tape
groupadd --gid 103 postgres-103
cat >>/etc/passwd <<'EOF'
postgres:x:26:26:PostgreSQL:/var/lib/postgresql:/bin/bash
postgres:x:101:103:PostgreSQL:/var/lib/postgresql:/bin/bash
EOF

# PostgreSQL 15 is in Debian 12 and not in 13. Its sources are those of the base image with the other suite, so a mirror that is configured
# there serves both. The low priority lets a package come from Debian 12 only when Debian 13 has none of that name.
sources=/etc/apt/sources.list.d/debian.sources
sed 's/trixie/bookworm/g' "$sources" >/etc/apt/sources.list.d/bookworm.sources
for suite in bookworm bookworm-updates bookworm-security; do
  printf 'Package: *\nPin: release n=%s\nPin-Priority: 100\n\n' "$suite"
done >/etc/apt/preferences.d/bookworm
apt-get update

# No cluster may come into being while the servers are installed.
apt-get install --yes --no-install-recommends postgresql-common locales
sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
grep -qx 'create_main_cluster = false' /etc/postgresql-common/createcluster.conf

# C.UTF-8 is part of glibc; en_US.UTF-8 is what clusters of other operators were made with.
localedef --inputfile=en_US --charmap=UTF-8 --alias-file=/usr/share/locale/locale.alias en_US.UTF-8

# curl, gettext-base (envsubst), procps (pkill) and libnss-wrapper serve the start scripts; ca-certificates lets pgBackRest reach object
# stores; python3-pythonjsonlogger lets Patroni log as JSON. Patroni has a Kubernetes client of its own and needs no other.
apt-get install --yes --no-install-recommends \
  postgresql-17 postgresql-17-pgaudit \
  postgresql-15 postgresql-15-pgaudit \
  patroni python3-pythonjsonlogger \
  pgbackrest \
  ca-certificates curl gettext-base libnss-wrapper procps

# initdb starts a server to find out what fits, and on a node with huge pages that the pod was not granted that server is killed by SIGBUS.
for sample in /usr/share/postgresql/*/postgresql.conf.sample; do
  sed -i 's/^#huge_pages = try\b/huge_pages = off/' "$sample"
  grep -q '^huge_pages = off' "$sample"
done

# Debian's psql, pg_dump and so on are wrappers that look for clusters of Debian's own layout. Ahead of them on PATH stand the real ones of
# the newest version, which also talk to older servers.
for program in psql pg_dump pg_dumpall pg_restore pg_isready pg_basebackup pg_receivewal pg_recvlogical pgbench vacuumdb reindexdb; do
  test -x "/usr/lib/postgresql/17/bin/$program"
  ln -s "/usr/lib/postgresql/17/bin/$program" "/usr/local/bin/$program"
done

# Pod templates preload the library by this path on every distribution.
mkdir -p /usr/lib64
ln -s "$(dpkg -L libnss-wrapper | grep '/libnss_wrapper\.so$')" /usr/lib64/libnss_wrapper.so
test -e /usr/lib64/libnss_wrapper.so

# Debian's pgBackRest configuration is readable by its owner only and stops pgBackRest for every other user.
rm -f /etc/pgbackrest.conf
test ! -e /etc/pgbackrest

# ssl-cert makes a private key while it is installed; one that everybody has who has the image protects nothing.
rm -f /etc/ssl/private/ssl-cert-snakeoil.key /etc/ssl/certs/ssl-cert-snakeoil.pem

# Nothing in a database pod changes its user, so nothing needs to be able to.
find / -xdev -type f -perm /6000 -exec chmod a-s {} +

apt-get clean
rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log /var/log/alternatives.log /var/cache/debconf/*-old
