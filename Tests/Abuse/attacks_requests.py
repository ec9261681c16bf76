"""Rows H-01 to H-08: requests that are too long, too many or not what they seem (protocol/spec/http.md)."""

import time

from .measure import sample
from .peer import PATIENCE, UPGRADE, request
from .rows import attack


@attack("H-01", "more than 100 fields are 431")
def fields(arena):
    arena.refused(
        [
            ("100 fields", request("/health", *["X: y"] * 99), 200),
            ("101 fields", request("/health", *["X: y"] * 100), 431),
            ("2,000 fields", request("/health", *["X: y"] * 2000), 431),
            ("100,000 fields", request("/health", *["X: y"] * 100_000), 431),
            ("names of their own", request("/health", *[f"X{at}: y" for at in range(2000)]), 431),
            ("an empty name", request("/health", ": y"), 400),
            ("empty values", request("/health", *["X:"] * 2000), 431),
            ("one long field", request("/health", "X: " + "y" * 20_000), 431),
        ]
    )


@attack(
    "H-02",
    "a head is read once and no further than 16 KiB; what follows the refusal is dropped, 32 MiB of it at most",
    also="SimulatedWorldTests `what a closed end drops is bounded: beyond that the peer gets a reset (H-02)`",
)
def long_heads(arena):
    before = sample(arena.target.pid)
    with arena.connect() as peer:
        data = request("/health", "X: " + "y" * 8000)
        for at in range(len(data)):
            peer.send(data[at : at + 1])
        arena.expect("8 KB byte by byte", peer.response()[0], 200)
    spent = (sample(arena.target.pid).cpu - before.cpu) / len(data)
    arena.note(f"{spent:,.0f} ns a byte sent alone")
    with arena.connect() as peer:
        peer.send("GET /health HTTP/1.1\r\nHost: a\r\nX: ")
        sent = 0
        while sent < 128 << 20 and peer.send("y" * 4096):
            sent += 4096
        status, answer, _ = peer.response()
        arena.expect("128 MB of a field", status or answer["end"], 431, "reset")
        # Beside what is dropped, the kernels of both sides hold some.
        arena.check("cut off", sent < 64 << 20, sent)
        arena.note(f"cut off after {sent >> 20} MiB, the kernels' buffers among them")
    arena.refused(
        [
            ("a target of 9 KB", request("/" + "x" * 9000), 414),
            ("a target of 17 KB", request("/" + "x" * 17000), 414, 431),
            ("a method of 17 KB", request(method="G" * 17000), 431, 414),
            ("empty lines", b"\r\n" * 9000, 400, 431),
        ]
    )


