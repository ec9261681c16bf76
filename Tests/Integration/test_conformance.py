"""`muster-conformance` on real sockets: Autobahn's and h1spec's cases by clients of ours that send exact bytes, and
the raw WebSocket and HTTP listeners by `websockets` and by hand.

What was found stands in protocol/conformance/websocket.md and http.md.
"""

import hashlib
import json
import os
import socket
import time

import pytest
import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import connect

import conformance
import http_cases
import websocket_cases
from raw_websocket import BINARY as BINARY_FRAME
from raw_websocket import PONG, TEXT, RawWebSocket, close_payload, frame

SECONDS = 10
MEBIBYTE = 1 << 20
LARGEST = 16 * MEBIBYTE
HEAD_BYTES = 16 * 1024
HEAD_SECONDS = 10


class Suites:
    def __init__(self, port):
        self.port = port
        # A connection that never sends its whole head, and when it began: the last test sees how it ends.
        self.opened = time.monotonic()
        self.half_head = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self.half_head.sendall(b"GET /health HTTP/1.1\r\nHost: local")


@pytest.fixture(scope="module")
def suites(tmp_path_factory):
    with conformance.running(tmp_path_factory.mktemp("suites")) as port:
        suites = Suites(port)
        yield suites
        suites.half_head.close()


# Case groups


@pytest.mark.parametrize("group", [*websocket_cases.GROUPS, "12", "13"])
def test_the_cases_of_autobahn(suites, group):
    count, failed = websocket_cases.failures(suites.port, group, count=4)
    assert count and not failed


def test_there_are_as_many_cases_as_in_autobahn():
    names = [case.name for _, cases in websocket_cases.GROUPS.values() for case in cases()]
    names += [name for name, _ in websocket_cases.compressed_cases(1)]
    assert len(names) == len(set(names)) == 517


@pytest.mark.parametrize("chop", [0, 1], ids=["whole", "one byte per write"])
def test_the_requests_of_h1spec(suites, chop):
    assert len(http_cases.INCOMPLETE) + len(http_cases.COMPLETE) == 33
    assert http_cases.failures(suites.port + 4, chop) == []


# Raw WebSocket


def url(suites):
    return f"ws://127.0.0.1:{suites.port}/ws"


DEFLATE = {
    "none": None,
    "defaults": ClientPerMessageDeflateFactory(),
    "no contexts": ClientPerMessageDeflateFactory(
        server_no_context_takeover=True, client_no_context_takeover=True),
    "small windows": ClientPerMessageDeflateFactory(server_max_window_bits=9, client_max_window_bits=9),
    "all four": ClientPerMessageDeflateFactory(
        server_no_context_takeover=True, client_no_context_takeover=True, server_max_window_bits=12,
        client_max_window_bits=11),
}


@pytest.mark.parametrize("deflate", DEFLATE.values(), ids=DEFLATE.keys())
def test_messages_come_back_to_16_mib_and_one_byte_more_is_refused(suites, deflate):
    chosen = {"compression": None, "extensions": [deflate] if deflate else None}
    with connect(url(suites), max_size=None, ping_interval=None, **chosen) as client:
        assert [extension.name for extension in client.protocol.extensions] == ["permessage-deflate"] * bool(deflate)
        texts = ["", "a", "κόσμε" * 7, "x" * 65536, "many words " * 100_000]
        for message in [*texts, b"", bytes(range(256)) * 16, os.urandom(MEBIBYTE), b"\xfe" * LARGEST]:
            client.send(message)
            assert client.recv(SECONDS) == message
        client.send(b"\xfe" * (LARGEST + 1))
        with pytest.raises(websockets.ConnectionClosedError) as closed:
            client.recv(SECONDS)
    assert closed.value.rcvd.code == 1009


