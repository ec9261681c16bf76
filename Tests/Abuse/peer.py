"""A hostile client: bytes on a socket, with nothing between that would repair them."""

import base64
import os
import select
import socket
import ssl
import struct
import time

PATIENCE = 5
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(payload=b"", opcode=TEXT, fin=True, rsv=0, masked=True, length=None):
    """One frame (RFC 6455 §5.2). `length` is what the header declares: (marker, bytes), or the shortest for None."""
    if isinstance(payload, str):
        payload = payload.encode()
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    count = len(payload)
    if length is None:
        if count < 126:
            length = (count, b"")
        elif count < 65536:
            length = (126, struct.pack("!H", count))
        else:
            length = (127, struct.pack("!Q", count))
    head = bytes([first, (0x80 if masked else 0) | length[0]]) + length[1]
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + xor(payload, mask)


def xor(payload, mask):
    count = len(payload)
    pad = (mask * (count // 4 + 1))[:count]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")).to_bytes(count, "big") if count else b""


def request(path="/health", *fields, method="GET", version="HTTP/1.1", host="muster.example", body=b""):
    """A request's bytes; a field is a whole line without its end."""
    lines = [f"{method} {path} {version}", *([f"Host: {host}"] if host is not None else []), *fields]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


UPGRADE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


class Ended(Exception):
    """The server ended the connection: "fin" or "reset"."""


class Peer:
    """One connection. Every byte that is sent is counted on `meter.sent`."""

    def __init__(self, meter, address, tls=None, receive_buffer=None, hello=b""):
        self.meter, self.buffer = meter, b""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tls = None
        if hello:
            self.send(hello)
        if tls:
            self._encrypt(*tls)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Ends with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def finish(self):
        """Ends our direction with FIN."""
        self.socket.shutdown(socket.SHUT_WR)

    def _encrypt(self, context, session):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="127.0.0.1", session=session)
        self._drive(self.tls.do_handshake, time.monotonic() + PATIENCE)

    def _drive(self, step, deadline, *arguments):
        while True:
            try:
                result = step(*arguments)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                if not select.select([self.socket], [], [], max(0, deadline - time.monotonic()))[0]:
                    raise TimeoutError from None
                piece = self.socket.recv(65536)
                if not piece:
                    raise Ended("fin") from None
                self.incoming.write(piece)

    def flush(self):
        """Sends what TLS has made."""
        if waiting := self.outgoing.read():
            self._put(waiting)

    def _put(self, data):
        self.meter.sent += len(data)
        self.socket.sendall(data)

    def send(self, data):
        """Sends; whether the server still took it."""
        if isinstance(data, str):
            data = data.encode("latin-1")
        try:
            if self.tls:
                self.tls.write(data)
                self.flush()
            else:
                self._put(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def drip(self, data, pause):
        """Sends byte by byte until the server ends it; whether all was taken."""
        for at in range(len(data)):
            if select.select([self.socket], [], [], pause if at else 0)[0] or not self.send(data[at : at + 1]):
                return False
        return True

    def receive(self, deadline):
        """The next bytes; raises Ended, or TimeoutError at the deadline."""
        try:
            if self.tls:
                piece = self._drive(self.tls.read, deadline, 65536)
            else:
                self.socket.settimeout(max(0.001, deadline - time.monotonic()))
                piece = self.socket.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            raise Ended("reset") from None
        except ssl.SSLError:
            raise Ended("fin") from None
        if not piece:
            raise Ended("fin")
        return piece

    def rest(self, patience=PATIENCE):
        """All that comes until the end: the bytes, and "fin", "reset" or "open"."""
        deadline = time.monotonic() + patience
        try:
            while True:
                self.buffer += self.receive(deadline)
        except Ended as end:
            how = str(end)
        except TimeoutError:
            how = "open"
        received, self.buffer = self.buffer, b""
        return received, how

    def _fill(self, count, deadline):
        while len(self.buffer) < count:
            self.buffer += self.receive(deadline)

    def _take(self, count):
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def response(self, patience=PATIENCE):
        """The next response: status, fields by their names in small letters, body. Status 0: none, but an end."""
        deadline = time.monotonic() + patience
        try:
            while b"\r\n\r\n" not in self.buffer:
                self.buffer += self.receive(deadline)
            head = self._take(self.buffer.index(b"\r\n\r\n") + 4).decode("latin-1")
            lines = head.split("\r\n")[:-2]
            fields = {}
            for line in lines[1:]:
                name, _, value = line.partition(":")
                fields[name.lower()] = value.strip()
            count = int(fields.get("content-length", 0))
            self._fill(count, deadline)
            return int(lines[0].split()[1]), fields, self._take(count)
        except Ended as end:
            return 0, {"end": str(end)}, b""
        except TimeoutError:
            return 0, {"end": "open"}, b""

    def ask(self, *arguments, patience=PATIENCE, **named):
        """Sends a request and reads its response."""
        self.send(request(*arguments, **named))
        return self.response(patience)

    def upgrade(self, path, *fields):
        """Becomes a WebSocket, or says which status it was refused with."""
        status, answer, _ = self.ask(path, *UPGRADE, *fields)
        if status != 101:
            raise AssertionError(f"the upgrade of {path} was answered {status or answer}")
        return self

    def message(self, patience=PATIENCE):
        """The next frame: opcode, payload, reserved bits. Raises Ended or TimeoutError."""
        deadline = time.monotonic() + patience
        self._fill(2, deadline)
        first, short = self.buffer[0], self.buffer[1]
        at, count = 2, short & 0x7F
        if count > 125:
            width = 2 if count == 126 else 8
            self._fill(2 + width, deadline)
            at, count = 2 + width, int.from_bytes(self.buffer[2 : 2 + width], "big")
        self._fill(at + count, deadline)
        self._take(at)
        return first & 0x0F, self._take(count), first >> 4 & 7

    def until(self, wanted, patience=PATIENCE):
        """Reads frames until one pleases `wanted(opcode, payload)`, and returns its payload."""
        deadline = time.monotonic() + patience
        while True:
            opcode, payload, _ = self.message(deadline - time.monotonic())
            if wanted(opcode, payload):
                return payload

    def closed(self, patience=PATIENCE):
        """How the server ends a WebSocket: the code of its close frame, else "fin", "reset" or "open"."""
        try:
            payload = self.until(lambda opcode, _: opcode == CLOSE, patience)
            return int.from_bytes(payload[:2], "big") if payload else "empty"
        except Ended as end:
            return str(end)
        except TimeoutError:
            return "open"


def packet(text):
    """A Socket.IO packet in an Engine.IO message, as a frame."""
    return frame("4" + text)


def base64url(count):
    return base64.urlsafe_b64encode(os.urandom(count)).decode().rstrip("=")