@attack("H-03", "a target is visible ASCII in origin form, matched byte for byte")
def targets(arena):
    bad = [
        "/\x00",
        "/a\x00b",
        "/\x01",
        "/\x7f",
        "/\xff",
        "/\xc0\xaf",
        "/a#b",
        "health",
        "",
        "//\x00",
        "\\health",
        "*",
        "http://",
        "http://evil.example/health",
        "ftp://muster.example/",
        "muster.example:80",
        "/\t",
    ]
    strange = [
        "/../health",
        "/./health",
        "/health/",
        "/%68ealth",
        "/health%00",
        "/%2e%2e/health",
        "/health%2f",
        "//health",
        "/%",
        "/%zz",
        "/%c0%af",
        "/health;x",
        "/HEALTH",
        "/lobby/",
        "/lobby/%2e",
        "/lobby/" + "a" * 65,
    ]
    arena.refused([(repr(target), request(target), 400) for target in bad])
    arena.refused([(target, request(target), 404) for target in strange])
    arena.refused(
        [
            ("absolute form", request("http://muster.example/health"), 200),
            ("two blanks", b"GET  /health HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ]
    )


@attack("H-04", "there is exactly one valid Host")
def hosts(arena):
    bad = [
        "",
        "a b",
        "user@a",
        "[::1",
        "::1",
        "[zz]",
        "a:99999",
        "a:x",
        "a:-1",
        "a/b",
        "a?b",
        "a\x00",
        "[::1]x",
        "a:80:80",
        "http://a",
    ]
    arena.refused([("none", request(host=None), 400), ("two", request("/health", "Host: muster.example"), 400)])
    arena.refused([(repr(host), request(host=host), 400) for host in bad])
    arena.refused([(host, request(host=host), 200) for host in ("a", "127.0.0.1", "[::1]", "[::1]:80", "a:65535")])


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


def framings():
    """(field lines, body, statuses): messages about whose end two readers could disagree."""
    te, cl = "Transfer-Encoding: chunked", "Content-Length: 4"
    chunk = b"4\r\nabcd\r\n0\r\n\r\n"
    yield from (
        (lines, chunk, (400,))
        for lines in (
            [te, cl],
            [cl, te],
            [te, "Content-Length: 0"],
            [te, te],
            ["Transfer-Encoding: chunked, chunked"],
            ["Transfer-Encoding: chunked, identity"],
            ["Transfer-Encoding : chunked"],
            [" Transfer-Encoding: chunked"],
            ["Transfer-Encoding: \x0bchunked"],
            ["Transfer-Encoding: chunked\x00"],
            ["X: y\nTransfer-Encoding: chunked"],
            ["X: y\rTransfer-Encoding: chunked"],
            ["X: y", " Transfer-Encoding: chunked"],
            ["Transfer-Encoding: xchunked"],
            ["Transfer-Encoding:"],
            ["Transfer-Encoding: identity"],
            ["Transfer-Encoding: chunked;q=1"],
            ['Transfer-Encoding: "chunked"'],
        )
    )
    yield ["Transfer-Encoding: gzip, chunked"], chunk, (501, 400)
    yield from (
        ([line, *more], b"abcd", (400,))
        for line, *more in (
            ["Content-Length: 4", "Content-Length: 4"],
            ["Content-Length: 4", "Content-Length: 5"],
            ["Content-Length: 4, 4"],
            ["Content-Length: +4"],
            ["Content-Length: -4"],
            ["Content-Length: 0x4"],
            ["Content-Length: 4.0"],
            ["Content-Length: 4 4"],
            ["Content-Length:"],
            ["Content-Length: 9223372036854775808"],
            ["Content-Length: 99999999999999999999999"],
            ["Content-Length : 4"],
            ["Content_Length : 4"],
            ["Content-Length: 4\x00"],
            ["Content-Length: \xb2"],
        )
    )
    yield from (
        ([te], body, (400,))
        for body in (
            b"4;a=b\r\nabcd\r\n0\r\n\r\n",
            b"4\nabcd\n0\n\n",
            b"4\r\nabcd0\r\n\r\n",
            b"x\r\n",
            b"-4\r\nabcd\r\n",
            b"0x4\r\nabcd\r\n0\r\n\r\n",
            b"4 \r\nabcd\r\n0\r\n\r\n",
            b" 4\r\nabcd\r\n0\r\n\r\n",
            b"ffffffffffffffffff\r\n",
            b"\r\n",
            b"4\r\nabcd\r\n0\r\nX: y\r\n\r\n",
            b"3\r\nabcd\r\n0\r\n\r\n",
            b"00000000000000004\r\nabcd\r\n0\r\n\r\n",
        )
    )
    yield [te], b"ffffffffffffffff\r\n", (400, 413)
    yield ["Content-Length: 99999999"], b"", (413,)


@attack("H-05", "where two readers could disagree about a request's end, it is refused and the connection ends")
def smuggling(arena):
    """To a polling session's POST path of nobody, so that a body is read; nothing behind may be answered."""
    for lines, body, statuses in framings():
        for piecemeal in (False, True):
            data = request("/socket.io/?EIO=4&transport=polling", *lines, method="POST", body=body) + SMUGGLED
            with arena.connect() as peer:
                if piecemeal:
                    for at in range(0, len(data), 7):
                        peer.send(data[at : at + 7])
                else:
                    peer.send(data)
                received, how = peer.rest(3)
                status = int(received[9:12]) if received.startswith(b"HTTP/1.1 ") else how
                name = f"{lines} {body[:20]}{' in pieces' if piecemeal else ''}"
                arena.expect(name, status, *statuses, *(["reset"] if piecemeal else []))
                arena.check(name + ": one answer, and the end", received.count(b"HTTP/1.1") <= 1 and how != "open", how)


@attack("H-06", "requests sent ahead wait in the kernel, and who reads no answer is closed")
def pipelined(arena):
    before = sample(arena.target.pid)
    with arena.connect(receive_buffer=4096) as peer:
        peer.socket.settimeout(0.3)
        try:
            for _ in range(100):
                peer.send(request() * 1000)
        except TimeoutError:
            pass
        held = sample(arena.target.pid).resident - before.resident
        arena.note(f"{held >> 10} KiB while it held on")
        arena.check("memory while it holds on", held < 1 << 20, held)
        began = time.monotonic()
        while sample(arena.target.pid).descriptors > before.descriptors and time.monotonic() - began < PATIENCE:
            time.sleep(0.05)
        arena.check("closed", time.monotonic() - began < PATIENCE)
    with arena.connect() as peer:
        peer.send(request() * 500)
        answered = 0
        while answered < 500 and peer.response()[0] == 200:
            answered += 1
        arena.expect("read, all are answered in order", answered, 500)
    with arena.connect() as peer:
        peer.send(request("/lobby/abuse", *UPGRADE) + request())
        arena.expect("upgraded", peer.response()[0], 101)
        arena.expect("what follows is no request", peer.closed(), 1002)


@attack(
    "H-07",
    "a handshake is GET, HTTP/1.1, 13, with Upgrade, Connection and a key of 16 bytes, and has no body",
    quick=False,
)
def handshakes(arena):
    upgrade, connection, version, key = UPGRADE
    name = "Sec-WebSocket-Key: "

    def with_key(text):
        return [upgrade, connection, version, name + text]

    cases = [
        ("no Upgrade", [connection, version, key], 426),
        ("no Connection", [upgrade, version, key], 400, 426),
        ("no version", [upgrade, connection, key], 426),
        ("no key", [upgrade, connection, version], 400),
        ("Upgrade: h2c", ["Upgrade: h2c", connection, version, key], 426),
        ("Upgrade: websocketx", ["Upgrade: websocketx", connection, version, key], 426),
        ("Connection: close", [upgrade, "Connection: close", version, key], 400, 426),
        *(
            (f"version {text!r}", [upgrade, connection, f"Sec-WebSocket-Version: {text}", key], 426, 400)
            for text in ("0", "7", "8", "12", "14", "013", "13, 8", "")
        ),
        ("two keys", [*UPGRADE, key], 400),
        ("two versions", [*UPGRADE, version], 400, 426),
        *(
            (f"key {text!r}", with_key(text), 400)
            for text in (
                "",
                "x",
                "dGhlIHNhbXBsZSBub25jZQ",
                "dGhlIHNhbXBsZSBub25jZQ=",
                "dGhlIHNhbXBsZSBub25jZR==",
                "dGhlIHNhbXBsZSBub25jZQ== x",
                "dGhlIHNhbXBsZSBub25jZQ-_",
                "A" * 24,
                "A" * 5000,
            )
        ),
        ("a body", [*UPGRADE, "Content-Length: 1"], 400, 413),
        ("chunks", [*UPGRADE, "Transfer-Encoding: chunked"], 400, 413),
        ("33 subprotocols", [*UPGRADE, "Sec-WebSocket-Protocol: " + ",".join(f"p{at}" for at in range(33))], 400),
        ("a subprotocol twice", [*UPGRADE, "Sec-WebSocket-Protocol: a, a"], 400),
    ]
    arena.refused([(case, request("/lobby/abuse", *lines), *statuses) for case, lines, *statuses in cases])
    for method in ("POST", "PUT", "HEAD", "get"):
        with arena.connect() as peer:
            status, answer, _ = peer.ask("/lobby/abuse", *UPGRADE, method=method)
            arena.expect(method, (status, answer.get("allow")), (405, "GET"))
    with arena.connect() as peer:
        status, answer, _ = peer.ask("/lobby/abuse", upgrade, connection, "Sec-WebSocket-Version: 8", key)
        arena.expect("8 is told 13", answer.get("sec-websocket-version"), "13")


@attack("H-08", "no text of a peer ends a line of an answer")
def splitting(arena):
    evil = "x%0d%0aX-Evil: 1"
    for name, path, lines in (
        ("path", "/" + evil.replace(" ", "%20"), []),
        ("query", "/socket.io/?EIO=4&transport=" + evil.replace(" ", "+"), []),
        ("sid", "/socket.io/?EIO=4&transport=polling&sid=x%0d%0aX-Evil:+1", []),
        ("origin", "/health", ["Origin: https://x\rX-Evil: 1"]),
        ("origin, tab", "/health", ["Origin: https://x\tX-Evil"]),
        ("origin, high bytes", "/health", ["Origin: https://\xff\x85X-Evil: 1"]),
        ("subprotocol", "/lobby/abuse", [*UPGRADE, "Sec-WebSocket-Protocol: x\rX-Evil: 1"]),
        ("extension", "/lobby/abuse", [*UPGRADE, 'Sec-WebSocket-Extensions: x; y="\rX-Evil: 1"']),
        ("cookie", "/socket.io/?EIO=4&transport=polling", ["Cookie: io=x\rX-Evil: 1"]),
        (
            "preflight",
            "/socket.io/?EIO=4",
            [
                "Origin: https://muster.example",
                "Access-Control-Request-Method: POST",
                "Access-Control-Request-Headers: x\rX-Evil",
            ],
        ),
        ("host", "/health", ["Host: x\rX-Evil: 1"]),
        ("etag", "/", ['If-None-Match: "x\rX-Evil: 1"']),
    ):
        with arena.connect() as peer:
            peer.send(request(path, *lines, "Connection: close", method="OPTIONS" if name == "preflight" else "GET"))
            received, _ = peer.rest(2)
            head = received.partition(b"\r\n\r\n")[0]
            arena.check(name, b"X-Evil" not in head and b"HTTP/1.1 " in head, head)
