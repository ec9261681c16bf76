"""The server under attack, the canary that plays on it meanwhile, and the admin who counts what is left."""

import ctypes
import json
import os
import pathlib
import re
import resource
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

from Tests.Integration.redis_server import Redis
from Tests.ports import free_ports

from . import measure
from .peer import BINARY, PATIENCE, PING, PONG, Ended, Peer, frame, packet

ROOT = pathlib.Path(__file__).resolve().parents[2]
PR_SET_PDEATHSIG = 1
PASSWORD = "the-abuse-battery"
ADDRESS = re.compile(r"(?:listening on \S+:|ready )(\d+)")
# Short times, so that rows which wait for one are soon over.
SHORT = {
    "MUSTER_TIMEOUTS_HEAD_SECONDS": "1",
    "MUSTER_TIMEOUTS_BODY_SECONDS": "1.5",
    "MUSTER_TIMEOUTS_KEEP_ALIVE_SECONDS": "2",
    "MUSTER_TIMEOUTS_JOIN_SECONDS": "1.5",
    "MUSTER_TIMEOUTS_MESSAGE_SECONDS": "1",
    "MUSTER_TIMEOUTS_CLOSE_SECONDS": "0.5",
    "MUSTER_TIMEOUTS_WRITE_SECONDS": "1.5",
    "MUSTER_TIMEOUTS_HANDSHAKE_SECONDS": "1",
    "MUSTER_LOBBY_EMPTY_SECONDS": "0",
    "MUSTER_LOBBY_DEFAULT_GAME": "arena",
    "MUSTER_DRAIN_SECONDS": "1",
    "MUSTER_PROXIES": "127.0.0.1/32",
    "MUSTER_ADMIN_PASSWORD": PASSWORD,
    "MUSTER_LOG_LEVEL": "warning",
}
# What each kind of server has besides.
KINDS = {
    "plain": {},
    "proxy": {"MUSTER_PROXY_PROTOCOL": "true"},
    "cookie": {"MUSTER_SOCKETIO_COOKIE": "true"},
    "deflate": {"MUSTER_COMPRESSION": "true"},
    "heartbeat": {"MUSTER_HEARTBEAT_INTERVAL_SECONDS": "0.5", "MUSTER_HEARTBEAT_TIMEOUT_SECONDS": "1"},
    "tls": {"MUSTER_LISTEN": "https://127.0.0.1:0", "MUSTER_SOCKETIO_COOKIE": "true"},
    "descriptors": {},
    "echo": None,
    "sio": None,
    "classic": None,
    "streams": None,
    "sharded": None,
}
# Those of them that are in a cluster, in the form that they are called by.
CLUSTERED = ("classic", "streams", "sharded")
# A PROXY header of version 2 in which the proxy speaks for itself (LOCAL).
LOCAL = b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"


