"""Rows D-01 to D-09: permessage-deflate (protocol/spec/websocket.md §6)."""

import json
import os
import time
import zlib

from .attacks_tcp import JOIN
from .measure import sample
from .peer import BINARY, CLOSE, PING, PONG, TEXT, UPGRADE, frame
from .rows import attack, elsewhere

OFFER = "Sec-WebSocket-Extensions: permessage-deflate"


def deflate(data, level=9, bits=-15):
    """A message's payload as RFC 7692 §7.2.1 wants it."""
    squeezer = zlib.compressobj(level, zlib.DEFLATED, bits)
    return (squeezer.compress(data) + squeezer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def squeezed(data, opcode=TEXT, **how):
    return frame(data, opcode, rsv=4, **how)


@attack("D-01", "inflating stops one byte beyond the limit: 1009", on="deflate")
def bombs(arena):
    bomb = deflate(b"a" * 60_000_000)
    arena.closes(
        [
            ("64 MB", squeezed(bomb[:65_000]), 1009),
            ("binary", squeezed(bomb[:65_000], BINARY), 1009),
            ("one byte over", squeezed(deflate(b"a" * 65_537)), 1009),
            ("in fragments", squeezed(bomb[:30_000], fin=False) + frame(bomb[30_000:50_000], 0), 1009),
            ("stored blocks", squeezed(deflate(b"a" * 70_000, 0)), 1009),
            ("compressed beyond an eighth more", squeezed(os.urandom(80_000)), 1009),
            ("no last fragment", squeezed(bomb[:50_000], fin=False), 1009),
        ],
        "/lobby/abuse",
        OFFER,
    )
    peers = [arena.connect().upgrade("/lobby/abuse", OFFER) for _ in range(40)]
    before = sample(arena.target.pid)
    for peer in peers:
        peer.send(squeezed(bomb[:58_000]))
    for number, peer in enumerate(peers):
        arena.expect(f"bomb {number} of 40", peer.closed(), 1009)
        peer.close()
    after = sample(arena.target.pid)
    each = (after.cpu - before.cpu - arena.target.idle * (after.at - before.at)) / 40e6
    arena.check("5 ms of CPU each", each < 5, f"{each:.2f} ms")
    arena.note(f"{each:.2f} ms each of 40 bombs, {(after.resident - before.resident) >> 10} KiB more")


@attack("D-02", "compression is off unless it is asked for")
def off(arena):
    with arena.connect() as peer:
        status, fields, _ = peer.ask("/lobby/abuse", *UPGRADE, OFFER)
        arena.expect("no answer to the offer", (status, fields.get("sec-websocket-extensions")), (101, None))
    arena.closes(
        [
            ("a bomb", squeezed(deflate(b"a" * 1_000_000)), 1002),
            ("a join", squeezed(deflate(b'{"event":"join"}')), 1002),
        ],
        "/lobby/abuse",
        OFFER,
    )


@attack("D-03", "an offer that breaks a rule is declined, one that breaks the grammar is 400", on="deflate")
def offers(arena):
    pmd = "permessage-deflate; "
    declined = [
        pmd + one
        for one in (
            "server_max_window_bits=7",
            "server_max_window_bits=16",
            "server_max_window_bits=8",
            "server_max_window_bits=015",
            "server_max_window_bits=-9",
            "server_max_window_bits=99999999999",
            "server_max_window_bits",
            "server_max_window_bits=x",
            "client_max_window_bits=7",
            "client_max_window_bits=16",
            "client_max_window_bits=09",
            "unknown",
            "unknown=1",
            "server_no_context_takeover=1",
            "client_no_context_takeover=x",
            "server_no_context_takeover; server_no_context_takeover",
            "server_max_window_bits=10; server_max_window_bits=10",
        )
    ]
    declined += ["x-webkit-deflate-frame", "permessage-deflatex", ", ".join(["permessage-deflate; x"] * 50)]
    malformed = [
        "permessage-deflate; =9",
        "permessage-deflate;",
        "; x",
        "permessage-deflate; a=",
        'permessage-deflate; a="',
        "permessage-deflate a",
        'permessage-deflate; a="b',
        "(x)",
    ]
    good = {
        "permessage-deflate": "server_no_context_takeover",
        pmd + 'server_max_window_bits="10"': "server_max_window_bits=10",
        pmd + "client_max_window_bits": "client_",
        "permessage-deflate; x, permessage-deflate": "server_no_context_takeover",
    }
    for cases, wanted, agreed in (
        (declined, 101, lambda _, text: text is None),
        (malformed, 400, lambda _, text: True),
        (good, 101, lambda offer, text: text is not None and good[offer] in text),
    ):
        for offer in cases:
            with arena.connect() as peer:
                status, fields, _ = peer.ask("/lobby/abuse", *UPGRADE, "Sec-WebSocket-Extensions: " + offer)
                answer = fields.get("sec-websocket-extensions")
                arena.check(offer[:80], status == wanted and agreed(offer, answer), (status, answer))


@attack("D-04", "data that is not DEFLATE, or cut short, is 1007", on="deflate")
def broken(arena):
    good = deflate(b'{"event":"join","data":{"game":"arena","name":"' + b"x" * 200 + b'"}}')
    far = zlib.compressobj(9, zlib.DEFLATED, -15)
    shapes = {
        "a bad block type": b"\x07",
        "bad block type behind good": good + b"\x07",
        "a far distance": b"\x03\x02" + bytes(2),
        "a stored length that lies": b"\x00\x05\x00\x00\x00abcde",
        "no payload": b"",
        "cut short": good[:20],
        "cut by one": good[:-2],
        "random": b"\xff" * 50,
        "bad code lengths": b"\x04\xff\xff\xff\xff\xff\xff",
        "text that is not UTF-8": deflate(b'"\xff\xff"'),
        "gzip": b"\x1f\x8b\x08\x00" + bytes(20),
        "zlib": far.flush() + b"\x07" + good,
    }
    arena.closes(
        [(name, squeezed(data), 1007, *([4002] if name == "cut by one" else [])) for name, data in shapes.items()],
        "/lobby/abuse",
        OFFER,
    )
    with arena.connect() as peer:
        peer.upgrade("/lobby/good", OFFER).send(squeezed(good))
        arena.check("a good one joins", peer.message()[0] in (TEXT, BINARY))


@attack("D-05", "RSV1 on a continuation or a control frame is 1002", on="deflate")
def misplaced(arena):
    good = deflate(b'{"event":"join"}')
    arena.closes(
        [
            ("continuation", squeezed(good[:4], fin=False) + squeezed(good[4:], 0), 1002),
            ("ping", squeezed(b"x", PING), 1002),
            ("pong", squeezed(b"x", PONG), 1002),
            ("close", squeezed(b"\x03\xe8", CLOSE), 1002),
            ("a continuation of plain text", frame("{", fin=False) + squeezed(b"}", 0), 1002),
        ],
        "/lobby/abuse",
        OFFER,
    )
    arena.closes([("nothing agreed", squeezed(good), 1002)])


@attack("D-06", "a connection keeps nothing between compressed messages", on="deflate")
def kept(arena):
    """150 connections, of which each has sent and been sent one compressed message."""

    def crowd(*fields):
        before = sample(arena.target.pid).resident
        peers = [arena.connect().upgrade("/lobby/kept", *fields) for _ in range(150)]
        for peer in peers:
            peer.send(
                squeezed(deflate(b'{"event":"lobbies","id":1}' + b" " * 3000))
                if fields
                else frame('{"event":"lobbies","id":1}')
            )
        time.sleep(0.2)
        grown = sample(arena.target.pid).resident - before
        for peer in peers:
            peer.close()
        return grown

    grown = crowd(OFFER)
    arena.note(f"{grown // 150} bytes each of 150")
    arena.check("16 KiB each at most", grown < 150 * (16 << 10), grown)


elsewhere(
    "D-07",
    "a message that does not get smaller goes out as it is",
    "WebSocketCoreTests `a message goes out as it is where it would not get smaller`",
)


@attack("D-08", "a token never goes compressed beside text that a player chose", on="deflate")
def oracle(arena):
    lengths = []
    for name in ("a" * 32, 'token":"', "b" * 32, "x"):
        with arena.connect() as peer:
            peer.upgrade("/lobby/oracle", OFFER).send(
                frame(json.dumps({"event": "join", "data": {"game": "arena", "name": name}}))
            )
            while True:
                opcode, payload, rsv = peer.message()
                if opcode == TEXT:
                    break
            arena.check(f"joined as {name!r} is plain", rsv == 0 and b'"token"' in payload, (rsv, payload[:40]))
            lengths.append(len(payload) - len(json.dumps(name)))
    arena.note(f"{max(lengths)} bytes")


@attack(
    "D-09",
    "the worst stream at the full message rate stays under 20 % of a core, and one beyond it is 4008",
    on="deflate",
    also="ServerCoreTests `a stream of bombs is closed with 4008 once its second's worth is used up`",
    quick=False,
)
def full_rate(arena):
    text = b'{"event":"input","data":{"input":{},"x":"' + b"a" * 65_000 + b'"}}'
    message = squeezed(deflate(text))
    with arena.connect() as peer:
        peer.upgrade("/lobby/rate", OFFER).send(JOIN)
        before, began, sent = sample(arena.target.pid), time.monotonic(), 0
        peer.socket.setblocking(True)
        while time.monotonic() - began < 2:
            due = int((time.monotonic() - began) * 235)
            if due > sent:
                if not peer.send(message * (due - sent)):
                    break
                sent = due
            time.sleep(0.01)
        after = sample(arena.target.pid)
        share = ((after.cpu - before.cpu) - arena.target.idle * (after.at - before.at)) / 1e9 / (after.at - before.at)
        arena.check("the stream was taken", sent > 400, sent)
        arena.check("share of a core", share < 0.2, f"{share:.1%}")
        arena.note(f"{share:.1%} of a core for {sent} messages of {len(text):,} bytes, {len(message)} on the wire")
    with arena.connect() as peer:
        peer.upgrade("/lobby/rate", OFFER).send(JOIN)
        peer.until(lambda opcode, _: opcode == BINARY)
        before = sample(arena.target.pid)
        for _ in range(50):
            if not peer.send(message * 100):
                break
        arena.expect("5,000 at once", peer.closed(), 4008)
        after = sample(arena.target.pid)
        spent = ((after.cpu - before.cpu) - arena.target.idle * (after.at - before.at)) / 1e6
        arena.check("200 ms of CPU", spent < 200, f"{spent:.0f} ms")
        arena.note(f"{spent:.0f} ms for 5,000 at once, closed at the allowance")
    arena.end_lobby("rate")
