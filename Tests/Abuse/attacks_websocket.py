"""Rows W-08 to W-15: text, closes, deadlines and what is sent back (protocol/spec/websocket.md §3 to §5)."""

import base64
import hashlib
import json
import os
import random
import socket
import struct
import subprocess
import threading
import time

from .attacks_tcp import JOIN
from .measure import sample
from .peer import BINARY, CLOSE, CONTINUATION, PING, TEXT, UPGRADE, Ended, frame, request
from .rows import attack


@attack("W-08", "text that cannot become UTF-8 is 1007, in the frame that breaks it")
def utf8(arena):
    bad = [
        "c080",
        "c1bf",
        "e08080",
        "e09fbf",
        "f0808080",
        "f08fbfbf",
        "eda080",
        "edbfbf",
        "f4908080",
        "f5808080",
        "f8888080",
        "fe",
        "ff",
        "80",
        "bf",
        "c3c3",
        "e282e2",
        "f09f98f0",
        "eda080edb080",
    ]
    for text in map(bytes.fromhex, bad):
        arena.closes([(text.hex(), frame(b'"' + text + b'"'), 1007)])
        cuts = [
            frame(text[:cut], fin=False) + frame(text[cut:] + b"x", CONTINUATION, fin=False)
            for cut in range(1, len(text))
        ]
        arena.closes([(f"{text.hex()} cut at {at + 1}, unfinished", data, 1007) for at, data in enumerate(cuts)])
    arena.closes(
        [
            ("truncated", frame(b"\xe2\x82"), 1007),
            ("truncated over frames", frame(b"\xe2", fin=False) + frame(b"\x82", CONTINUATION), 1007),
            ("in a close reason", frame(b"\x03\xe8\xff", CLOSE), 1007),
        ]
    )


@attack("W-09", "a close holds nothing or a code that may be sent, is answered once, and ends the connection")
def closing(arena):
    good = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
    bad = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]
    arena.closes([(f"code {code}", frame(struct.pack("!H", code), CLOSE), code) for code in good])
    arena.closes([(f"code {code}", frame(struct.pack("!H", code), CLOSE), 1002) for code in bad])
    arena.closes(
        [
            ("one byte", frame(b"\x03", CLOSE), 1002),
            ("nothing", frame(b"", CLOSE), "empty"),
            ("123 bytes of reason", frame(b"\x03\xe8" + b"x" * 123, CLOSE), 1000),
        ]
    )
    with arena.connect() as peer:
        peer.upgrade("/lobby/abuse").send(frame(b"\x03\xe8", CLOSE) * 50 + frame("x", PING) * 50 + JOIN)
        received, how = peer.rest(3)
        arena.expect(
            "answered once, nothing after it", (received.hex(), how), ("880203e8", "fin"), ("880203e8", "reset")
        )
    before = sample(arena.target.pid)
    with arena.connect() as peer:
        peer.upgrade("/lobby/abuse").send(frame("}"))
        arena.expect("ours", peer.closed(), 4002)
        how, after = peer.rest(2)[1], sample(arena.target.pid)
        arena.expect("unanswered, it is cut", how, "fin", "reset")
    busy = (after.cpu - before.cpu) / 1e9 / (after.at - before.at) - arena.target.idle / 1e9
    arena.check("no spinning meanwhile", busy < 0.02, f"{busy:.1%}")


@attack("W-10", "each way to an end of ours has its own code, and none is 1005, 1006 or 1015")
def codes(arena):
    def ask(**data):
        return frame(json.dumps({"event": "join", "data": data}))

    arena.closes(
        [
            ("nothing joined", b"", 4001),
            ("not JSON", frame("}"), 4002),
            ("bytes before a join", frame("x", BINARY), 4002),
            ("an unknown game", ask(game="chess"), 4010),
            ("a token of nobody", ask(game="arena", token="a" * 43), 4001),
            ("a bad request", ask(name=5), 4002),
            ("bytes that are no input", JOIN + frame(b"\xff", BINARY), 4002),
            ("leave", JOIN + frame('{"event":"leave"}'), 1000),
            ("a flood", JOIN + frame(b"", PING) * 3000, 4008),
        ]
    )
    arena.end_lobby("abuse")


@attack(
    "W-11",
    "what was masked by any key at any length comes back unmasked",
    on="echo",
    also="ByteKitTests `masking by words equals masking byte by byte at every phase and length`",
    quick=False,
)
def masks(arena):
    seed = random.Random(20261122)
    with arena.connect() as peer:
        peer.upgrade("/echo")
        for first in range(0, 1500, 30):
            sent = [seed.randbytes(count % 301) for count in range(first, first + 30)]
            peer.send(b"".join(frame(one, BINARY) for one in sent))
            for one in sent:
                arena.expect(f"{len(one)} bytes", peer.message()[1], one)