def prepare(kind):
    """In the server's process, before it starts: it ends with us, and has few descriptors where that is its kind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if kind == "descriptors":
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

# The longest wait for connections to Redis.
SETTLE_SECONDS = 5


class Meter:
    """Counts what attackers have sent."""

    sent = 0


class Target:
    """One running server of a kind, with its canary; `echo` is the load server of muster-conformance instead, `sio` that of
    the suites, and `classic`, `streams` and `sharded` are that one in a cluster with a Redis of its own."""

    def __init__(self, kind, binaries, calm=0.5):
        self.kind, self.binaries, self.meter, self._quiet = kind, binaries, Meter(), Meter()
        self.folder = tempfile.TemporaryDirectory()
        self.tls = None
        self.redis = Redis(self.folder.name) if kind in CLUSTERED else None
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MUSTER_")}
        if kind == "echo":
            command = [binaries["muster-conformance"], "bench", "0", "0", "16", "0"]
        elif kind == "sio" or self.redis:
            command = [binaries["muster-conformance"], "--port", str(free_ports(7))]
            if self.redis:
                command += ["--redis", self.redis.url, "--node", "a", "--adapter", kind]
        else:
            command = [binaries["muster"], "host"]
            environment |= {"MUSTER_LISTEN": "127.0.0.1:0"} | SHORT | KINDS[kind]
        if kind == "tls":
            environment |= self.certify()
        self.log = open(self.folder.name + "/log", "w+")
        self.process = subprocess.Popen(
            command,
            cwd=self.folder.name,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: prepare(kind),
        )
        self.address = ("127.0.0.1", self._port())
        # Both are of the lobbies.
        self.admin = Admin(self) if KINDS[kind] is not None else None
        self.canary = Canary(self) if KINDS[kind] is not None else None
        # The first connection makes what is made once.
        self.friend("/lobby/first" if self.canary else "/echo" if kind == "echo" else "/ws").close()
        if kind == "sio":
            # Its second listener has a loop of its own.
            Peer(self._quiet, (self.address[0], self.address[1] + 1)).upgrade("/socket.io/?EIO=4&transport=websocket").close()
        time.sleep(0.2)
        self.idle = measure.idle_rate(self.pid, calm)
        self._links = self.links()

    def links(self):
        """How many connections Redis has, but for the one that asks; 0 without a Redis."""
        return self.redis.ask("CLIENT", "LIST").count(b" addr=") - 1 if self.redis else 0

    def settle(self):
        """Waits until the server has its connections to Redis again, which a row before may have cut."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while self.links() != self._links and time.monotonic() < deadline:
            time.sleep(0.05)

    @property
    def pid(self):
        return self.process.pid

    def certify(self):
        """Makes a certificate, also in place of an older one; the settings that name it."""
        folder = self.folder.name + "/tls"
        subprocess.run([ROOT / "scripts/dev-cert", "--force", "--out", folder], check=True, capture_output=True)
        return {"MUSTER_TLS_CERTIFICATE": folder + "/certificate.pem", "MUSTER_TLS_KEY": folder + "/key.pem"}

    def text(self):
        """What the server has printed."""
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def _port(self):
        deadline = time.monotonic() + 2 * PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            if match := ADDRESS.search(self.text()):
                return int(match[1])
            time.sleep(0.02)
        self.process.kill()
        raise RuntimeError(f"the server did not start:\n{self.text()}")

    def context(self):
        """A client's TLS settings that ask for nothing but an encrypted line."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    def connect(self, encrypted=None, session=None, context=None, port=None, **how):
        """An attacker's connection; encrypted where the server is, and to a port beside its own where one is given."""
        encrypted = self.kind == "tls" if encrypted is None else encrypted
        address = self.address if port is None else (self.address[0], port)
        return Peer(self.meter, address, (context or self.context(), session) if encrypted else None, **how)

    def friend(self, path):
        """A well-behaved WebSocket, whose bytes do not count."""
        tls = (self.context(), None) if self.kind == "tls" else None
        return Peer(self._quiet, self.address, tls, hello=LOCAL if self.kind == "proxy" else b"").upgrade(path)

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        """SIGTERM; the exit code."""
        for companion in (self.canary, self.admin):
            if companion:
                companion.stopped = True
        if self.alive():
            self.process.terminate()
        try:
            code = self.process.wait(2 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        if self.redis:
            self.redis.kill()
        self.log.close()
        self.folder.cleanup()
        return code


class Companion(threading.Thread):
    """A friendly connection that is read by a thread of its own, until it is stopped or ended."""

    def __init__(self, peer):
        super().__init__(daemon=True)
        self.peer, self.stopped, self.end = peer, False, None

    def run(self):
        while not self.stopped:
            try:
                opcode, payload, _ = self.peer.message(0.5)
                if opcode == PING:
                    self.peer.send(frame(payload, PONG))
                else:
                    self.handle(opcode, payload)
            except TimeoutError:
                continue
            except (Ended, OSError) as end:
                self.end = str(end)
                break
        self.peer.close()


class Canary(Companion):
    """A player in a lobby of its own: how many snapshots came, and the longest wait for one."""

    def __init__(self, target):
        super().__init__(target.friend("/lobby/canary"))
        self.count, self.last, self.gap = 0, time.monotonic(), 0
        self.peer.send(frame(json.dumps({"event": "join", "data": {"game": "arena", "name": "canary"}})))
        self.peer.until(lambda opcode, _: opcode == BINARY)
        self.peer.send(frame(b"\x09\x00", BINARY))
        self.start()

    def handle(self, opcode, _):
        if opcode != BINARY:
            return
        now = time.monotonic()
        self.count, self.gap, self.last = self.count + 1, max(self.gap, now - self.last), now

    def begin(self):
        """Forgets the waits so far."""
        self.count, self.gap = 0, 0

    def sings(self):
        """Whether one more snapshot comes within a second."""
        count, deadline = self.count, time.monotonic() + 1
        while self.count == count and time.monotonic() < deadline and not self.end:
            time.sleep(0.005)
        return self.count > count


class Admin(Companion):
    """Reads the server's own account of itself, over its admin namespace."""

    def __init__(self, target):
        super().__init__(target.friend("/socket.io/?EIO=4&transport=websocket"))
        self.answers, self.number = {}, 0
        self.news = threading.Condition()
        self.peer.send(packet("0/admin," + json.dumps({"username": "admin", "password": PASSWORD, "client": "muster"})))
        self.peer.until(lambda _, payload: payload.startswith(b"42/admin,"))
        self.start()

    def handle(self, _, payload):
        if payload == b"2":
            self.peer.send(frame("3"))
        elif payload.startswith(b"43/admin,"):
            number, _, document = payload[len(b"43/admin,") :].partition(b"[")
            with self.news:
                self.answers[int(number)] = json.loads(b"[" + document)[0]
                self.news.notify_all()

    def tell(self, event, **data):
        """An action of the admin."""
        self.peer.send(packet("2/admin," + json.dumps([event, data])))

    def overview(self):
        """The overview of this moment (protocol/spec/admin.md)."""
        return self.ask("overview")

    def ask(self, verb, **data):
        """The answer to a verb of the admin's."""
        self.number += 1
        number = self.number
        self.peer.send(packet(f"2/admin,{number}" + json.dumps([verb, data])))
        with self.news:
            if not self.news.wait_for(lambda: number in self.answers, PATIENCE):
                raise AssertionError(f"the admin is not answered: {self.end or 'still open'}")
            return self.answers.pop(number)
