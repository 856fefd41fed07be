import { patroniClient } from './patroniClient.ts';

/**
 * Python 3 that has Patroni restart the PostgreSQL of this pod, if settings wait for that, and returns when it runs again; otherwise it changes
 * nothing, so it can be repeated. Patroni then looks at once, so that everybody learns of it (patroni/api.py, do_POST_restart, 3.0 to 4.1).
 *
 * Parameters: the handover's.
 */
export const restart = `
${patroniClient}

status, text = ask("POST", "/restart", {"restart_pending": True})
print(f"{member} asked for a restart: {status} {text}")
look()
if status != 200 and "conditions are not satisfied" not in text:
    sys.exit(f"{member}: {text}")
`.trim();
