"""A real Redis server for a test, and the least that speaks to it."""

import contextlib
import socket
import subprocess

STOP_SECONDS = 10


def command(*words):
    """A command of Redis's as its bytes."""
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def pack(value):
    """A value as MessagePack, with short texts, lists and maps alone."""
    match value:
        case None:
            return b"\xc0"
        case bool():
            return b"\xc3" if value else b"\xc2"
        case int() if 0 <= value < 128:
            return bytes([value])
        case str():
            text = value.encode()
            return (bytes([0xA0 | len(text)]) if len(text) < 32 else b"\xda" + len(text).to_bytes(2)) + text
        case bytes():
            return b"\xc4" + bytes([len(value)]) + value
        case list():
            return bytes([0x90 | len(value)]) + b"".join(map(pack, value))
        case dict():
            return bytes([0x80 | len(value)]) + b"".join(pack(key) + pack(item) for key, item in value.items())
    raise ValueError(value)


class Redis:
    """A `redis-server` on a port of its own, which can be killed and started again."""

    def __init__(self, folder):
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            if "Ready to accept connections" in line:
                return
        raise AssertionError("redis-server did not start")

    def kill(self):
        self.process.kill()
        self.process.wait(STOP_SECONDS)
        self.process.stdout.close()

    def ask(self, *words):
        """Sends one command, and returns the first bytes of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=STOP_SECONDS) as connection:
            connection.sendall(command(*words))
            return connection.recv(65_536)


@contextlib.contextmanager
def running(folder):
    redis = Redis(folder)
    try:
        yield redis
    finally:
        redis.kill()
