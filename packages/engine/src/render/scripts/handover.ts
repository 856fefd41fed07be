/**
 * The beginning of each program that talks to the Patroni beside it: `ask(method, path, body)` gives status and text.
 *
 * Parameters: address of the local REST API (`https://localhost:8008`), Service by which its certificate names the pod, authorities, certificate
 * with key, seconds to wait at most. Environment: PATRONI_NAME, this member in Patroni and its pod.
 */
export const patroniClient = String.raw`
import http.client, json, os, ssl, sys, socket, time, urllib.parse

address, service, authorities, certificate, limit = sys.argv[1:6]
member = os.environ["PATRONI_NAME"]
deadline = time.monotonic() + float(limit)
url = urllib.parse.urlsplit(address)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.load_verify_locations(authorities)
context.load_cert_chain(certificate)


def ask(method, path, body=None):
    left = max(deadline - time.monotonic(), 0.1)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=left)
    # The certificate names the pod, not localhost.
    plain = socket.create_connection((url.hostname, url.port), timeout=left)
    connection.sock = context.wrap_socket(plain, server_hostname=f"{member}.{service}")
    try:
        connection.request(method, path, body=body and json.dumps(body), headers={"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace").strip()
    finally:
        connection.close()
`.trim();

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
