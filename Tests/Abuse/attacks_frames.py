"""Rows W-01 to W-07: frames that break RFC 6455 §5, or go just up to it (protocol/spec/websocket.md §3)."""

import struct

from .attacks_tcp import JOIN
from .measure import sample
from .peer import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame
from .rows import attack


@attack("W-01", "a frame without a mask is 1002")
def unmasked(arena):
    opcodes = {"text": TEXT, "binary": BINARY, "close": CLOSE, "ping": PING, "pong": PONG, "continuation": CONTINUATION}
    arena.closes([(name, frame("x", opcode, masked=False), 1002) for name, opcode in opcodes.items()])
    arena.closes(
        [
            (name + " inside a message", frame("{", fin=False) + frame("x", opcode, masked=False), 1002)
            for name, opcode in opcodes.items()
        ]
    )


@attack("W-02", "reserved bits are 1002")
def reserved_bits(arena):
    for fields in ([], ["Sec-WebSocket-Extensions: permessage-deflate"]):
        arena.closes(
            [
                (f"RSV {rsv:03b}, opcode {opcode}", frame("x", opcode, rsv=rsv), 1002)
                for rsv in range(1, 8)
                for opcode in (TEXT, BINARY, PING, CLOSE)
            ],
            "/lobby/abuse",
            *fields,
        )
        arena.closes(
            [
                (f"RSV {rsv:03b}, continuation", frame("{", fin=False) + frame("x", CONTINUATION, rsv=rsv), 1002)
                for rsv in range(1, 8)
            ],
            "/lobby/abuse",
            *fields,
        )


@attack("W-03", "reserved opcodes are 1002")
def reserved_opcodes(arena):
    arena.closes([(f"opcode {opcode}", frame("x", opcode), 1002) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)])


@attack("W-04", "control frames are short and whole, and a flood of them is 4008 and holds no memory", quick=False)
def control_frames(arena):
    arena.closes(
        [
            (f"126 bytes, opcode {opcode}", frame(b"\x03\xe8" + b"x" * 124, opcode), 1002)
            for opcode in (PING, PONG, CLOSE)
        ]
    )
    arena.closes(
        [(f"fragment, opcode {opcode}", frame(b"\x03\xe8", opcode, fin=False), 1002) for opcode in (PING, PONG, CLOSE)]
    )
    for name, opcode in (("pings", PING), ("pongs", PONG)):
        before = sample(arena.target.pid)
        with arena.connect(receive_buffer=4096) as peer:
            peer.upgrade("/lobby/abuse").send(JOIN)
            flood, sent = frame(b"x" * 125, opcode) * 100, 0
            while sent < 100 and peer.send(flood):
                sent += 1
            held = sample(arena.target.pid).resident - before.resident
            arena.check(f"{name} unread: memory", held < 1 << 20, held)
            arena.expect(f"{name}: the end", peer.closed(4), 4008, "reset", "fin")
    arena.end_lobby("abuse")


def declared(marker, value):
    return marker, struct.pack("!H" if marker == 126 else "!Q", value)


@attack("W-05", "a length is judged before a byte of it is kept: 1009 over the limit, 1002 where it is malformed")
def lengths(arena):
    before = sample(arena.target.pid).resident
    over = [65537, (1 << 31) - 1, 1 << 31, (1 << 31) + 1, (1 << 32) - 1, 1 << 32, (1 << 32) + 1, (1 << 63) - 1]
    top = [1 << 63, (1 << 63) + 1, (1 << 64) - 1, (1 << 64) - 2]
    long = [(126, 0), (126, 1), (126, 125), (127, 0), (127, 125), (127, 126), (127, 65535)]
    for opcode in (TEXT, BINARY):
        arena.closes([(f"{value}", frame(opcode=opcode, length=declared(127, value)), 1009) for value in over])
        arena.closes([(f"{value}", frame(opcode=opcode, length=declared(127, value)), 1002) for value in top])
        arena.closes(
            [
                (f"{marker} for {value}", frame(opcode=opcode, length=declared(marker, value)), 1002)
                for marker, value in long
            ]
        )
    arena.closes(
        [
            ("limit + 1", frame("x" * 65537), 1009),
            ("limit, not JSON", frame("x" * 65536), 4002),
            ("fragments over the limit", frame("x" * 40000, fin=False) + frame("x" * 30000, CONTINUATION), 1009),
            (
                "fragments whose sum wraps",
                frame("x" * 100, fin=False) + frame(opcode=CONTINUATION, length=declared(127, (1 << 63) - 50)),
                1009,
            ),
        ]
    )
    held = [arena.connect().upgrade("/lobby/abuse") for _ in range(50)]
    for peer in held:
        peer.send(frame("{", length=declared(127, 65536)))
    grown = sample(arena.target.pid).resident - before
    arena.check("50 declared lengths take no memory", grown < 2 << 20, grown)
    for peer in held:
        peer.close()


@attack("W-06", "a message has 64 frames at most, else 1008, and they cost nothing each")
def fragments(arena):
    start, more, end = frame("{", fin=False), frame("x", CONTINUATION, fin=False), frame("", CONTINUATION)
    empty = frame("", CONTINUATION, fin=False)
    arena.closes(
        [
            ("65 frames", start + more * 64, 1008),
            ("64 frames, not JSON", start + more * 62 + end, 4002),
            ("empty frames", start + empty * 64, 1008),
            ("with pings between", start + (more + frame("p", PING)) * 64, 1008),
            ("binary", frame("", BINARY, fin=False) + empty * 64, 1008),
        ]
    )
    before = sample(arena.target.pid).resident
    held = [arena.connect().upgrade("/lobby/abuse") for _ in range(50)]
    for peer in held:
        peer.send(start + more * 62)
    grown = sample(arena.target.pid).resident - before
    arena.check("50 half messages: 4 MiB in all", grown < 4 << 20, grown)
    arena.note(f"{grown // 50} bytes for each of 50 half messages")
    for peer in held:
        peer.close()
    for name, data in (
        ("131,000 one-byte continuations", more * 1310),
        ("1,000,000 empty continuations", empty * 10_000),
    ):
        with arena.connect() as peer:
            peer.upgrade("/lobby/abuse").send(start)
            sent = 0
            while sent < 100 and peer.send(data):
                sent += 1
            arena.expect(name, peer.closed(), 1008, "reset")


@attack("W-07", "a continuation of nothing, and a new message inside one, are 1002")
def order(arena):
    arena.closes(
        [
            ("a continuation first", frame("x", CONTINUATION), 1002),
            ("an unfinished one first", frame("x", CONTINUATION, fin=False), 1002),
            ("text in a message", frame("{", fin=False) + frame("{}"), 1002),
            ("binary in a message", frame("{", fin=False) + frame("x", BINARY), 1002),
            ("after a whole message", JOIN + frame("x", CONTINUATION), 1002),
        ]
    )
