"""`curl` against a server and the conformance listeners: what a user's own HTTP client does with them."""

import gzip
import json
import pathlib
import shutil
import subprocess

import pytest
import websockets.sync.client
from http_cases import connected
from test_conformance import MEBIBYTE, exchange, suites

CURL = shutil.which("curl")
SECONDS = 20
WRITTEN = "\n%{http_code} %{num_connects} %{http_version}\n"

pytestmark = pytest.mark.skipif(CURL is None, reason="curl is not installed")


def curl(*arguments):
    result = subprocess.run(
        [CURL, "--silent", "--show-error", "--max-time", str(SECONDS), *arguments], capture_output=True,
        timeout=2 * SECONDS)
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout


@pytest.fixture(scope="module")
def lobby(server):
    """The address of a lobby with one player, whose state is long enough to be compressed."""
    with websockets.sync.client.connect(f"ws://{server.host}:{server.port}/lobby/{'long' * 12}") as player:
        player.send(json.dumps({"event": "join", "data": {"game": "arena", "name": "n" * 20}}))
        player.recv(SECONDS)
        yield f"{server.url}/api/lobbies/{'long' * 12}"


def test_requests_share_a_connection(server):
    urls = [f"{server.url}{path}" for path in ("/health", "/unknown", "/page.css", "/api/lobbies")]
    written = [part for url in urls for part in ("-o", "/dev/null", url)]
    lines = curl("-w", WRITTEN, *written).decode().split("\n")
    answers = [line.split() for line in lines if line]
    assert [answer[0] for answer in answers] == ["200", "404", "200", "200"]
    assert [answer[1] for answer in answers] == ["1", "0", "0", "0"]


def test_a_connection_is_closed_for_a_client_that_asks(server):
    with connected(server.port) as stream:
        stream.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        data = b""
        while received := stream.recv(65536):
            data += received
    head, _, body = data.partition(b"\r\n\r\n")
    assert b"\r\nconnection: close" in head.lower() and body == b"ok\n"


def test_pipelined_requests_are_answered_in_order(suites):
    bodies = [bytes([65 + number % 26]) * (number * 37 % 3000) for number in range(200)]
    with connected(suites.port + 4) as stream:
        stream.sendall(b"".join(
            b"POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (number, len(body), body)
            for number, body in enumerate(bodies)) + b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        data = b""
        while received := stream.recv(65536):
            data += received
    for body in [*bodies, b""]:
        head, _, data = data.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ") and data.startswith(body)
        data = data[len(body):]
    assert data == b""


@pytest.mark.parametrize("encoding", [[], ["-H", "Transfer-Encoding: chunked"]], ids=["length", "chunked"])
def test_a_large_body_waits_for_100_continue(suites, encoding, tmp_path):
    (tmp_path / "body").write_bytes(bytes(5 * MEBIBYTE))
    answer = curl(
        "-v", "--stderr", "-", "-H", "Expect: 100-continue", *encoding, "--expect100-timeout", "15",
        "--data-binary", f"@{tmp_path / 'body'}", f"http://127.0.0.1:{suites.port}/sink").decode(errors="replace")
    assert "< HTTP/1.1 100 Continue" in answer and "Done waiting" not in answer
    assert answer.rstrip().endswith(str(5 * MEBIBYTE)) or f"\n{5 * MEBIBYTE}" in answer


def test_a_body_that_is_too_long_is_refused_before_it_is_sent(server):
    with connected(server.port) as stream:
        stream.sendall(
            b"POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            b"Content-Length: 100000000\r\n\r\n")
        assert stream.recv(12) == b"HTTP/1.1 413"


def test_head_is_answered_as_get_without_the_body(server):
    # The header fields alone: what -I prints.
    for path in ("/health", "/page.js", "/api/lobbies", "/unknown"):
        got = curl("-D", "-", "-o", "/dev/null", server.url + path).decode()
        assert curl("-I", server.url + path).decode() == got


def test_compressed_answers_are_the_same(server):
    plain = curl(f"{server.url}/page.js")
    assert curl("--compressed", f"{server.url}/page.js") == plain
    zipped = curl("-H", "Accept-Encoding: gzip", f"{server.url}/page.js")
    assert zipped != plain and gzip.decompress(zipped) == plain
    assert curl("-H", "Accept-Encoding: gzip;q=0, br", f"{server.url}/page.js") == plain


def test_an_entity_tag_saves_the_body(server, tmp_path):
    tag, page = tmp_path / "tag", f"{server.url}/page.js"
    first = curl("--etag-save", str(tag), "-w", WRITTEN, "-o", "/dev/null", page).split()
    second = curl("--etag-compare", str(tag), "-w", WRITTEN, page).split()
    assert pathlib.Path(tag).read_text().strip()
    assert (first[0], second[0]) == (b"200", b"304")


def test_a_lobby_is_read_compressed(lobby):
    read = json.loads(curl("--compressed", lobby))
    assert read["players"] == 1 and read["id"] in lobby


def test_an_upgrade_to_http2_is_not_taken(server):
    status = curl("--http2", "-w", WRITTEN, f"{server.url}/health").split()
    assert status == [b"ok", b"200", b"1", b"1.1"]


def test_http2_without_asking_is_refused(server):
    with connected(server.port) as stream:
        stream.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        data = b""
        while received := stream.recv(65536):
            data += received
    assert data.startswith(b"HTTP/1.1 505 ")


def test_an_absolute_target_is_understood(suites):
    assert exchange(suites.port, b"GET http://[::1]:1/health HTTP/1.1\r\nHost: [::1]:1\r\n\r\n")[0] == 200
