/**
 * What Patroni runs as `pg_isready`: the same question, asked until the server takes connections, for a second at most.
 *
 * Patroni asks a server that it has started, and without a yes it sleeps for a second (postgresql/__init__.py, wait_for_port_open and
 * wait_for_startup, 3.0 to 4.1). Servers open their port milliseconds after the first question, so every start would take a second too long, and a
 * replica's two. Answer and exit status are those of the last attempt: 0 takes connections, 1 starts, 2 does not answer, 3 was not asked.
 */
export const isReady = String.raw`#!/usr/bin/env bash
exec {pause}<> <(:)
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  status=0
  answer=$(pg_isready "$@") || status=$?
  # One that hangs answers nothing for three seconds: that was long enough.
  case $status in 1 | 2) ;; *) break ;; esac
  if [ "$attempt" = 10 ] || [ "$SECONDS" -ge 2 ]; then break; fi
  read -r -t 0.1 -u "$pause" || :
done
echo "$answer"
exit "$status"
`;
