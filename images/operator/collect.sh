#!/bin/sh
# Puts into a folder, given as the only argument, all that Node needs to run. Node brings its own certificate authorities and time zones.
set -eu
root=$1
node=/usr/local/bin/node

# A seventh of the published binary is symbols for debuggers.
apt-get update
apt-get install --yes --no-install-recommends binutils
strip "$node"

mkdir -p "$root/etc" "$root/tmp" "$root/var/lib/dpkg/status.d"
chmod 1777 "$root/tmp"
libraries=$(ldd "$node" | grep --only-matching '/[^ ]*')
cp --dereference --parents $libraries "$node" "$root"

# In a pod the kubelet puts its own hosts file over this one; elsewhere localhost would have no address.
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
echo 'nonroot:x:65532:65532:nonroot:/:/sbin/nologin' >"$root/etc/passwd"
echo 'nonroot:x:65532:' >"$root/etc/group"

# For scanners, which look for what is vulnerable here, and for the licences.
cp /etc/os-release "$root/etc/os-release"
for package in libc6 libgcc-s1 libstdc++6; do
  dpkg-query --status "$package" >"$root/var/lib/dpkg/status.d/$package"
  cp --parents --dereference "/usr/share/doc/$package/copyright" "$root"
done