@attack("W-12", "frames glued to the handshake are the first frames")
def glued(arena):
    head = request("/lobby/abuse", *UPGRADE)
    for name, pieces in {
        "one piece": [head + JOIN],
        "cut in the head": [head[:30], head[30:] + JOIN],
        "cut in the frame": [head + JOIN[:3], JOIN[3:]],
        "64 KB of pings first": [head + frame(b"x" * 125, PING) * 400 + JOIN],
    }.items():
        with arena.connect() as peer:
            for piece in pieces:
                peer.send(piece)
            arena.expect(name, peer.response()[0], 101)
            try:
                joined = peer.until(lambda opcode, _: opcode == TEXT)
                arena.check(name, b'"joined"' in joined, joined[:80])
            except (Ended, TimeoutError) as end:
                arena.check(name, False, repr(end))


@attack("W-13", "a message has its time from the first byte, however it drips: 4002", quick=False)
def drips(arena):
    whole = frame('{"event":"join"}')
    for name, data, pause in (
        ("dripped", whole, 0.15),
        ("header only", whole[:6], 0),
        ("half a header", whole[:1], 0),
        ("a fragment", frame("{", fin=False), 0),
    ):
        with arena.connect() as peer:
            peer.upgrade("/lobby/abuse")
            began = time.monotonic()
            peer.drip(data, pause)
            # Half a header is no message yet, but nothing is joined then either.
            arena.expect(name, peer.closed(), 4002, *([4001] if name == "half a header" else []))
            arena.check(name + ": in time", time.monotonic() - began < 2.2, time.monotonic() - began)


@attack("W-14", "no connection gets another's bytes", on="echo", quick=False)
def stamped(arena):
    peers = [arena.connect().upgrade("/echo") for _ in range(30)]
    for turn in range(40):
        size = 40 + 97 * turn
        for number, peer in enumerate(peers):
            peer.send(frame(b"%03d" % number * (size // 3), BINARY))
        for number, peer in enumerate(peers):
            got = peer.message()[1]
            arena.check(f"peer {number}, turn {turn}", got == b"%03d" % number * (size // 3), got[:30])
    for peer in peers:
        peer.close()


def first_mask(connection):
    """Answers a bot's handshake, and returns the masking key of its first frame."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(4096)
    lines = head.split(b"\r\n")
    key = next(line.split(b": ")[1] for line in lines if line.lower().startswith(b"sec-websocket-key"))
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    fields = [
        b"HTTP/1.1 101 Switching Protocols",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: " + accept,
    ]
    connection.sendall(b"\r\n".join([*fields, b"", b""]))
    data = b""
    while len(data) < 8:
        data += connection.recv(4096)
    at = 4 if data[1] & 0x7F == 126 else 2
    return data[at : at + 4]


@attack("W-15", "our bots mask each frame with another key", quick=False)
def bot_masks(arena):
    """A listener of ours takes the first frames of 40 bots."""
    keys, listener = [], socket.create_server(("127.0.0.1", 0), backlog=64)

    def take(connection):
        with connection:
            connection.settimeout(3)
            try:
                keys.append(first_mask(connection))
            except TimeoutError:
                pass  # a bot on Socket.IO, which waits for the server's handshake

    environment = {name: value for name, value in os.environ.items() if not name.startswith("MUSTER_")}
    bots = subprocess.Popen(
        [
            arena.target.binaries["muster"],
            "bots",
            "--server",
            f"http://127.0.0.1:{listener.getsockname()[1]}",
            "--count",
            "40",
        ],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    listener.settimeout(4)
    threads = []
    try:
        for _ in range(40):
            threads.append(threading.Thread(target=lambda taken=listener.accept()[0]: take(taken), daemon=True))
            threads[-1].start()
    except TimeoutError:
        pass
    for thread in threads:
        thread.join(3)
    bots.terminate()
    bots.wait()
    listener.close()
    arena.check("bots came", len(keys) >= 20, len(keys))
    arena.expect("keys that differ", len(set(keys)), len(keys))
    arena.check(
        "no counter",
        len({(int.from_bytes(b) - int.from_bytes(a)) % 2**32 for a, b in zip(keys, keys[1:])}) > len(keys) // 2,
    )
