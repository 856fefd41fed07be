/**
 * A bash function that waits until nobody else works on a member's data volume, and holds it from then on for as long as this shell runs, or what it
 * becomes.
 *
 * A pod that is deleted without grace is gone for Kubernetes at once, and the next one of its name starts while its containers still end. On the same
 * node both have the volume. PostgreSQL does not see its like there: it looks for the process that its lock file names and for its shared memory, and
 * each pod has its own of both. Two servers would write one set of files, and the one that ends takes the other's lock file with it.
 *
 * Parameter: the file that is locked, on the volume. A volume that knows no locks is worked on without, and the log says so.
 */
export const holdVolume = String.raw`
hold_volume() {
  # Locked as well by who may only read it: a former user may have made it.
  { exec {volume}>> "$1" || exec {volume}< "$1"; } 2>/dev/null || { echo "$1 cannot be opened: nothing keeps a former pod from the volume"; return 0; }
  python3 -ISc '
import fcntl, sys, time

told = 0
while True:
    try:
        fcntl.flock(int(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)
        break
    except BlockingIOError:
        if time.monotonic() >= told:
            print("waiting for the volume: a container of a former pod still runs on it", flush=True)
            told = time.monotonic() + 10
        time.sleep(0.05)
    except OSError as problem:
        print(f"the volume cannot be locked: {problem}", flush=True)
        break
' "$volume" || :
}
`;
