"""Rows R-01 to R-07: a cluster whose Redis is hostile, slow, gone or another one, on muster-conformance with a real Redis."""

import json
import os
import signal
import socket
import struct
import time

from Tests.Integration.redis_server import command, pack

from .attacks_socketio import ask, enter, lives
from .peer import PATIENCE, frame, packet
from .rows import attack, elsewhere

BACK_SECONDS = 3


class Bus:
    """A connection to the server's Redis of somebody who should not have one; its bytes count."""

    def __init__(self, arena):
        self.meter, self.rest = arena.meter, b""
        self.socket = socket.create_connection(("127.0.0.1", arena.target.redis.port), PATIENCE)

    def say(self, *words):
        """One command, and the first line of its answer."""
        data = command(*words)
        self.meter.sent += len(data)
        self.socket.sendall(data)
        return self.line()

    def line(self):
        while b"\r\n" not in self.rest:
            self.rest += self.socket.recv(65_536)
        line, _, self.rest = self.rest.partition(b"\r\n")
        return line

    def close(self):
        self.socket.close()


def listeners(bus, channel="socket.io-request#/#"):
    """How many servers hear a channel."""
    bus.say("PUBSUB", "NUMSUB", channel)
    bus.line(), bus.line()
    return int(bus.line()[1:])


def emission(event, *arguments, rooms=(), sender="emitter"):
    return pack([sender, {"type": 2, "data": [event, *arguments], "nsp": "/"}, {"rooms": list(rooms), "except": [], "flags": {}}])


def hear(peer, wanted, patience=PATIENCE):
    """The first packet that pleases; pings are answered."""

    def takes(_, payload):
        if payload == b"2":
            peer.send(frame("3"))
        return wanted(payload)

    return peer.until(takes, patience)


def linger(peer, seconds):
    """Stays for a while."""
    try:
        hear(peer, lambda _: False, seconds)
    except TimeoutError:
        pass


def barrier(arena, case, bus, peer, number):
    """What was published before has been taken: a client of the server hears what comes behind it."""
    if arena.target.kind == "streams":
        data = json.dumps({"packet": {"type": 2, "data": ["after", number], "nsp": "/"}, "opts": {"rooms": [], "except": [], "flags": {}}})
        bus.say("XADD", "socket.io", "*", "uid", "x", "nsp", "/", "type", "3", "data", data)
    else:
        bus.say("PUBLISH", "socket.io#/#", emission("after", number))
    wanted = b'["after",' + json.dumps(number).encode()
    try:
        hear(peer, lambda payload: payload.startswith(b"42") and wanted in payload)
        arena.check(case, True)
    except Exception as error:
        arena.check(case, False, f"{type(error).__name__} {error}")


PICKLE = b"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94."
HOSTILE = {
    "nothing": b"",
    "a pickle": PICKLE,
    "half of JSON": b'{"type":2,"opts":',
    "no form of MessagePack": b"\xc1",
    "an array of 4 GiB": b"\xdd\xff\xff\xff\xff",
    "a map of 4 GiB": b"\xdf\xff\xff\xff\xff",
    "a text of 4 GiB": b"\xdb\xff\xff\xff\xff",
    "bytes of 4 GiB": b"\xc6\xff\xff\xff\xff",
    "an extension of 4 GiB": b"\xc9\xff\xff\xff\xff\x01",
    "depth, packed": b"\x91" * 1_000_000,
    "depth, in JSON": b'{"a":' * 200_000,
    "two million values": b"\xdd" + struct.pack("!I", 1 << 21) + b"\xc0" * (1 << 21),
    "a key twice": b'{"type":6,"type":4,"data":["e"]}',
    "numbers for all": pack([1, 2, 3]),
    "a reserved name": emission("disconnect"),
    "no name": pack(["x", {"type": 2, "data": [], "nsp": "/"}, {"rooms": []}]),
    "another type": pack(["x", {"type": 0, "data": ["e"], "nsp": "/"}, {"rooms": []}]),
    "names that mean something elsewhere": pack(["__proto__", {"constructor": {"prototype": 1}, "type": 2, "data": ["toString"]}, {"rooms": {"length": 9}}]),
    "an answer to nobody": b'{"requestId":"__proto__","type":8,"clientCount":1e308}',
}


@attack("R-01", "what comes off the bus is read as strictly as a client's packets: it ends nothing, and reaches nobody", on="classic")
def messages(arena):
    bus, (peer, _) = Bus(arena), enter(arena)
    for number, (name, payload) in enumerate(HOSTILE.items()):
        for channel in ["socket.io#/#", "socket.io#/#__proto__#", "socket.io-request#/#", "socket.io-response#/#"]:
            bus.say("PUBLISH", channel, payload)
        barrier(arena, name, bus, peer, number)
    peer.close(), bus.close()


