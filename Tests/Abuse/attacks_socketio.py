"""Rows S-01 to S-18: packets, namespaces, rooms and recovery of an author's Socket.IO, on muster-conformance."""

import json
import random

from .peer import BINARY, frame, packet
from .rows import attack, elsewhere

WEB = "/socket.io/?EIO=4&transport=websocket"
BAD = 4002


def enter(arena, connect="0", path=WEB, **how):
    """A client in a namespace: the connection, and the payload of its CONNECT."""
    peer = arena.connect(**how).upgrade(path)
    peer.message()
    peer.send(packet(connect))
    prefix = b"40" + connect[1:].partition("{")[0].encode()
    answer = peer.until(lambda _, payload: payload.startswith((prefix, b"44")))
    return peer, json.loads(answer[len(prefix) :] or b"{}") if answer.startswith(prefix) else None


def ask(peer, *values, id=7):
    """The ack of an event; what comes before is skipped."""
    peer.send(packet(f"2{id}" + json.dumps(values)))
    head = f"43{id}".encode()
    return json.loads(peer.until(lambda _, payload: payload.startswith(head))[len(head) :])[0]


def lives(arena, case, peer):
    """The client is served as before."""
    try:
        arena.expect(case, ask(peer, "echo-ack", case), case)
    except Exception as error:
        arena.check(case, False, f"{type(error).__name__} {error}")


def closes(arena, cases):
    """Each case is (name, frames): a client in `/` that sends them is closed with 4002, and another lives on."""
    witness, _ = enter(arena)
    for name, data in cases:
        peer, _ = enter(arena)
        peer.send(data)
        arena.expect(name, peer.closed(), BAD)
        peer.close()
    lives(arena, "another client", witness)
    witness.close()


@attack("S-01", "10 attachments at most, in one or two digits", on="sio")
def attachments(arena):
    counts = ["11-", "-1-", "1e1-", "0x5-", " 1-", "-", "99999999999999999999-", "1 -", "+1-", "١-", "100-"]
    closes(arena, [(count, packet(f'5{count}["x",{{"_placeholder":true,"num":0}}]')) for count in counts])


@attack("S-02", "a binary event of no attachments is whole at once", on="sio")
def none(arena):
    peer, _ = enter(arena)
    peer.send(packet('50-["echo",1]'))
    arena.check("it comes back", peer.until(lambda _, payload: b'["echo",1' in payload))
    lives(arena, "a text after it", peer)
    peer.send(frame(b"x", BINARY))
    arena.expect("bytes after it", peer.closed(), BAD)
    peer.close()


@attack("S-03", "half a packet goes with its client, and holds what was sent of it", on="sio")
def halves(arena):
    for _ in range(20):
        peer, _ = enter(arena)
        peer.send(packet('52-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'))
        peer.send(frame(b"a" * 200_000, BINARY))
        arena.check("it is held", True)
        random.choice([peer.close, peer.reset])()
    peer, _ = enter(arena)
    marks = ",".join(f'{{"_placeholder":true,"num":{n}}}' for n in range(10))
    peer.send(packet(f'510-["x",{marks}]'))
    for _ in range(9):
        peer.send(frame(b"a" * 600_000, BINARY))
    arena.expect("more than maxPayload together", peer.closed(), BAD)
    peer.close()


@attack("S-04", "a placeholder is a whole number of an attachment, each used once, and nothing else", on="sio")
def placeholders(arena):
    numbers = ["-1", "1", "1.5", "1e0", "null", '"0"', '"constructor"', "true", "[]", "{}", "99999999999999999999"]
    cases = [(number, f'51-["x",{{"_placeholder":true,"num":{number}}}]') for number in numbers]
    one = '{"_placeholder":true,"num":0}'
    cases += [
        ("twice", f'51-["x",{one},{one}]'),
        ("another key", '51-["x",{"_placeholder":true,"num":0,"x":1}]'),
        ("no number", '51-["x",{"_placeholder":true}]'),
    ]
    closes(arena, [(name, packet(text) + frame(b"a", BINARY)) for name, text in cases])


@attack("S-05", "text where bytes must come, and bytes where none may, close that client alone", on="sio")
def order(arena):
    half = packet('51-["x",{"_placeholder":true,"num":0}]')
    closes(
        arena,
        [
            ("text in half a packet", half + packet('2["echo",1]')),
            ("another head in it", half + half),
            ("bytes when idle", frame(b"a", BINARY)),
        ],
    )
    with arena.connect() as peer:
        peer.upgrade(WEB).message()
        peer.send(frame(b"a", BINARY))
        arena.expect("bytes before CONNECT", peer.closed(), BAD)