def test_a_text_of_exactly_16_mib_and_one_in_fragments_that_grows_past_it(suites):
    largest = b"\xc3\xa9" * (LARGEST // 2)
    with RawWebSocket(suites.port) as client:
        client.send(frame(TEXT, largest))
        assert client.next_event() == ("text", largest)
        client.send(frame(TEXT, largest[:-2], fin=False) + frame(0, b"abc"))
        assert client.events_to_end()[1][1] == 1009


def test_the_head_of_a_frame_past_the_limit_is_enough(suites):
    with RawWebSocket(suites.port) as client:
        client.send(b"\x82\xff" + (LARGEST + 1).to_bytes(8) + b"mask")
        assert client.events_to_end()[1][1] == 1009


def test_few_compressed_bytes_that_grow_past_the_limit_are_refused(suites):
    with RawWebSocket(suites.port, fields=["Sec-WebSocket-Extensions: permessage-deflate"]) as client:
        client.send(frame(BINARY_FRAME, client.compressed(bytes(LARGEST + 1)), rsv=4))
        assert client.events_to_end()[1][1] == 1009


@pytest.mark.parametrize(
    ("offer", "answer"),
    [
        ("permessage-deflate", ""),
        ("permessage-deflate; client_max_window_bits", ""),
        ("permessage-deflate; client_max_window_bits=10", "client_max_window_bits=10"),
        ("permessage-deflate; client_max_window_bits=8", "client_max_window_bits=8"),
        ("permessage-deflate; server_max_window_bits=9", "server_max_window_bits=9"),
        ('permessage-deflate; server_max_window_bits="10"', "server_max_window_bits=10"),
        ("permessage-deflate; server_no_context_takeover", "server_no_context_takeover"),
        ("permessage-deflate; client_no_context_takeover", "client_no_context_takeover"),
        (
            "permessage-deflate; client_max_window_bits=12; server_max_window_bits=11; client_no_context_takeover;"
            " server_no_context_takeover",
            "client_max_window_bits=12 client_no_context_takeover server_max_window_bits=11 server_no_context_takeover",
        ),
        ("permessage-deflate; server_max_window_bits=99, permessage-deflate; server_max_window_bits=12",
         "server_max_window_bits=12"),
        ("permessage-deflate; unknown, permessage-deflate", ""),
        ("x-webkit-deflate-frame, permessage-deflate", ""),
        # A window that zlib cannot compress into: RFC 7692 §7.1.2.1 lets a server decline what it cannot do.
        ("permessage-deflate; server_max_window_bits=8", None),
        ("permessage-deflate; server_max_window_bits=16", None),
        ("permessage-deflate; server_max_window_bits=010", None),
        ("permessage-deflate; server_max_window_bits", None),
        ("permessage-deflate; client_max_window_bits=7", None),
        ("permessage-deflate; server_no_context_takeover=1", None),
        ("permessage-deflate; server_no_context_takeover; server_no_context_takeover", None),
        ("permessage-deflate; unknown", None),
        ("x-webkit-deflate-frame", None),
    ],
)
def test_offers_of_compression(suites, offer, answer):
    with RawWebSocket(suites.port, fields=[f"Sec-WebSocket-Extensions: {offer}"]) as client:
        if answer is None:
            assert client.extensions is None
            client.send(frame(TEXT, b"x" * 5000))
        else:
            assert " ".join(sorted(client.extensions.replace(";", "").split()[1:])) == answer
            for _ in range(3):
                client.send(frame(TEXT, client.compressed(b"x" * 5000), rsv=4))
                assert client.next_event() == ("text", b"x" * 5000)
            client.send(frame(TEXT, b"x" * 5000))
        assert client.next_event() == ("text", b"x" * 5000)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ("echo.v1", "echo.v1"), ("echo.v2", "echo.v2"), ("echo.v1, echo.v2", "echo.v1"),
        ("other, echo.v2, echo.v1", "echo.v2"), ("other", None), ("ECHO.V1", None), (None, None),
    ],
)
def test_the_first_known_subprotocol_of_the_client_is_chosen(suites, offered, chosen):
    fields = [f"Sec-WebSocket-Protocol: {offered}"] if offered else []
    with RawWebSocket(suites.port, fields=fields) as client:
        assert client.subprotocol == chosen


@pytest.mark.parametrize(
    ("asked", "code", "reason"),
    [
        (b"close:1000:", 1000, b""), (b"close:4001:bye", 4001, b"bye"), (b"close:3000:a:b", 3000, b"a:b"),
        (b"close:1011:\xc3\xa4", 1011, b"\xc3\xa4"), (b"close:4999:" + b"r" * 123, 4999, b"r" * 123),
    ],
)
def test_a_close_that_is_asked_for(suites, asked, code, reason):
    with RawWebSocket(suites.port) as client:
        client.send(frame(TEXT, b"before") + frame(TEXT, asked) + frame(TEXT, b"after"))
        assert client.events_to_end() == ([("text", b"before")], ("close", code, reason))


@pytest.mark.parametrize("payload", [b"x", b"hello", "grüß".encode(), b"p" * 125])
def test_a_ping_that_is_asked_for(suites, payload):
    with RawWebSocket(suites.port) as client:
        client.send(frame(TEXT, b"ping:" + payload))
        assert client.next_event() == ("ping", payload)
        client.send(frame(PONG, payload))
        assert client.next_event() == ("text", b"pinged")


def test_an_empty_ping_that_is_asked_for(suites):
    with RawWebSocket(suites.port) as client:
        client.send(frame(TEXT, b"ping:"))
        assert client.next_event() == ("ping", b"")


def test_frames_that_are_not_masked_are_refused(suites):
    with RawWebSocket(suites.port) as client:
        client.send(frame(TEXT, b"before") + b"\x81\x05Hello")
        events, close = client.events_to_end()
        assert events == [("text", b"before")] and close[1] == 1002


