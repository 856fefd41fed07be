import { patroniClient } from './patroniClient.ts';

/**
 * Python 3 (standard library, Patroni's own interpreter) that runs before the database container is stopped, whoever stops it: a member
 * that leads asks Patroni for a switchover and waits until another leads, so that clients wait for a promotion and not for a lost lease.
 * Where no other member can lead it returns at once. It never fails: a stop must not depend on it.
 */
export const handover = `
${patroniClient}


try:
    status, _ = ask("GET", "/leader")
    if status != 200:
        print(f"{member} does not lead")
        sys.exit(0)
    status, text = ask("POST", "/switchover", {"leader": member})
    print(f"{member} asked for a switchover: {status} {text}")
except Exception as problem:
    print(f"{member} stops without a switchover: {problem}")
`.trim();