@attack("S-06", "a name is a text or a whole number, not reserved, of 128 bytes at most", on="sio")
def names(arena):
    reserved = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]
    bad = ["{}", "[]", "null", "[null]", "[true]", "[1.5]", "[[]]", "[{}]", '["' + "x" * 129 + '"]', '["a"', '["a"]]']
    bad += [json.dumps([name]) for name in reserved] + ['["' + "x" * 1_000_000 + '"]']
    closes(arena, [(text[:30], packet("2" + text)) for text in bad])
    peer, _ = enter(arena)
    for text in ["", '["Connect"]', '["сonnect"]', '["connect "]', "[0]", "[-1]", "[9007199254740992]", '[""]', '["' + "x" * 128 + '"]']:
        peer.send(packet("2" + text))
        lives(arena, text[:30], peer)
    peer.close()


@attack("S-07", "whatever ends a client, it is told once and with the reason of the reference", on="sio")
def reasons(arena):
    witness, _ = enter(arena)
    ways = {
        "forced close": [packet("x")],
        "forced server close": [packet("0")],
        "parse error": [frame("x")],
        "transport error": [frame("x", rsv=4)],
        "client namespace disconnect": [packet("1"), packet("1")],
    }
    for reason, frames in ways.items():
        peer, place = enter(arena)
        for one in frames:
            peer.send(one)
        peer.closed(1) if reason != "client namespace disconnect" else peer.close()
        found = None
        for _ in range(50):
            if found := ask(witness, "reason-of", place["sid"]):
                break
        arena.expect(reason, found, reason)
        peer.close()
    witness.close()


@attack("S-08", "an ack id is ten digits at most; acks of what nobody asked are ignored, and cost nothing", on="sio")
def acks(arena):
    closes(
        arena,
        [
            (text[:24], packet(text))
            for text in ['2-1["echo"]', '212345678901["echo"]', "2" + "9" * 20 + '["echo"]', '21e3["echo"]', '2+1["echo"]', "3[1]", "3-1[1]", '3x["a"]']
        ],
    )
    peer, _ = enter(arena)
    for text in ["30[]", "3999[1]", "39999999999[1]", '3007["x"]']:
        peer.send(packet(text))
        lives(arena, text, peer)
    peer.send(b"".join(packet(f'2{n}["no-ack",1]') for n in range(10_000)))
    lives(arena, "10,000 events that nobody answers", peer)
    peer.send(b"".join(packet('2["server-ack","q"]') for _ in range(3_000)))
    lives(arena, "3,000 questions that it does not answer", peer)
    peer.close()


@attack("S-09", "a client is in 64 namespaces at most, and makes none that is not allowed", on="sio")
def namespaces(arena):
    with arena.connect() as peer:
        peer.upgrade(WEB).message()
        peer.send(b"".join(packet(f"0/dyn-{n},") for n in range(200)))
        answers = [peer.until(lambda _, p: p.startswith((b"40/", b"44/"))) for _ in range(200)]
        arena.expect("let in", sum(answer.startswith(b"40") for answer in answers), 64)
        arena.check("the rest are told", all(b"too many namespaces" in a for a in answers if a.startswith(b"44")))
    with arena.connect() as peer:
        peer.upgrade(WEB).message()
        for name in ["/none", "/dyn-", "/dyn-1?x=1", "/DYN-1", "//", "/lobby/", "/lobby ", "/é", "/" + "x" * 127]:
            peer.send(packet(f"0{name},"))
            answer = peer.until(lambda _, payload: payload.startswith(b"4"))
            arena.check(f"refused: {name[:20]}", answer.startswith(b"44"), answer[:60])
        peer.send(packet("0/" + "x" * 128 + ","))
        arena.expect("a name of 129 bytes", peer.closed(), BAD)
    closes(arena, [(text, packet(text)) for text in ["0", '2/lobby,["x"]', "1/lobby,", '3/lobby,1["x"]', "4{}", "7", ""]])


