import { patroniClient } from './patroniClient.ts';

/** Why it is woken, where a standby has begun to receive WAL. */
export const receivesWal = 'it receives WAL';

/**
 * Python 3 that makes Patroni look now. Parameters: the handover's, and why. A synchronous standby that receives WAL counts only once the leader has
 * written it down, so then the leader's Patroni looks as well.
 */
export const wake = `
${patroniClient}

reason = sys.argv[6]


def wake(to, **where):
    status, text = look(to, **where)
    print(f"{member}: {reason}; asked Patroni of {to} to look: {status}")
    return json.loads(text) if status == 200 else {}


try:
    configuration = wake(member)
    if reason == "${receivesWal}" and configuration.get("synchronous_mode"):
        _, cluster = ask("GET", "/cluster")
        for other in json.loads(cluster)["members"]:
            if other["role"] == "leader":
                wake(other["name"], at=other["api_url"])
except Exception as problem:
    print(f"{member}: {reason}; Patroni cannot be asked to look: {problem}")
`.trim();
