/**
 * Python 3 (standard library) that runs a command in a container of another pod through the API server, passes its output on and ends
 * with its exit status. It speaks Kubernetes' exec protocol over a WebSocket: v5.channel.k8s.io, or v4 where an API server is older. Each
 * message begins with a byte that tells standard output (1), standard error (2) and the final status (3) apart.
 *
 * Parameters: namespace, pod, container, command and its parameters. Where the API server is and who asks comes from what the kubelet
 * gives every container: KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT and the service account's files (KUBERNETES_ACCOUNT names
 * another directory of the same shape).
 */
export const execInPod = String.raw`
import base64, hashlib, json, os, socket, ssl, struct, sys, urllib.parse

namespace, pod, container, *command = sys.argv[1:]
account = os.environ.get("KUBERNETES_ACCOUNT", "/var/run/secrets/kubernetes.io/serviceaccount")
host = os.environ["KUBERNETES_SERVICE_HOST"]
port = int(os.environ["KUBERNETES_SERVICE_PORT"])
# Between two words of the other side we ask for a sign of life, which also keeps proxies from closing a quiet connection.
QUIET_SECONDS = 30
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Refused(Exception):
    pass


class Lost(Exception):
    pass


class Connection:
    def __init__(self):
        context = ssl.create_default_context(cafile=os.path.join(account, "ca.crt"))
        # From Python 3.13 on the default refuses roots without a key identifier, which many clusters have.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        plain = socket.create_connection((host, port), timeout=QUIET_SECONDS)
        self.socket = context.wrap_socket(plain, server_hostname=host)
        self.buffer = b""

    def open(self):
        with open(os.path.join(account, "token")) as file:
            token = file.read().strip()
        query = urllib.parse.urlencode(
            [("container", container), ("stdout", "true"), ("stderr", "true")] + [("command", word) for word in command]
        )
        path = f"/api/v1/namespaces/{urllib.parse.quote(namespace)}/pods/{urllib.parse.quote(pod)}/exec?{query}"
        key = base64.b64encode(os.urandom(16)).decode()
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {address}",
            f"Authorization: Bearer {token}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Protocol: v5.channel.k8s.io, v4.channel.k8s.io",
        ]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.buffer:
            self.receive()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        status, *fields = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
        if status.split(" ")[1:2] != ["101"]:
            length = int(headers.get("content-length") or 0)
            while len(self.buffer) < min(length, 65536):
                self.receive()
            raise Refused(f"{status} {self.buffer.decode(errors='replace')[:2000]}")
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        if headers.get("sec-websocket-accept") != accept:
            raise Refused("the API server's answer is no WebSocket handshake")

    def receive(self):
        data = self.socket.recv(65536)
        if not data:
            raise Lost("the API server closed the connection")
        self.buffer += data

    def take(self, count):
        asked = False
        while len(self.buffer) < count:
            try:
                self.receive()
                asked = False
            except socket.timeout:
                if asked:
                    raise Lost(f"no sign of life for {2 * QUIET_SECONDS} seconds")
                self.send(0x9, b"")
                asked = True
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def send(self, opcode, payload):
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self.socket.sendall(bytes([0x80 | opcode, 0x80 | len(payload)]) + mask + masked)

    def messages(self):
        message = b""
        while True:
            first, second = self.take(2)
            opcode, length = first & 0x0F, second & 0x7F
            if length == 126:
                (length,) = struct.unpack(">H", self.take(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", self.take(8))
            payload = self.take(length)
            if opcode == 0x8:
                self.send(0x8, payload[:2])
                return
            if opcode == 0x9:
                self.send(0xA, payload[:125])
            elif opcode in (0x0, 0x1, 0x2):
                message += payload
                if first & 0x80:
                    yield message
                    message = b""


def exit_status(status):
    if status.get("status") == "Success":
        return 0
    for cause in (status.get("details") or {}).get("causes") or []:
        if cause.get("reason") == "ExitCode":
            return int(cause["message"])
    print(status.get("message", "the command failed without a word"), file=sys.stderr)
    return 1


def run():
    connection = Connection()
    connection.open()
    result = None
    for message in connection.messages():
        channel, content = message[:1], message[1:]
        if channel == b"\x01":
            sys.stdout.buffer.write(content)
            sys.stdout.flush()
        elif channel == b"\x02":
            sys.stderr.buffer.write(content)
            sys.stderr.flush()
        elif channel == b"\x03":
            result = exit_status(json.loads(content))
    if result is None:
        raise Lost("the connection ended before the command did")
    return result


try:
    sys.exit(run())
except (Refused, Lost, OSError) as problem:
    print(f"Cannot run {command[0]} in container {container} of pod {namespace}/{pod}: {problem}", file=sys.stderr)
    sys.exit(1)
`.trim();
