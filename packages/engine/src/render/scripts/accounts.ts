/**
 * Writes the account file that is mounted over the image's: its own entries, and before them `postgres` for the user that the pod runs as,
 * unless the image knows it by that name. Only a pod knows its user id: the image or the platform chooses it. A pod's first init container begins
 * with it: the kubelet needs up to a second to see that one has ended, so it is none of its own.
 *
 * Parameters: the image's account file, the directory to write into, the name that the user shall have. They are taken off the list.
 */
export const accounts = String.raw`
image_accounts=$1 accounts_directory=$2 name=$3
shift 3
install --directory --mode=0775 -- "$accounts_directory"
if [ "$(id -un 2>/dev/null || :)" != "$name" ]; then
  printf '%s:x:%s:%s:PostgreSQL:/tmp:/bin/bash\n' "$name" "$(id -u)" "$(id -g)" > "$accounts_directory/passwd.new"
else
  : > "$accounts_directory/passwd.new"
fi
cat -- "$image_accounts" >> "$accounts_directory/passwd.new"
mv --no-target-directory -- "$accounts_directory/passwd.new" "$accounts_directory/passwd"
`;
