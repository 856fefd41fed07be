/**
 * Writes the account file that is mounted over the image's: its own entries, and before them `postgres` for the user that the pod runs as,
 * unless the image knows it by that name. Only a pod knows its user id: the image or the platform chooses it.
 *
 * Parameters: the image's account file, the directory to write into, the name that the user shall have.
 */
export const accounts = String.raw`
image_accounts=$1 directory=$2 name=$3
install --directory --mode=0775 -- "$directory"
if [ "$(id -un 2>/dev/null || :)" != "$name" ]; then
  printf '%s:x:%s:%s:PostgreSQL:/tmp:/bin/bash\n' "$name" "$(id -u)" "$(id -g)" > "$directory/passwd.new"
else
  : > "$directory/passwd.new"
fi
cat -- "$image_accounts" >> "$directory/passwd.new"
mv --no-target-directory -- "$directory/passwd.new" "$directory/passwd"
`;