@attack("S-10", "JSON is strict: 32 levels, 4,096 values, exact numbers, no key twice", on="sio")
def documents(arena):
    bad = ["[" * 33 + "]" * 33, "[" + "0," * 4_096 + "0]", '{"a":1,"a":2}', "[1,]", "{,}", "01", "+1", ".5", "5.", "1e", "0x1", "NaN", "Infinity",
           "'a'", '"\t"', '"\\x"', '"\\u12"', '"\\ud800"', "tru", "nul", "// x\n1", "/**/1", "{a:1}", '{"a" 1}', "[1 2]", '"', "1e999", "[" * 100_000]
    closes(arena, [(text[:20], packet(f'2["echo",{text}]')) for text in bad])
    peer, _ = enter(arena)
    for text in ["[" * 30 + "]" * 30, '"\\u0000"', '{"__proto__":{"x":1}}', "-0", "1e2", "9007199254740993", " 1 ", '"\\ud83d\\ude00"']:
        peer.send(packet(f'2["echo",{text}]'))
        arena.check(f"taken: {text[:20]}", peer.until(lambda _, payload: payload.startswith(b'42["echo"')))
    peer.close()


elsewhere("S-11", "joining pieces is linear", "rows W-06 and W-13, E-09")


@attack("S-12", "rooms cost nothing once they are left, whatever their names", on="sio")
def rooms(arena):
    peer, place = enter(arena)
    other, _ = enter(arena)
    for name in ["", "\0", "x" * 1_000, "é", "e\u0301", "__proto__"]:
        arena.check(f"join {name[:10]!r}", name in ask(peer, "join-room", name))
        arena.expect(f"leave {name[:10]!r}", ask(peer, "leave-room", name), [place["sid"]])
    arena.expect("leave a room of others", ask(peer, "leave-room", "nobody's"), [place["sid"]])
    arena.expect("the room of another", ask(other, "leave-room", place["sid"]) == [place["sid"]], False)
    for n in range(5_000):
        peer.send(packet(f'2["join-room","r{n}"]') + packet(f'2["leave-room","r{n}"]'))
    arena.expect("10,000 joins and leaves", ask(peer, "leave-room", "x"), [place["sid"]])
    peer.send(packet("1"))
    peer.send(packet('2["join-room","late"]'))
    arena.expect("join after leaving", ask(other, "sockets-in", "late"), [])
    peer.close(), other.close()


def claim(place, offset=None, **more):
    return json.dumps({"pid": place["pid"]} | ({"offset": offset} if offset is not None else {}) | more)


def offset_of(peer):
    """The offset of an event that the client has the server send it."""
    peer.send(packet('2["echo",1]'))
    return json.loads(peer.until(lambda _, payload: payload.startswith(b'42["echo"'))[2:])[-1]


@attack("S-13", "a place is given once, to whoever has all of its private id, with nothing that was another's", on="sio")
def recovery(arena):
    def lost():
        peer, place = enter(arena)
        offset = offset_of(peer)
        peer.reset()
        return place, offset

    def again(case, payload, recovers, place, namespace=""):
        back, got = enter(arena, f"0{namespace}{payload}")
        arena.expect(case, bool(got) and got["sid"] == place["sid"], recovers)
        back.close()

    place, offset = lost()
    again("another's id with a secret of one's own", json.dumps({"pid": place["sid"] + "A" * 20, "offset": offset}), False, place)
    again("a cut id", json.dumps({"pid": place["pid"][:39], "offset": offset}), False, place)
    again("in another namespace", claim(place, offset), False, place, "/lobby,")
    again("valid", claim(place, offset), True, place)
    place, offset = lost()
    twice = [enter(arena, "0" + claim(place, offset))[1]["sid"] for _ in range(2)]
    arena.expect("replayed, or two at once", twice.count(place["sid"]) <= 2 and len(twice), 2)
    for name, given in {"unknown": "zzz", "empty": "", "of the future": "_" * 10, "long": "A" * 3_000}.items():
        place, _ = lost()
        again(f"an offset that is {name}", claim(place, given), False, place)
    for name, text in {"a number": '{"pid":5}', "null": '{"pid":null,"offset":null}', "empty": '{"pid":"","offset":""}'}.items():
        place, _ = lost()
        again(f"an id that is {name}", text, False, place)
    peer, place = enter(arena)
    peer.send(packet('2["kick",true]'))
    peer.closed()
    again("after a kick", claim(place), False, place)
    peer.close()
    peer, place = enter(arena)
    peer.send(packet("1"))
    again("after leaving", claim(place), False, place)
    peer.close()
    noisy, _ = enter(arena)
    noisy.send(b"".join(packet('2["broadcast-all","' + "x" * 900 + '"]') for _ in range(1_200)))
    ask(noisy, "echo-ack", 1)
    noisy.close()
    for _ in range(300):
        peer, place = enter(arena, "0" + json.dumps({"pid": "A" * 40, "offset": "x"}))
        peer.reset()
    arena.check("300 guesses, each of whose clients is lost in turn", True)


