"""Rows T-01 to T-08: slow, silent, rude and many connections, below any protocol (reliability: TCP and process limits)."""

import json
import select
import socket
import time

from .measure import sample
from .peer import PATIENCE, TEXT, UPGRADE, Peer, frame, packet, request
from .rows import attack
from .target import LOCAL

POLL = "/socket.io/?EIO=4&transport=polling"
JOIN = frame(json.dumps({"event": "join", "data": {"game": "arena", "name": "x"}}))


def open_polling(peer, *fields):
    """Opens a session: its id."""
    status, _, body = peer.ask(POLL, *fields)
    assert status == 200, f"the handshake was answered {status}"
    return json.loads(body[1:])["sid"]


@attack("T-01", "a head that drips is answered 408 by the wall clock", quick=False)
def head_drips(arena):
    """50 sockets, a byte each 0.2 s: the deadline is 1 s from the accept."""
    peers = [(arena.connect(), time.monotonic()) for _ in range(50)]
    data, ends = request("/health", "X: " + "y" * 99), {}
    for at in range(12):
        for number, (peer, began) in enumerate(peers):
            if number in ends:
                continue
            if select.select([peer.socket], [], [], 0)[0]:
                ends[number] = (peer.rest()[0][9:12], time.monotonic() - began)
            else:
                peer.send(data[at : at + 1])
        time.sleep(0.2)
    for peer, _ in peers:
        peer.close()
    for number in range(50):
        status, seconds = ends.get(number, (b"", 0))
        arena.check(f"socket {number}", status == b"408" and 0.9 < seconds < 2, (status, round(seconds, 2)))


@attack("T-02", "a body that drips is answered 408 by the wall clock", quick=False)
def body_drips(arena):
    for name, fields, unit in (
        ("plain", ["Content-Length: 500"], b"4"),
        ("chunked", ["Transfer-Encoding: chunked"], b"1\r\n4\r\n"),
    ):
        for pause in (0.05, 0.4):
            with arena.connect() as peer:
                sid, began = open_polling(peer), time.monotonic()
                peer.send(request(f"{POLL}&sid={sid}", *fields, method="POST"))
                while time.monotonic() - began < 3 and not select.select([peer.socket], [], [], pause)[0]:
                    peer.send(unit)
                status, _, _ = peer.response()
                seconds = time.monotonic() - began
                arena.check(f"{name}, each {pause} s", status == 408 and 1.3 < seconds < 2.5, (status, seconds))
            with arena.connect() as peer:
                peer.ask(f"{POLL}&sid={sid}", "Content-Length: 1", method="POST", body=b"1")


def never_reads(arena, path="/muster/client.js"):
    """Asks for more than the kernel holds and reads nothing: the descriptor must be free again while we hold on."""
    before, peers = sample(arena.target.pid).descriptors, []
    for _ in range(4):
        peer = arena.connect(receive_buffer=4096)
        peers.append(peer)
        peer.send(request(path) * 400)
    began, met = time.monotonic(), False
    while time.monotonic() - began < PATIENCE:
        now = sample(arena.target.pid).descriptors
        if met and now <= before:
            break
        met = met or now > before
        time.sleep(0.02)
    arena.check("it was connected", met)
    arena.check("closed while its peer holds on", sample(arena.target.pid).descriptors <= before)
    arena.note(f"closed after {time.monotonic() - began:.1f} s")
    for peer in peers:
        peer.close()


@attack("T-03", "a peer that never reads is closed after the write time", also="BackpressureTests")
def zero_window(arena):
    never_reads(arena)


@attack(
    "T-04",
    "a peer that answers no ping is closed with 4005, and cut when it says nothing to that",
    on="heartbeat",
    also="SimulatedWorldTests `a silently dead connection is noticed by both sides' heartbeats, and the seat is kept`",
    quick=False,
)
def says_nothing(arena):
    for name, path, hello in (
        ("plain", "/lobby/dead", JOIN),
        ("Socket.IO", "/socket.io/?EIO=4&transport=websocket", packet("0")),
    ):
        with arena.connect() as peer:
            peer.upgrade(path).send(hello)
            arena.expect(name, peer.closed(), 4005)
            arena.expect(name + ", no answer to the close", peer.rest(2)[1], "fin", "reset")