@attack("R-01b", "so are the entries of the stream, and sessions that others have kept", on="streams")
def entries(arena):
    bus, (peer, _) = Bus(arena), enter(arena)
    for number, (name, payload) in enumerate(HOSTILE.items()):
        for fields in [["type", "3", "data", payload], ["type", payload[:100], "data", "{}"], ["type", "2", "data", payload], [payload[:100], payload[:100]]]:
            bus.say("XADD", "socket.io", "*", "uid", "x", "nsp", "/", *fields)
        bus.say("PUBLISH", "socket.io#/#", payload)
        pid = f"forged-{number}"
        bus.say("SET", "sio:session:" + pid, payload)
        thief, place = enter(arena, "0" + json.dumps({"pid": pid, "offset": "0-1"}))
        arena.check(f"{name} is nobody's session", place and place["pid"] != pid)
        thief.close()
        barrier(arena, name, bus, peer, number)
    peer.close(), bus.close()


def heard(peer, event):
    return json.loads(hear(peer, lambda payload: payload.startswith(b'42["' + event.encode()))[2:])


def is_back(arena, case, bus, peer, began):
    """The server hears its channels again, soon."""
    while not listeners(bus) and time.monotonic() < began + PATIENCE:
        linger(peer, 0.01)
    took = time.monotonic() - began
    arena.check(f"{case}: it is heard again", took < BACK_SECONDS, f"{took:.1f} s")
    return took


