"""Rows H-09 to H-16: grammar, queries, origins, methods and proxies (protocol/spec/http.md)."""

import json
import time

from .attacks_tcp import posing
from .measure import sample
from .peer import UPGRADE, frame, request
from .rows import attack
from .target import LOCAL, ROOT

POLL = "/socket.io/?EIO=4&transport=polling"


@attack("H-09", "lists in fields are read in linear time")
def grammar(arena):
    count = 8000
    protocols = {
        "blanks": " " * count,
        "commas": "," * count,
        "a, blanks, b": "a" + " " * count + "b",
        "one token": "a" * count,
        "tabs": "a,\t" * (count // 3),
    }
    extensions = {
        "blanks": " " * count,
        "semicolons": ";" * count,
        "backslashes": 'a; b="' + "\\" * count + '"',
        "open quote": 'a; b="' + "\\\\" * (count // 2),
        "built-in names": "__proto__; constructor; toString",
        "many": ",".join(["permessage-deflate"] * 400),
        "equals": "a;" + "=" * count,
        "parameters": "permessage-deflate" + "; x" * (count // 3),
    }
    for field, shapes in (("Sec-WebSocket-Protocol", protocols), ("Sec-WebSocket-Extensions", extensions)):
        for name, value in shapes.items():
            before = sample(arena.target.pid)
            for _ in range(5):
                with arena.connect() as peer:
                    status, _, _ = peer.ask("/lobby/abuse", *UPGRADE, f"{field}: {value}")
                    arena.expect(f"{field}, {name}", status, 101, 400)
            after = sample(arena.target.pid)
            each = (after.cpu - before.cpu - arena.target.idle * (after.at - before.at)) / 5e6
            arena.check(f"{field}, {name}: 1 ms of CPU", each < 1, f"{each:.2f} ms")


@attack("H-10", "a query has 64 pairs, and each name of ours once")
def queries(arena):
    start = "/socket.io/?"
    bad = {
        "nothing": "",
        "no transport": "EIO=4",
        "unknown transport": "EIO=4&transport=foo",
        "empty transport": "EIO=4&transport=",
        "transport __proto__": "EIO=4&transport=__proto__",
        "transport constructor": "EIO=4&transport=constructor",
        "webtransport": "EIO=4&transport=webtransport",
        "transport twice": "EIO=4&transport=polling&transport=polling",
        "EIO twice": "EIO=4&EIO=4&transport=polling",
        "sid twice": "EIO=4&transport=polling&sid=a&sid=b",
        "t=65 pairs": "EIO=4&transport=polling" + "&x=1" * 63,
        "3,000 pairs": "&".join(["x=1"] * 2000),
        "bad UTF-8": "EIO=4&transport=%ff",
        "overlong": "EIO=4&transport=%c0%af",
        "bad percent": "EIO=4&transport=%zz",
        "EIO 99": "EIO=99&transport=polling",
        "EIO text": "EIO=four&transport=polling",
        "transport with NUL": "EIO=4&transport=polling%00",
        "empty sid": "EIO=4&transport=polling&sid=",
    }
    arena.refused([(name, request(start + query), 400) for name, query in bad.items()])
    arena.refused(
        [
            ("unknown names, repeated", request(start + "EIO=4&transport=polling&__proto__=1&x=1&x=2"), 200),
            ("64 pairs", request(start + "EIO=4&transport=polling" + "&x=1" * 62), 200),
        ]
    )


@attack("H-11", "a foreign page is 403 and may read nothing")
def origins(arena):
    foreign = "Origin: https://evil.example"
    for name, path, lines, wanted in (
        ("GET", "/api/lobbies", [foreign], 403),
        ("poll", POLL, [foreign], 403),
        ("null", POLL, ["Origin: null"], 403),
        ("upgrade", "/lobby/abuse", [*UPGRADE, foreign], 403),
        ("another port", POLL, ["Origin: http://muster.example:81"], 403),
        ("a longer host", POLL, ["Origin: http://muster.example.evil.example"], 403),
        ("user info", POLL, ["Origin: http://muster.example@evil.example"], 403),
        ("own", POLL, ["Origin: http://muster.example"], 200),
        ("two", POLL, ["Origin: http://muster.example", foreign], 400),
    ):
        with arena.connect() as peer:
            status, fields, _ = peer.ask(path, *lines)
            allowed = fields.get("access-control-allow-origin")
            arena.expect(name, (status, allowed), (wanted, "http://muster.example" if name == "own" else None))
            if path == POLL and wanted != 400:
                arena.check(name + ": Vary", "Origin" in fields.get("vary", ""), fields)
            arena.check(name + ": no credentials", "access-control-allow-credentials" not in fields, fields)
    with arena.connect() as peer:
        status, fields, _ = peer.ask(POLL, foreign, "Access-Control-Request-Method: POST", method="OPTIONS")
        arena.expect("preflight", (status, fields.get("access-control-allow-origin")), (403, None))


@attack("H-12", "odd methods are 405, odd versions 505 or 400")
def methods(arena):
    arena.refused(
        [
            (method, request(method=method), 405, 404)
            for method in ("TRACE", "PUT", "DELETE", "PATCH", "get", "M" * 1024)
        ]
    )
    arena.refused(
        [
            (version, request(version=version), *wanted)
            for version, *wanted in (
                ("HTTP/1.0", 505),
                ("HTTP/2.0", 505),
                ("HTTP/0.9", 505),
                ("HTTP/1.2", 505),
                ("HTTP/11", 400),
                ("http/1.1", 400),
                ("HTTP/1.1 x", 400),
                ("HTTP/a.b", 400),
            )
        ]
    )
    arena.refused(
        [
            ("0.9", b"GET /health\r\n", 400),
            ("h2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, 400),
            ("CONNECT", b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 400, 405),
            (
                "h2c",
                request(
                    "/health", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__", "Connection: Upgrade, HTTP2-Settings"
                ),
                200,
            ),
        ]
    )


@attack(
    "H-13",
    "a proxy that does not begin with a sound PROXY header is closed without a word, within a second",
    on="proxy",
    quick=False,
)
def proxy_headers(arena):
    good = posing("198.51.100.77")
    start = good[:12]
    nested = b"\x20" + b"\xff\xff" * 60

    def header(command=0x21, family=0x11, body=good[16:], length=None):
        return start + bytes([command, family]) + (len(body) if length is None else length).to_bytes(2, "big") + body

    shapes = {
        "version 1": b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n",
        "version 1, line breaks": b"PROXY TCP4 1.1.1.1\r\n 2.2.2.2\r\n",
        "version 0xFF": header(0xFF),
        "version 3": header(0x31),
        "unknown command": header(0x22),
        "UDP": header(family=0x12),
        "Unix": header(family=0x31, body=bytes(216)),
        "unknown family": header(family=0x41),
        "too short for IPv4": header(body=b"1234"),
        "too short for IPv6": header(family=0x21, body=bytes(12)),
        "length 65,535": header(length=65535) + bytes(600),
        "537 bytes": header(body=good[16:] + bytes(509)),
        "a request": request(),
        "a wrong byte": start[:-1] + b"\x00" + good[12:],
        "TLS": bytes.fromhex("160301008001"),
        "NUL": bytes(16),
    }
    for name, data in shapes.items():
        with arena.connect() as peer:
            began = time.monotonic()
            peer.send(data)
            received, how = peer.rest(3)
            arena.check(
                name,
                received == b"" and how != "open" and time.monotonic() - began < 1.6,
                (received[:60], how, time.monotonic() - began),
            )
    for name, data in {"nothing": b"", "half": good[:9], "dripped": good}.items():
        with arena.connect() as peer:
            began = time.monotonic()
            peer.drip(data, 0.15)
            received, how = peer.rest(3)
            arena.check(
                name,
                received == b"" and how != "open" and time.monotonic() - began < 1.8,
                (received, how, time.monotonic() - began),
            )
    for name, data in {"TLVs": header(body=good[16:] + nested), "LOCAL": LOCAL}.items():
        with arena.connect(hello=data) as peer:
            arena.expect(name, peer.ask("/health")[0], 200)
    with arena.connect(hello=good + good) as peer:
        arena.expect("twice", peer.response()[0], 400)


@attack("H-13b", "with the PROXY protocol off, a header is a bad request")
def proxy_off(arena):
    arena.refused(
        [("version 2", posing("198.51.100.77"), 400), ("version 1", b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n\r\n", 400)]
    )


@attack("H-14", "the client is the first from the right that no listed proxy names")
def forwarded(arena):
    """The admin's overview tells by which address each player is known."""
    lists = {
        "1.2.3.4": "1.2.3.4",
        "9.9.9.9, 1.2.3.4": "1.2.3.4",
        "9.9.9.9, 1.2.3.4, 127.0.0.1": "1.2.3.4",
        "1.2.3.4:5678": "1.2.3.4",
        "[2001:db8::1]:99": "2001:db8::1",
        "2001:db8::1%eth0": "2001:db8::1",
        "::ffff:1.2.3.4": "1.2.3.4",
        "10.0.0.7": "10.0.0.7",
        "1.2.3.4, nonsense": "127.0.0.1",
        "nonsense": "127.0.0.1",
        "": "127.0.0.1",
        "127.0.0.1": "127.0.0.1",
        ", ".join(["9.9.9.9"] * 1000 + ["1.2.3.4"]): "1.2.3.4",
        "9.9.9.9, " + ", ".join(["127.0.0.1"] * 100): "127.0.0.1",
    }
    join = frame(json.dumps({"event": "join", "data": {"game": "arena", "name": "forwarded"}}))
    for text, wanted in lists.items():
        with arena.connect() as peer:
            peer.upgrade("/lobby/forwarded", "X-Forwarded-For: " + text).send(join)
            peer.message()
            seats = arena.target.admin.ask("lobby", lobby="forwarded")["seatRows"]
            known = [seat.get("address") for seat in seats]
            arena.expect(text[-40:], [one.rpartition(":")[0].strip("[]") for one in known], [wanted])
            peer.send(frame('{"event":"leave"}'))
            peer.closed()
    flood(arena)


def flood(arena):
    """70 WebSockets of one forwarded address: 64 at a time, and 40 at once."""
    held, refused = [], 0
    for _ in range(70):
        peer = arena.connect()
        status, _, _ = peer.ask("/lobby/flood", *UPGRADE, "X-Forwarded-For: 203.0.113.50")
        if status == 101:
            held.append(peer)
        else:
            refused += 1
            arena.expect("over the burst", status, 503)
            peer.close()
    with arena.connect() as other:
        arena.expect("another address", other.ask("/lobby/flood", *UPGRADE, "X-Forwarded-For: 203.0.113.51")[0], 101)
    arena.check("the burst of 40", 40 <= len(held) <= 50, len(held))
    arena.note(f"{refused} of 70 WebSockets of one address refused")
    for peer in held:
        peer.close()


def vector_bytes(segments):
    """Bytes as protocol/vectors/README.md writes them."""
    return b"".join(
        (one["text"].encode() if "text" in one else bytes.fromhex(one["hex"])) * one.get("times", 1) for one in segments
    )


@attack(
    "H-15",
    "every malformed request of the vectors ends with its status and the connection's end",
    also="HTTPCoreTests `a case of h1spec ends as it should`, all 33",
)
def conformance(arena):
    vectors = json.loads((ROOT / "protocol/vectors/http.json").read_text())["requests"]
    for vector in vectors:
        if "error" not in vector or "limits" in vector:
            continue
        data = vector_bytes(vector["input"])
        for size in ((len(data), 1) if len(data) < 400 else (len(data),)):
            with arena.connect() as peer:
                for at in range(0, len(data), size):
                    if not peer.send(data[at : at + size]):
                        break
                received, how = peer.rest(3)
                last = received.rfind(b"HTTP/1.1 ")
                status = int(received[last + 9 : last + 12]) if last >= 0 else how
                # The routes of the host take no body, which they say before what is wrong with its end.
                arena.expect(
                    f"{vector['id']} by {size}", status, vector["status"], 413, *(["reset"] if size == 1 else [])
                )
                arena.check(f"{vector['id']} by {size} ends", how != "open", how)


@attack("H-16", "a compressed body is 415 and never inflated")
def compressed_bodies(arena):
    arena.refused(
        [
            (
                coding,
                request(POLL, f"Content-Encoding: {coding}", "Content-Length: 4", method="POST", body=b"abcd"),
                415,
            )
            for coding in ("gzip", "deflate", "br", "x-gzip", "gzip, identity", "zstd")
        ]
    )
