"""Watching without a WebSocket: `curl` on an event stream while bots play, polling with entity tags, compressed answers
(protocol/spec/lobby.md §5)."""

import base64
import gzip
import http.client
import json
import pathlib
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import zlib

import pytest
import websockets
from websockets.sync.client import connect

from conftest import BINARY, clean_environment

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "protocol/conformance"))
import decode_snapshot

SECONDS = 20
CURL = shutil.which("curl")


@pytest.fixture(scope="module")
def lobby(server, tmp_path_factory):
    """The name of a lobby in which bots play for as long as the tests of this file run."""
    bots = subprocess.Popen(
        [BINARY, "bots", "--server", server.url, "--count", "12", "--lobbies", "1", "--seconds", "300"],
        cwd=tmp_path_factory.mktemp("bots"), env=clean_environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        name = None
        while name is None:
            assert bots.poll() is None, "the bots ended"
            listed = json.loads(get(server, "/api/lobbies")[2])
            name = next((row["id"] for row in listed if row["players"] == 12), None)
        yield name
    finally:
        bots.kill()
        bots.wait()


def get(server, path, **fields):
    """Status, fields and body; `_` in a field's name stands for a hyphen."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=SECONDS)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in fields.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


class Curl:
    """`curl -N` of an event stream, read event by event. It is killed when the test has hung for too long."""

    def __init__(self, server, path, *arguments):
        self.process = subprocess.Popen(
            [CURL, "-sN", *arguments, server.url + path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.deadline = threading.Timer(SECONDS, self.process.kill)
        self.deadline.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.deadline.cancel()
        self.process.kill()
        self.process.wait()

    def __iter__(self):
        event = {}
        for line in self.process.stdout:
            name, _, value = line.rstrip("\n").partition(": ")
            if name:
                event[name] = value
            elif "data" in event:
                yield event.get("event"), event.get("id"), event["data"]
                event = {}

    def until(self, name, count=1):
        """The data of so many events of one name, with their ids; others are passed over."""
        found = []
        for event, identity, data in self:
            if event == name:
                found.append((identity, data))
            if len(found) == count:
                return found
        pytest.fail(f"the stream ended after {len(found)} of {count} events {name}")


needs_curl = pytest.mark.skipif(CURL is None, reason="curl is not installed")


@needs_curl
def test_curl_sees_the_lobby_and_its_states(server, lobby):
    with Curl(server, f"/api/lobbies/{lobby}/events?hz=10") as stream:
        overview = json.loads(stream.until("lobby")[0][1])
        states = stream.until("state", 3)
    assert overview["id"] == lobby and len(overview["seats"]) == 12
    assert all(set(seat) == {"seat", "name", "connected"} for seat in overview["seats"])
    ticks = [int(identity) for identity, _ in states]
    assert ticks == sorted(set(ticks))
    for tick, (_, data) in zip(ticks, states):
        state = json.loads(data)
        assert state["tick"] == tick and state["state"]


@needs_curl
def test_a_stream_of_snapshots_decodes_and_resumes(server, lobby):
    with Curl(server, f"/api/lobbies/{lobby}/events?format=snapshot") as stream:
        schema = decode_snapshot.Schema(json.loads(stream.until("schema")[0][1])["schema"])
        state = None
        for identity, data in stream.until("snapshot", 30):
            state = decode_snapshot.apply(base64.b64decode(data, validate=True), state, schema)
            assert state["tick"] == int(identity)
    with Curl(
        server, f"/api/lobbies/{lobby}/events?format=snapshot", "-H", f"Last-Event-ID: {state['tick']}"
    ) as stream:
        for identity, data in stream.until("snapshot", 5):
            state = decode_snapshot.apply(base64.b64decode(data, validate=True), state, schema)
            assert state["tick"] == int(identity)


def test_polling_with_a_tag_is_answered_304_while_nothing_has_changed(start_server):
    # Nobody plays after the join: the empty lobby stands still.
    server = start_server("--lobby-default-game", "tictactoe", "--lobby-empty-seconds", "60")
    with connect(f"ws://{server.host}:{server.port}/lobby/still") as socket:
        socket.send(json.dumps({"event": "join", "data": {"name": "Ann"}}))
        while not isinstance(socket.recv(timeout=SECONDS), bytes):
            pass
        socket.send(json.dumps({"event": "leave"}))
        with pytest.raises(websockets.ConnectionClosed):
            while True:
                socket.recv(timeout=SECONDS)
    status, fields, body = get(server, "/api/lobbies/still")
    assert status == 200 and json.loads(body)["players"] == 0
    status, again, body = get(server, "/api/lobbies/still", If_None_Match=fields["ETag"])
    assert status == 304 and body == b"" and again["ETag"] == fields["ETag"]


def test_a_state_that_changes_has_new_tags(server, lobby):
    tags = set()
    ticks = set()
    while len(ticks) < 5:
        status, fields, body = get(server, f"/api/lobbies/{lobby}")
        assert status == 200
        tags.add(fields["ETag"])
        ticks.add(json.loads(body)["tick"])
    assert len(tags) == len(ticks)


@pytest.mark.parametrize(
    ("coding", "unpack"), [("gzip", gzip.decompress), ("deflate", zlib.decompress), (None, lambda body: body)])
def test_a_state_is_compressed_for_who_takes_it(server, lobby, coding, unpack):
    fields_sent = {"Accept_Encoding": coding} if coding else {"Accept_Encoding": "identity"}
    status, fields, body = get(server, f"/api/lobbies/{lobby}", **fields_sent)
    assert status == 200 and json.loads(unpack(body))["id"] == lobby
    assert fields["Vary"] and fields["Content-Length"] == str(len(body))


@pytest.mark.parametrize("path", ["/page.css", "/page.js", "/muster/client.js"])
def test_a_static_file_is_packed_tagged_and_not_sent_twice(server, path):
    _, plain, body = get(server, path)
    _, packed, small = get(server, path, Accept_Encoding="gzip")
    assert packed["Content-Encoding"] == "gzip" and gzip.decompress(small) == body
    assert plain["ETag"] != packed["ETag"] and len(small) < len(body)
    assert get(server, path, If_None_Match=plain["ETag"])[0] == 304


@needs_curl
def test_a_closed_server_ends_the_stream(start_server):
    server = start_server("--lobby-default-game", "tictactoe")
    with connect(f"ws://{server.host}:{server.port}/lobby/a") as socket:
        socket.send(json.dumps({"event": "join", "data": {}}))
        socket.recv(timeout=SECONDS)
        with Curl(server, "/api/lobbies/a/events") as stream:
            stream.until("lobby")
            server.process.terminate()
            assert json.loads(stream.until("draining")[0][1])["seconds"] == 5
            assert stream.process.wait(SECONDS) == 0


def test_a_compressed_request_is_refused(server):
    request = urllib.request.Request(
        server.url + "/health", data=gzip.compress(b"x" * 1000), headers={"Content-Encoding": "gzip"}, method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=SECONDS)
    assert refused.value.code == 415
