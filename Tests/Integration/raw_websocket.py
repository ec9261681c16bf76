"""A WebSocket client that sends exactly the bytes it is told to, with nothing but the standard library.

It checks what it receives as strictly as RFC 6455 and RFC 7692 allow: any frame that a server must not send fails.
"""

import base64
import hashlib
import os
import socket
import struct
import zlib

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
SECONDS = 20
TAIL = b"\x00\x00\xff\xff"


class Refused(Exception):
    """The server answered the upgrade with something other than 101."""


def frame(opcode, payload=b"", fin=True, rsv=0, mask=None):
    """One masked frame (RFC 6455 §5.2); `rsv` is 4 for RSV1, 2 for RSV2, 1 for RSV3."""
    mask = os.urandom(4) if mask is None else mask
    head = bytes([fin << 7 | rsv << 4 | opcode])
    size = len(payload)
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 1 << 16:
        head += struct.pack("!BH", 0x80 | 126, size)
    else:
        head += struct.pack("!BQ", 0x80 | 127, size)
    repeated = (mask * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "little") ^ int.from_bytes(repeated, "little")
    return head + mask + masked.to_bytes(size, "little")


def message(opcode, payload, fragment, rsv=0):
    """The frames of one message in fragments of `fragment` bytes; 0 for a single frame."""
    if not fragment or len(payload) <= fragment:
        return frame(opcode, payload, rsv=rsv)
    parts = [payload[at : at + fragment] for at in range(0, len(payload), fragment)]
    frames = [frame(opcode, parts[0], fin=False, rsv=rsv)]
    frames += [frame(0, part, fin=False) for part in parts[1:-1]]
    return b"".join(frames) + frame(0, parts[-1])


def close_payload(code, reason=b""):
    return struct.pack("!H", code) + reason


class RawWebSocket:
    """One connection, after its 101. `extensions` and `subprotocol` hold what the server chose."""

    def __init__(self, port, path="/ws", host="127.0.0.1", fields=()):
        self.socket = socket.create_connection((host, port), timeout=SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.inbox = bytearray()
        self.inflater = self.deflater = None
        key = base64.b64encode(os.urandom(16))
        lines = [
            f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key.decode()}", "Sec-WebSocket-Version: 13", *fields, "", "",
        ]
        self.send("\r\n".join(lines).encode())
        self._read_answer(base64.b64encode(hashlib.sha1(key + GUID).digest()).decode())

    def _read_answer(self, accept):
        while b"\r\n\r\n" not in self.inbox:
            if not self._receive():
                break
        head, _, rest = bytes(self.inbox).partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        if " 101 " not in status:
            self.socket.close()
            raise Refused(status)
        self.inbox = bytearray(rest)
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        assert fields["sec-websocket-accept"] == accept and fields["upgrade"].lower() == "websocket"
        assert fields["connection"].lower() == "upgrade"
        self.subprotocol = fields.get("sec-websocket-protocol")
        self.extensions = fields.get("sec-websocket-extensions")
        if self.extensions is not None:
            name, *parameters = (part.strip() for part in self.extensions.split(";"))
            assert name == "permessage-deflate"
            self.deflate = dict((part.split("=") + [None])[:2] for part in parameters)
            self.server_bits = int(self.deflate.get("server_max_window_bits", 15))
            self.client_bits = int(self.deflate.get("client_max_window_bits", 15))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data, chop=0):
        """Sends bytes as they are, in writes of `chop` bytes. A server that has closed may have reset the stream."""
        try:
            if not chop:
                self.socket.sendall(data)
            else:
                view = memoryview(data)
                for at in range(0, len(view), chop):
                    self.socket.sendall(view[at : at + chop])
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _receive(self):
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionResetError:
            return False
        self.inbox += data
        return bool(data)

    def _take(self, count):
        while len(self.inbox) < count:
            if not self._receive():
                return None
        taken = bytes(self.inbox[:count])
        del self.inbox[:count]
        return taken

    def next_frame(self):
        """The next frame as (opcode, payload, fin, rsv), or None at the end of the stream."""
        head = self._take(2)
        if head is None:
            assert not self.inbox, "the stream ended inside a frame"
            return None
        opcode, size = head[0] & 15, head[1]
        assert size < 0x80, "a server's frame must not be masked"
        if size >= 126:
            count = 2 if size == 126 else 8
            smallest = 126 if size == 126 else 1 << 16
            size = int.from_bytes(self._take(count))
            assert size >= smallest, "a length that is not the shortest"
        assert opcode < 8 or (size <= 125 and head[0] & 0xF0 == 0x80), "a control frame that is not allowed"
        payload = self._take(size)
        assert payload is not None, "the stream ended inside a frame"
        return opcode, payload, head[0] & 0x80 != 0, head[0] >> 4 & 7

    def next_event(self):
        """("text" or "binary", payload), ("ping", …), ("pong", …), ("close", code, reason) or None at the end."""
        received = self.next_frame()
        if received is None:
            return None
        opcode, payload, fin, rsv = received
        if opcode == CLOSE:
            assert len(payload) != 1
            payload[2:].decode()
            return "close", int.from_bytes(payload[:2]) if payload else None, payload[2:]
        if opcode in (PING, PONG):
            return ("ping" if opcode == PING else "pong"), payload
        assert opcode in (TEXT, BINARY) and rsv in ((0, 4) if self.extensions else (0,))
        parts = [payload]
        while not fin:
            more, part, fin, reserved = self.next_frame()
            assert more == 0 and reserved == 0, "a fragment that is not a continuation"
            parts.append(part)
        payload = b"".join(parts)
        return ("text" if opcode == TEXT else "binary"), self._inflate(payload) if rsv else payload

    def _inflate(self, payload):
        """RFC 7692 §7.2.2, with the window and the context that the server promised."""
        if self.inflater is None or "server_no_context_takeover" in self.deflate:
            self.inflater = zlib.decompressobj(-self.server_bits)
        return self.inflater.decompress(payload + TAIL)

    def compressed(self, payload):
        """RFC 7692 §7.2.1, with the window and the context that were agreed."""
        if self.deflater is None or "client_no_context_takeover" in self.deflate:
            self.deflater = zlib.compressobj(wbits=-max(9, self.client_bits))
        data = self.deflater.compress(payload) + self.deflater.flush(zlib.Z_SYNC_FLUSH)
        assert data.endswith(TAIL)
        return data[:-4]

    def is_silent(self, seconds):
        """Whether nothing, the end of the stream included, comes for that long."""
        if self.inbox:
            return False
        self.socket.settimeout(seconds)
        try:
            self._receive()
            return False
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(SECONDS)

    def events_to_end(self):
        """What comes before the close, the close, and nothing after it: answers the close as a client must."""
        events = []
        while (event := self.next_event()) is not None and event[0] != "close":
            events.append(event)
        if event is None:
            return events, None
        self.send(frame(CLOSE, close_payload(event[1]) if event[1] else b""))
        after = self.next_frame()
        assert after is None, f"{after} after a close"
        return events, event