@attack("R-02", "while Redis is stopped, gone or cuts its connections, clients are served; within 3 s of its return it is used again", on="classic", quick=False)
def outages(arena):
    redis = arena.target.redis
    bus, (ann, _), (bob, _) = Bus(arena), enter(arena), enter(arena)
    for peer in (ann, bob):
        ask(peer, "join-room", "r")
    redis.process.send_signal(signal.SIGSTOP)
    longest = 0
    for number in range(300):
        began = time.monotonic()
        ann.send(packet(json.dumps(["say-room", "r", str(number) + "x" * 60_000]).join(["2", ""])))
        told = heard(bob, "room-said")[3]
        arena.check("what is said while Redis is stopped", told.startswith(str(number)))
        longest = max(longest, time.monotonic() - began)
    arena.note(f"300 broadcasts of 60 kB while Redis is stopped: each heard here within {1000 * longest:.0f} ms")
    redis.process.send_signal(signal.SIGCONT)
    barrier(arena, "after a stop", bus, ann, "stop")
    slowest = 0
    for kind in ["normal", "pubsub"]:
        began = time.monotonic()
        bus.say("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
        slowest = max(slowest, is_back(arena, f"after {kind} connections were cut", bus, bob, began))
        barrier(arena, f"after {kind} connections were cut", bus, ann, kind)
    bus.close()
    redis.kill()
    ann.send(packet('2["say-room","r","gone"]'))
    arena.expect("what is said while Redis is gone", heard(bob, "room-said")[3], "gone")
    redis.start()
    began, bus = time.monotonic(), Bus(arena)
    slowest = max(slowest, is_back(arena, "after it was gone", bus, bob, began))
    barrier(arena, "after it was gone", bus, ann, "gone")
    arena.note(f"back within {slowest:.1f} s")
    ann.close(), bus.close()
    # What was said is kept for those who may come back, for the time that they may.
    linger(bob, 10)
    bob.close()


def stopped(arena):
    """The server's process does not run until it is told to."""
    arena.target.process.send_signal(signal.SIGSTOP)
    os.waitpid(arena.target.pid, os.WUNTRACED)


def limit(bus, text):
    """How much Redis holds for those who hear channels; then they are cut."""
    bus.say("CONFIG", "SET", "client-output-buffer-limit", "pubsub " + text)


@attack("R-03", "a server that Redis has cut for reading too slowly is back within 3 s", on="classic", quick=False)
def slow(arena):
    bus, (peer, _) = Bus(arena), enter(arena)
    for case, text in {"at once": "8mb 0 0", "for a second": "1gb 1mb 1"}.items():
        limit(bus, text)
        stopped(arena)
        began = time.monotonic()
        while listeners(bus) and time.monotonic() < began + PATIENCE:
            bus.say("PUBLISH", "socket.io#/#", emission("flood", "x" * 60_000, rooms=["nobody"]))
        arena.expect(f"cut {case}", listeners(bus), 0)
        arena.target.process.send_signal(signal.SIGCONT)
        is_back(arena, case, bus, peer, time.monotonic())
        barrier(arena, f"after it was cut {case}", bus, peer, case)
    limit(bus, "32mb 8mb 60")
    peer.close(), bus.close()


@attack("R-03b", "on the stream it misses nothing meanwhile, and hears nothing twice", on="streams")
def missed(arena):
    bus, (peer, _) = Bus(arena), enter(arena)
    barrier(arena, "before", bus, peer, "before")
    stopped(arena)
    for number in range(250):
        data = {"packet": {"type": 2, "data": ["missed", number, "x" * 5_000], "nsp": "/"}, "opts": {"rooms": [], "except": [], "flags": {}}}
        bus.say("XADD", "socket.io", "*", "uid", "x", "nsp", "/", "type", "3", "data", json.dumps(data))
        if number == 100:
            bus.say("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    arena.target.process.send_signal(signal.SIGCONT)
    arena.expect("in order, once each", [heard(peer, "missed")[1] for _ in range(250)], list(range(250)))
    barrier(arena, "after", bus, peer, "after")
    peer.close(), bus.close()


@attack("R-04", "on an empty Redis, or one whose stream lies before, events go on, once each", on="streams", quick=False)
def failover(arena):
    redis = arena.target.redis
    bus, (peer, _) = Bus(arena), enter(arena)
    barrier(arena, "before", bus, peer, 0)
    # An entry of the far future: whatever comes on another Redis lies before it.
    bus.say("XADD", "socket.io", "9999999999999-1", "uid", "x", "nsp", "/", "type", "2")
    barrier(arena, "after an entry of the future", bus, peer, 1)
    for case in ["killed", "deleted"]:
        if case == "killed":
            bus.close()
            redis.kill()
            redis.start()
            bus = Bus(arena)
            began = time.monotonic()
            # Both listeners read: that of MessagePack is a member of its own.
            while redis.ask("CLIENT", "LIST").upper().count(b"CMD=XREAD") < 2 and time.monotonic() < began + 2 * PATIENCE:
                linger(peer, 0.05)
        else:
            bus.say("XADD", "socket.io", "99999999999999-1", "uid", "x", "nsp", "/", "type", "2")
            barrier(arena, "before it is deleted", bus, peer, 2)
            bus.say("DEL", "socket.io")
            # A read of nothing takes five seconds; then the server looks where the stream ends.
            linger(peer, 5.5)
        for number in range(3, 8):
            barrier(arena, f"{case}, event {number}", bus, peer, number)
        lives(arena, case, peer)
    peer.close(), bus.close()


elsewhere(
    "R-05", "what is not RESP 2, is deeper than 8 or longer than 64 KiB a line ends the connection to Redis at once",
    "RedisTests `RedisAbuseTests`")


@attack("R-06", "a storm of searches is answered, each at the cost of an answer; of the server's own, 1,024 are under way", on="classic", also="ClusterAbuseTests `R-06, storms: …`")
def storms(arena):
    bus, (witness, _) = Bus(arena), enter(arena)
    peers = [enter(arena)[0] for _ in range(50)]
    before = received(arena)
    asked = 1_000
    for number in range(asked):
        bus.socket.sendall(command("PUBLISH", "socket.io-request#/#", json.dumps({"requestId": f"r{number}", "type": 5, "opts": {"rooms": [], "except": []}})))
    for _ in range(asked):
        bus.line()
    barrier(arena, "after the storm", bus, witness, 1)
    arena.meter.sent += 110 * asked
    lives(arena, "after the storm", witness)
    barrier(arena, "after the answers", bus, witness, 2)
    arena.note(f"{(received(arena) - before) // asked:,} bytes for each answer of 51 sockets")
    for peer in [witness, *peers]:
        peer.close()
    bus.close()


def received(arena):
    """The bytes that Redis has got, of everybody."""
    info = arena.target.redis.ask("INFO", "stats").decode()
    return int(info.partition("total_net_input_bytes:")[2].split()[0])


@attack("R-07", "no name of a room is another's, a channel or a pattern", on="sharded", also="ClusterAbuseTests, R-07")
def channels(arena):
    (peer, _), (other, _) = enter(arena), enter(arena)
    for room in ["a", "b", "x"]:
        ask(other, "join-room", room)
    for name in ["*", "?", "[ab]", "a#", "#", "a#b", "#/#", "request#/#", "a*", "x\0", "n" * 1_024]:
        ask(peer, "join-room", name)
        peer.send(packet("2" + json.dumps(["say-room-all", name, 1])))
        arena.expect(f"{name[:10]!r} is heard in it", heard(peer, "room-said")[1], name)
        ask(peer, "leave-room", name)
    other.send(packet('28["echo-ack",1]'))
    arena.expect("nobody else has heard any", other.until(lambda _, payload: payload.startswith(b"4")), b"438[1]")
    peer.close(), other.close()