elsewhere("S-14", "a volatile event waits in one slot of its name, and is counted", "ServerCoreTests `SocketEventTests`, row 63")


@attack("S-15", "MessagePack allocates nothing from a length, and is as strict as JSON", on="sio")
def packs(arena):
    port = arena.target.address[1] + 1

    def entered():
        peer = arena.target.connect(port=port).upgrade(WEB)
        peer.message()
        peer.send(frame(b"\x82\xa4type\x00\xa3nsp\xa1/", BINARY))
        peer.until(lambda opcode, _: opcode == BINARY)
        return peer

    event = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data"
    huge = [bytes([kind]) + b"\xff" * 4 for kind in (0xC6, 0xC9, 0xDB, 0xDD, 0xDF)]
    cases = [(f"{kind[0]:x} of 4 GiB", event + b"\x92\xa1x" + kind) for kind in huge]
    cases += [(f"cut behind {kind:x}", event + b"\x92\xa1x" + bytes([kind])) for kind in range(0xC4, 0xE0) if kind not in (0xC1,)]
    cases += [
        ("depth", event + b"\x91" * 40 + b"\x90"),
        ("a key twice", b"\x84\xa4type\x02\xa4type\x02\xa3nsp\xa1/\xa4data\x91\xa1x"),
        ("a key that is none", event + b"\x92\xa1x\x81\x01\x01"),
        ("more behind it", event + b"\x91\xa1x\x00"),
        ("nothing", b""),
        ("a text", None),
    ]
    for name, data in cases:
        peer = entered()
        peer.send(packet("2[]") if data is None else frame(data, BINARY))
        arena.expect(name, peer.closed(), BAD)
        peer.close()


elsewhere(
    "S-16", "a middleware that never answers holds no client beyond connectTimeout",
    "ServerCoreTests `SocketNamespaceTests`, rows 44 and 48")


@attack("S-17", "the session's id and the private id are told to their client alone", on="sio")
def secrets(arena):
    spy, _ = enter(arena)
    peer = arena.connect().upgrade(WEB)
    sid = json.loads(peer.message()[1][1:])["sid"]
    peer.send(packet("0"))
    place = json.loads(peer.until(lambda _, payload: payload.startswith(b"40"))[2:])
    arena.expect("three ids", len({sid, place["sid"], place["pid"][20:]}), 3)
    for event in ['["broadcast",1]', '["broadcast-all",{"a":1}]', '["join-room","r"]']:
        peer.send(packet("2" + event))
    who = json.dumps(ask(peer, "whoami"))
    spy.send(packet('27["sockets-in","r"]'))
    heard = b""
    while not heard.endswith(b"]]") or b"437" not in heard:
        heard += spy.message()[1]
    for name, secret in {"the session's": sid, "the private": place["pid"][20:]}.items():
        arena.check(f"{name} id is not told to others", secret.encode() not in heard)
        arena.check(f"{name} id is no part of what is known of a socket", secret not in who)
    peer.close(), spy.close()


@attack("S-18", "CONNECT's payload is an object of 4 KiB at most, once for each namespace", on="sio")
def payloads(arena):
    for name, text, good in [
        ("none", "0", True),
        ("an object", '0{"a":1}', True),
        ("4 KiB", '0{"a":"' + "x" * 4_000 + '"}', True),
        ("more", '0{"a":"' + "x" * 5_000 + '"}', False),
        ("a list", "0[]", False),
        ("a text", '0"a"', False),
        ("null", "0null", False),
        ("bytes", '0{"a":{"_placeholder":true,"num":0}}', True),
    ]:
        with arena.connect() as peer:
            peer.upgrade(WEB).message()
            peer.send(packet(text))
            end = peer.until(lambda opcode, payload: opcode == 8 or payload.startswith(b"40"))
            arena.expect(name, end.startswith(b"40"), good)
    with arena.connect() as peer:
        peer.upgrade(WEB).message()
        peer.send(packet('0/guarded,{"token":"wrong"}'))
        answer = peer.until(lambda _, payload: payload.startswith(b"44"))
        arena.expect("a wrong token", answer, b'44/guarded,{"message":"not authorized","data":{"code":401,"got":"wrong"}}')