def points(arena):
    """Openings of a connection that end at any point: (name, what to do on a fresh peer)."""
    whole = request("/lobby/rst", *UPGRADE)
    bad = request("/lobby/rst", *UPGRADE, "Origin: https://evil.example")
    yield "nothing", lambda peer: None
    for part in (1, 4, 20, len(whole) - 2, len(whole) - 1, len(whole)):
        yield f"{part} bytes of a handshake", lambda peer, part=part: peer.send(whole[:part])
    for part in (len(bad) - 1, len(bad)):
        yield f"{part} bytes of a refused handshake", lambda peer, part=part: peer.send(bad[:part])
    yield "a refused handshake, answered", lambda peer: (peer.send(bad), peer.response())
    yield "a malformed request", lambda peer: peer.send("\x00")
    yield "a request", lambda peer: peer.send(request("/muster/client.js"))
    yield "many requests", lambda peer: peer.send(request("/muster/client.js") * 50)
    yield "half a body", lambda peer: peer.send(request(POLL, "Content-Length: 9", method="POST", body=b"4"))
    yield "an upgrade", lambda peer: peer.upgrade("/lobby/rst")
    for part in (1, 2, 5, 20, len(JOIN) - 1, len(JOIN)):
        yield f"{part} bytes of a join", lambda peer, part=part: peer.upgrade("/lobby/rst").send(JOIN[:part])
    yield "joined", lambda peer: (peer.upgrade("/lobby/rst").send(JOIN), peer.message())
    yield "playing", lambda peer: (peer.upgrade("/lobby/rst").send(JOIN), [peer.message() for _ in range(5)])
    yield "a fragment", lambda peer: peer.upgrade("/lobby/rst").send(frame("{", fin=False))
    yield "a ping", lambda peer: peer.upgrade("/lobby/rst").send(frame("x", 9))
    yield "a close", lambda peer: peer.upgrade("/lobby/rst").send(frame(b"\x03\xe8", 8))
    yield "half a close", lambda peer: peer.upgrade("/lobby/rst").send(frame(b"\x03\xe8", 8)[:3])
    yield "a bad message", lambda peer: peer.upgrade("/lobby/rst").send(frame("}"))
    yield "a bad message, closed", lambda peer: (peer.upgrade("/lobby/rst").send(frame("}")), peer.closed())
    yield "a session", open_polling
    yield "a poll", lambda peer: (sid := open_polling(peer), peer.send(request(f"{POLL}&sid={sid}")))
    yield "half a POST", lambda peer: (
        sid := open_polling(peer),
        peer.send(request(f"{POLL}&sid={sid}", "Content-Length: 5", method="POST", body=b"40")),
    )
    yield "a CONNECT", lambda peer: (
        sid := open_polling(peer),
        peer.ask(f"{POLL}&sid={sid}", "Content-Length: 13", method="POST", body=b"40/lobby/rst,"),
    )
    web = "/socket.io/?EIO=4&transport=websocket"
    yield "an engine", lambda peer: peer.upgrade(web)
    yield "an engine, connected", lambda peer: peer.upgrade(web).send(packet("0/lobby/rst,"))
    yield "an attachment due", lambda peer: peer.upgrade(web).send(
        packet("0") + packet('51-["lobbies",{"_placeholder":true,"num":0}]')
    )
    yield "a probe", lambda peer: peer.upgrade(web + "&sid=" + open_polling(peer)).send(frame("2probe", TEXT))
    yield "a wrong login", lambda peer: peer.upgrade(web).send(packet('0/admin,{"username":"a","password":"bbbbbbbb"}'))
    yield "a stream", lambda peer: peer.ask("/api/lobbies/canary/events", patience=0.2)


@attack("T-05", "a reset at any point ends that connection and nothing else")
def resets(arena):
    for name, act in points(arena):
        peer = arena.connect()
        act(peer)
        peer.reset()
        arena.check(name, arena.target.alive())
    finish_sessions(arena)


@attack("T-06", "a FIN at any point ends the connection, without a close code of ours")
def half_closes(arena):
    for name, act in points(arena):
        with arena.connect() as peer:
            act(peer)
            peer.finish()
            arena.expect(name, peer.rest(4)[1], "fin", "reset")
    finish_sessions(arena)


def finish_sessions(arena):
    """A session of polling that sits in a lobby outlives its connections until its heartbeat, so the lobby is closed."""
    time.sleep(0.3)
    arena.end_lobby("rst")


@attack(
    "T-07", "without descriptors it sheds at a slow pace, and service returns with them", on="descriptors", quick=False
)
def descriptors(arena):
    """64 descriptors, 150 connections: CPU over 2 s, then the time until a request is answered again."""
    peers = []
    for _ in range(150):
        try:
            peers.append(Peer(arena.meter, arena.target.address))
        except OSError:
            break
    time.sleep(0.3)
    before = sample(arena.target.pid)
    stop = time.monotonic() + 2
    while time.monotonic() < stop:
        time.sleep(0.1)
    after = sample(arena.target.pid)
    share = (after.cpu - before.cpu) / 1e9 / (after.at - before.at)
    arena.check("CPU while it has none", share < 0.2, f"{share:.0%}")
    arena.note(f"{share:.1%} of a core meanwhile")
    for peer in peers:
        peer.reset()
    began = time.monotonic()
    while time.monotonic() - began < 3:
        with arena.connect() as peer:
            if peer.ask("/health", patience=0.5)[0] == 200:
                break
        time.sleep(0.02)
    arena.check("service is back", time.monotonic() - began < 1, f"{time.monotonic() - began:.2f} s")


def posing(address, port=4000):
    """A PROXY header of version 2 of a client at an IPv4 address."""
    body = socket.inet_aton(address) + socket.inet_aton("10.0.0.1") + port.to_bytes(2, "big") + (80).to_bytes(2, "big")
    return LOCAL[:12] + b"\x21\x11" + len(body).to_bytes(2, "big") + body


@attack("T-08", "a flood from one address is answered 503 after its burst, and others are served", on="proxy")
def one_address(arena):
    statuses = []
    for number in range(500):
        with arena.connect(hello=posing("203.0.113.9", 1024 + number)) as peer:
            status, fields, _ = peer.ask("/health")
            statuses.append(status)
            if status == 503 and fields.get("retry-after") != "5":
                arena.check("Retry-After", False, fields)
        if number % 50 == 0:
            with arena.connect(hello=posing(f"198.51.100.{number // 50}")) as other:
                arena.expect(f"another address after {number}", other.ask("/health")[0], 200)
    let_in = statuses.count(200)
    arena.note(f"{let_in} of 500 let in")
    arena.check("the burst of 40 and 10 a second", 40 <= let_in <= 120, let_in)
    arena.check("only 200 and 503", set(statuses) <= {200, 503}, set(statuses))
