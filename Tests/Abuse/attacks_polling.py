"""Rows E-01, E-09 to E-13 and E-17: polls, payloads, heartbeats and ends (protocol/spec/socketio.md §7)."""

import select
import time

from .attacks_engine import POLL, WEB, finish, post, refusal
from .attacks_tcp import open_polling
from .measure import sample
from .peer import Ended, frame, packet, request
from .rows import attack
from .target import Target


def gone(arena, name, sid):
    """The session is over: its id is unknown."""
    with arena.connect() as peer:
        arena.expect(f"{name}: the session is over", refusal(peer.ask(f"{POLL}&sid={sid}")), (400, 1))


@attack("E-01", "a second GET or POST is 400 and ends the session; who waits is told")
def twice(arena):
    with arena.connect() as first, arena.connect() as second:
        sid = open_polling(first)
        first.send(request(f"{POLL}&sid={sid}"))
        time.sleep(0.05)
        arena.expect("GET and GET", second.ask(f"{POLL}&sid={sid}")[0], 400)
        arena.expect("the first is told", first.response()[2], b"1")
        gone(arena, "GET and GET", sid)
    with arena.connect() as first, arena.connect() as second:
        sid = open_polling(first)
        first.send(request(f"{POLL}&sid={sid}", "Content-Length: 5", method="POST", body=b"40"))
        time.sleep(0.05)
        arena.expect("POST and POST", post(second, sid, "40"), 400)
        first.send("/ab")
        arena.expect("the first POST, once it is whole", first.response()[0], 400)
        gone(arena, "POST and POST", sid)
    with arena.connect() as peer:
        sid = open_polling(peer)
        many = [arena.connect() for _ in range(50)]
        for one in many:
            one.send(request(f"{POLL}&sid={sid}"))
        statuses = [one.response()[0] for one in many]
        arena.expect("50 GETs: one winner at most", statuses.count(200), 0, 1)
        arena.expect("50 GETs: the others", statuses.count(400), 49, 50)
        gone(arena, "50 GETs", sid)
        for one in many:
            one.close()
    for name, method in (("GET", "GET"), ("POST", "POST")):
        sid_holder = arena.connect()
        sid = open_polling(sid_holder)
        with arena.connect() as peer:
            peer.send(request(f"{POLL}&sid={sid}", *(["Content-Length: 9"] if method == "POST" else []), method=method))
            time.sleep(0.05)
        time.sleep(0.1)
        gone(arena, f"a {name} that was given up", sid)
        sid_holder.close()


@attack("E-09", "a payload has 256 packets and maxPayload bytes at most: 400, 413, and the session ends")
def payloads(arena):
    cases = {
        "257 packets": (b"\x1e".join([b"3"] * 257), 400),
        "20,000 tiny packets": (b"\x1e".join([b"4"] * 20_000), 400),
        "only separators": (b"\x1e" * 1000, 400),
        "empty": (b"", 400),
        "a byte over": (b"3" + b"x" * 65_536, 413),
        "bad UTF-8": (b"4\xff\xfe", 400),
        "unknown type": (b"9", 400),
        "empty in the middle": (b"3\x1e\x1e3", 400),
        "separator last": (b"3\x1e", 400),
        "a ping from a client": (b"2", 400, 200),
    }
    for name, (body, *wanted) in cases.items():
        with arena.connect() as peer:
            sid = open_polling(peer)
            arena.expect(name, post(peer, sid, body), *wanted)
            gone(arena, name, sid)
    with arena.connect() as peer:
        sid = open_polling(peer)
        arena.expect("declared over", peer.ask(f"{POLL}&sid={sid}", "Content-Length: 100000000", method="POST")[0], 413)
        gone(arena, "declared over", sid)
    with arena.connect() as peer:
        sid = open_polling(peer)
        peer.send(request(f"{POLL}&sid={sid}", "Transfer-Encoding: chunked", method="POST"))
        while peer.send(b"1000\r\n" + b"4" * 4096 + b"\r\n") and len(peer.buffer) == 0:
            if select.select([peer.socket], [], [], 0)[0]:
                break
        status, fields, _ = peer.response()
        arena.expect("chunks over", status or fields["end"], 413, "reset")
        gone(arena, "chunks over", sid)
    with arena.connect() as peer:
        sid = open_polling(peer)
        arena.expect("256 packets", post(peer, sid, b"\x1e".join([b"3"] * 256)), 200)
        finish(arena, sid)


