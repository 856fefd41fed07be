/**
 * The beginning of each program that talks to the Patroni beside it: `ask(method, path, body)` gives status and text. `to` and `at` ask another
 * member's at the address of its API. `look(to, at)` makes a Patroni look now: a change of the configuration that changes nothing wakes its loop
 * (patroni/api.py, do_PATCH_config, 3.0 to 4.1).
 *
 * Parameters: address of the local REST API (`https://localhost:8008`), Service by which its certificate names the pod, authorities, certificate
 * with key, seconds to wait at most. Environment: PATRONI_NAME, this member in Patroni and its pod.
 */
export const patroniClient = String.raw`
import http.client, json, os, ssl, sys, socket, time, urllib.parse

address, service, authorities, certificate, limit = sys.argv[1:6]
member = os.environ["PATRONI_NAME"]
deadline = time.monotonic() + float(limit)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.load_verify_locations(authorities)
context.load_cert_chain(certificate)


def ask(method, path, body=None, to=member, at=address):
    left = max(deadline - time.monotonic(), 0.1)
    url = urllib.parse.urlsplit(at)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=left)
    # The certificate names the pod, not localhost or its address.
    plain = socket.create_connection((url.hostname, url.port), timeout=left)
    connection.sock = context.wrap_socket(plain, server_hostname=f"{to}.{service}")
    try:
        connection.request(method, path, body=body and json.dumps(body), headers={"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace").strip()
    finally:
        connection.close()


def look(to=member, at=address):
    return ask("PATCH", "/config", {"pgherd": None}, to, at)
`.trim();