def test_messages_right_behind_the_upgrade_are_not_lost(suites):
    with http_cases.connected(suites.port) as stream:
        stream.sendall(
            b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            + frame(TEXT, b"early") + frame(8, close_payload(1000)))
        data = bytearray()
        while received := stream.recv(65536):
            data += received
    head, _, rest = bytes(data).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ") and b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
    assert rest == b"\x81\x05early" + b"\x88\x02\x03\xe8"


def exchange(port, request, chop=0):
    with http_cases.connected(port) as stream:
        http_cases.send(stream, request, chop)
        return http_cases.read_answer(stream)


@pytest.mark.parametrize(
    ("line", "fields", "statuses"),
    [
        ("GET /ws", "", (400, 426)),
        ("GET /ws", "Upgrade: websocket\r\nConnection: Upgrade\r\n", (400, 426)),
        ("GET /ws", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
         "Sec-WebSocket-Version: 8\r\n", (400, 426)),
        ("GET /ws", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: short\r\n"
         "Sec-WebSocket-Version: 13\r\n", (400,)),
        ("POST /ws", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
         "Sec-WebSocket-Version: 13\r\nContent-Length: 0\r\n", (400, 405)),
        ("GET /none", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
         "Sec-WebSocket-Version: 13\r\n", (404,)),
    ],
)
def test_what_is_no_upgrade_is_answered_as_such(suites, line, fields, statuses):
    status, _ = exchange(suites.port, f"{line} HTTP/1.1\r\nHost: x\r\n{fields}\r\n".encode())
    assert status in statuses


# HTTP


def test_health_and_unknown_paths(suites):
    status, body = exchange(suites.port, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    assert status == 200 and 0 < len(body) < 100
    assert exchange(suites.port, b"\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n") == (status, body)
    assert exchange(suites.port, b"GET /unknown HTTP/1.1\r\nHost: x\r\n\r\n")[0] == 404


def chunked(body, size):
    parts = (body[at : at + size] for at in range(0, len(body), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [0, 1, 65536, 8 * MEBIBYTE + 1])
@pytest.mark.parametrize("chunk", [None, 1000, MEBIBYTE], ids=["with a length", "small chunks", "large chunks"])
def test_the_sink_counts_bodies(suites, size, chunk):
    head = b"POST /sink HTTP/1.1\r\nHost: x\r\n"
    body = b"\x00\r\n\xff" * (size // 4) + b"x" * (size % 4)
    if chunk is None:
        request = head + b"Content-Length: %d\r\n\r\n" % size + body
    else:
        request = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body, chunk)
    assert exchange(suites.port, request) == (200, b"%d" % size)


@pytest.mark.parametrize("chop", [0, 1], ids=["whole", "one byte per write"])
def test_a_chunked_body_byte_by_byte(suites, chop):
    body = os.urandom(3000)
    head = b"PUT /any HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert exchange(suites.port + 4, head + chunked(body, 7), chop) == (200, body)


def test_the_echo_takes_any_method_and_path(suites):
    body = os.urandom(MEBIBYTE)
    for method in (b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"PURGE"):
        request = method + b" /a/b?c=%%20 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
        status, answer = exchange(suites.port + 4, request + body)
        assert status == 200 and hashlib.sha256(answer).digest() == hashlib.sha256(body).digest()


@pytest.mark.parametrize("many", [False, True], ids=["one long field", "many fields"])
@pytest.mark.parametrize(
    ("size", "statuses"), [(HEAD_BYTES, (200,)), (HEAD_BYTES + 1, (400, 431)), (1 << 20, (400, 431))])
def test_heads_to_16_kib(suites, size, statuses, many):
    head = b"GET /health HTTP/1.1\r\nHost: x\r\n"
    while many and len(head) < size - 600:
        head += b"X-%d: %b\r\n" % (len(head), b"v" * 300)
    head += b"X-Rest: " + b"v" * (size - len(head) - 12) + b"\r\n\r\n"
    assert len(head) == size
    assert exchange(suites.port, head)[0] in statuses


# What the tests of the reference's engine.io-client ask besides the status and the code


def test_a_post_that_is_too_long_is_413_without_a_body(suites):
    path = b"/engine.io/?EIO=4&transport=polling"
    opened = exchange(suites.port + 6, b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")[1]
    session = json.loads(opened[1:])["sid"].encode()
    request = b"POST " + path + b"&sid=" + session + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 102\r\n\r\n4"
    assert exchange(suites.port + 6, request + b"a" * 101) == (413, b"")


def test_a_message_that_is_too_long_is_1009_without_a_reason(suites):
    with RawWebSocket(suites.port + 6, "/engine.io/?EIO=4&transport=websocket") as client:
        client.send(frame(TEXT, b"4" + b"a" * 101))
        assert client.events_to_end()[1] == ("close", 1009, b"")


def test_half_a_head_is_closed_after_10_seconds(suites):
    suites.half_head.settimeout(HEAD_SECONDS + SECONDS)
    while suites.half_head.recv(65536):
        pass
    assert HEAD_SECONDS - 0.5 < time.monotonic() - suites.opened