@attack("E-10", "every POST is answered once; bytes are 400 and end the session")
def media(arena):
    for kind, wanted in (
        ("application/octet-stream", 400),
        ("multipart/form-data; boundary=x", 200),
        ("text/plain; charset=utf-16", 200),
        ("text/plain", 200),
        ("application/x-www-form-urlencoded", 200),
        ("APPLICATION/OCTET-STREAM", 400),
        ("application/octet-stream; x=y", 400),
        ("", 200),
    ):
        with arena.connect() as peer:
            sid = open_polling(peer)
            began = time.monotonic()
            arena.expect(kind, post(peer, sid, "3", "Content-Type: " + kind), wanted)
            arena.check(f"{kind}: at once", time.monotonic() - began < 1)
            if wanted == 400:
                gone(arena, kind, sid)
            else:
                finish(arena, sid)


@attack("E-11", "base64 is strict, and counts once it is decoded")
def base64_packets(arena):
    for text in (
        "b!!!!",
        "bAAA",
        "bA",
        "bAA=A",
        "bAAAA=",
        "bAA A",
        "bAA\nAA",
        "bAAAA\n\n",
        "b\nAAAA",
        "bAA-_",
        "bAB==",
        "bA===",
        "b" + "A" * 65_535,
    ):
        with arena.connect() as peer:
            sid = open_polling(peer)
            arena.expect(text[:20], post(peer, sid, text), 400)
            gone(arena, text[:20], sid)
    with arena.connect() as peer:
        # Well-formed, but no attachment is due: the packet is judged, and the session ends with the message.
        sid = open_polling(peer)
        arena.expect("bytes that nobody announced", post(peer, sid, "bAAAA"), 200, 400)


@attack("E-12", "a ping from the client is 4002, and a stray pong changes nothing", on="heartbeat", quick=False)
def heartbeats(arena):
    arena.closes(
        [
            ("a ping", frame("2"), 4002),
            ("a ping with data", frame("2probe"), 4002),
            ("a join, then a ping", packet("0/lobby/beat,") + frame("2"), 4002),
            ("pongs alone, from early on", packet("0") + frame("3") * 100, 4005),
        ],
        WEB,
    )
    with arena.connect() as peer:
        peer.upgrade(WEB).send(packet("0"))
        began, pings = time.monotonic(), 0
        try:
            while time.monotonic() - began < 2.2:
                peer.send(frame("3") * 5)
                opcode, payload, _ = peer.message(0.1) if peer.buffer else wait(peer, 0.05)
                if payload == b"2":
                    pings += 1
        except Ended as end:
            arena.check("answered pings keep it", False, end)
        arena.check("one ping an interval", 2 <= pings <= 5, pings)


def wait(peer, seconds):
    try:
        return peer.message(seconds)
    except TimeoutError:
        return 0, b"", 0


@attack("E-13", "a session that never polls is gone after the join time, and holds little until then", quick=False)
def never_polls(arena):
    before = sample(arena.target.pid)
    sids = []
    with arena.connect() as peer:
        for _ in range(400):
            sids.append(open_polling(peer))
        held = (sample(arena.target.pid).resident - before.resident) // len(sids)
        arena.note(f"{held} bytes each of {len(sids)} sessions")
        arena.check("8 KiB each", held < 8 << 10, held)
    time.sleep(1.8)
    with arena.connect() as peer:
        answers = [refusal(peer.ask(f"{POLL}&sid={sid}")) for sid in sids[:50]]
    # The first poll of a session that has ended is told the close; then it is unknown.
    arena.check("ended", all(status == 400 or body in (b"1", b"6\x1e1", 1) for status, body in answers), answers[:2])


@attack(
    "E-17", "a shutdown tells every poll that waits, and all sockets are gone a second after the drain", quick=False
)
def shutdown(arena):
    own = Target("plain", arena.target.binaries)
    own.meter = arena.meter
    polls = []
    for _ in range(100):
        peer = own.connect()
        sid = open_polling(peer)
        peer.ask(f"{POLL}&sid={sid}", "Content-Length: 2", method="POST", body=b"40")
        peer.ask(f"{POLL}&sid={sid}")
        peer.send(request(f"{POLL}&sid={sid}"))
        polls.append(peer)
    began = time.monotonic()
    own.process.terminate()
    told = [peer.response()[2] for peer in polls]
    for number, body in enumerate(told):
        arena.check(f"poll {number}", b"1" in body or b"6" in body or b"draining" in body, body)
    arena.expect("exit code", own.process.wait(5), 0)
    arena.check("in time", time.monotonic() - began < 3.5, time.monotonic() - began)
    for peer in polls:
        peer.close()
    own.stop()
