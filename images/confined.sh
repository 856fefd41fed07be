#!/bin/sh
# Runs a program in a root file system as a restricted pod would: read-only, as another user, without capabilities or new privileges.
# To be started in a mount and process namespace of its own, which takes its mounts along when it ends.
#
#     sh confined.sh ROOT UID:GID 'WRITABLE FOLDERS' 'VARIABLES, ONE A LINE' PROGRAM ARGUMENT…
set -eu
root=$1 user=$2 writable=$3 variables=$4
shift 4

for folder in $writable /proc /dev; do mkdir -p "$root$folder"; done
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
for folder in $writable; do mount -t tmpfs -o mode=1777 tmpfs "$root$folder"; done

# The image's PATH is for the program, not for what starts it.
setpriv=$(command -v setpriv) chroot=$(command -v chroot)
set -f
IFS='
'
exec env --ignore-environment $variables "$setpriv" --no-new-privs "$chroot" --userspec="$user" --groups= "$root" "$@"
