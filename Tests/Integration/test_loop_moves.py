"""Every way in with several loops, over TLS and without: the kernel gives a connection to any loop, and the server takes it
to the one that its request belongs to (docs/decisions/0010-several-loops.md)."""

import asyncio
import http.client
import json
import pathlib
import subprocess
import sys

import pytest
import socketio
from aiohttp import ClientSession, TCPConnector
from conftest import ADDRESS, run_muster
from test_tls import flags, make_certificate, trusting
from websockets.sync.client import connect

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "protocol/conformance"))
import decode_snapshot

SECONDS = 30
PASSWORD = "correct horse battery"
LOBBIES = [f"lobby-{index}" for index in range(4)]


class Host:
    """A server with several loops, and how to reach it."""

    def __init__(self, start_server, folder, loops, is_secure, *arguments):
        pair = make_certificate(folder / "tls") if is_secure else None
        self.server = start_server(
            "--loops", str(loops), "--drain-seconds", "0.2", *(flags(pair) if pair else []), *arguments,
            *(["--listen", "127.0.0.1:0"] if pair else []), listen="https://127.0.0.1:0" if pair else "127.0.0.1:0",
            MUSTER_ADMIN_PASSWORD=PASSWORD)
        # Players are never on TLS: their client reads and writes on two threads, which Python's ssl does not stand, and now
        # and then its request is not sent.
        self.plain = self.server.expect_output(ADDRESS, SECONDS)[1] if pair else self.server.url
        self.certificate = pair and pair[0]
        self.context = trusting(pair[0]) if pair else None
        self.folder = folder

    @property
    def url(self):
        return self.server.url

    def overview(self):
        trust = ["--ca", str(self.certificate)] if self.certificate else []
        result = run_muster(
            "monitor", "--server", self.url, "--once", "--json", *trust, cwd=self.folder,
            MUSTER_ADMIN_PASSWORD=PASSWORD)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def web(self):
        """A connection that is kept alive."""
        place = (self.server.host, self.server.port)
        if self.context:
            return http.client.HTTPSConnection(*place, timeout=SECONDS, context=self.context)
        return http.client.HTTPConnection(*place, timeout=SECONDS)

    def play(self, lobby):
        """A plain player that has joined."""
        # Nobody reads most of them, and a queue that is full would hold back the goodbye.
        player = connect(
            f"{self.plain.replace('http', 'ws', 1)}/lobby/{lobby}", open_timeout=SECONDS, max_queue=None)
        player.send(json.dumps({"event": "join", "data": {"name": "ann", "game": "arena"}}))
        assert json.loads(player.recv(timeout=SECONDS))["event"] == "joined"
        return player


@pytest.fixture(params=[(2, False), (4, False), (3, True)], ids=["two", "four", "three-tls"])
def host(request, start_server, tmp_path):
    return Host(start_server, tmp_path, *request.param)


@pytest.fixture
def players(host):
    """One plain player in each lobby, by lobby."""
    players = {lobby: host.play(lobby) for lobby in LOBBIES}
    yield players
    for player in players.values():
        player.close()


async def play_socketio(host, index):
    """Joins, reads ten snapshots, each of which must follow from the last, and has an input acknowledged.

    Of four clients one polls over a connection for each request, one over kept ones, one upgrades, one begins with a
    WebSocket.
    """
    kind = index % 4
    connector = TCPConnector(force_close=kind == 0, ssl=host.context if host.context else True)
    async with ClientSession(connector=connector) as session:
        client = socketio.AsyncClient(http_session=session, reconnection=False)
        namespace = f"/lobby/{LOBBIES[index // 4 % 4]}"
        snapshots, joined = asyncio.Queue(), asyncio.get_running_loop().create_future()
        client.on("snapshot", snapshots.put, namespace=namespace)
        client.on("joined", joined.set_result, namespace=namespace)
        await client.connect(
            host.url, transports=[["polling"], ["polling"], None, ["websocket"]][kind], namespaces=[namespace],
            auth={"game": "arena", "name": f"player-{index}"}, wait_timeout=SECONDS)
        welcome = await asyncio.wait_for(joined, SECONDS)
        schema = decode_snapshot.Schema(welcome["schema"])
        state = None
        for _ in range(10):
            state = decode_snapshot.apply(await asyncio.wait_for(snapshots.get(), SECONDS), state, schema)
        answer = await client.call("input", {"input": {}}, namespace=namespace, timeout=SECONDS)
        assert answer["accepted"] is True
        transport = client.transport()
        await client.disconnect()
        return transport


def test_socket_io_polls_upgrades_and_connects_on_every_loop(host):
    async def play():
        return await asyncio.gather(*(play_socketio(host, index) for index in range(32)))

    transports = asyncio.run(asyncio.wait_for(play(), 3 * SECONDS))
    assert transports == ["polling", "polling", "websocket", "websocket"] * 8
    seen = host.overview()
    assert seen["counters"]["connectionsMoved"] > 8 and seen["counters"]["lobbiesFailed"] == 0
    assert all(loop["lobbyCount"] > 0 for loop in seen["loops"]), seen["loops"]


def test_a_lobby_is_read_and_watched_from_every_connection(host, players):
    trust = ["--cacert", host.certificate] if host.certificate else []
    for index in range(24):
        lobby = LOBBIES[index % 4]
        state = subprocess.run(
            ["curl", "-sS", "--fail", "--max-time", str(SECONDS), *trust, f"{host.url}/api/lobbies/{lobby}"],
            capture_output=True, text=True)
        assert state.returncode == 0 and json.loads(state.stdout)["id"] == lobby, state.stderr
        web = host.web()
        web.request("GET", f"/api/lobbies/{lobby}/events?hz=60")
        answer = web.getresponse()
        assert answer.status == 200
        names = [line.split()[1] for line in (answer.readline() for _ in range(12)) if line.startswith(b"event:")]
        assert b"state" in names
        web.close()
    assert host.overview()["counters"]["connectionsMoved"] > 0


def test_a_kept_connection_goes_from_lobby_to_lobby(host, players):
    web = host.web()
    before = host.overview()["counters"]
    for index in range(60):
        web.request("GET", f"/api/lobbies/{LOBBIES[index % 4]}")
        answer = web.getresponse()
        assert (answer.status, json.load(answer)["id"]) == (200, LOBBIES[index % 4])
    after = host.overview()["counters"]
    assert 60 >= after["connectionsMoved"] - before["connectionsMoved"] > 10
    web.close()


def test_plain_players_are_on_their_lobbys_loop(host, players):
    more = [host.play(LOBBIES[index % 4]) for index in range(16)]
    for player in more:
        while not isinstance(player.recv(timeout=SECONDS), bytes):
            pass
    seen = host.overview()
    assert seen["seats"]["connected"] == 20
    # But for the one that opened each, and for the monitor.
    guests = len(players)
    for loop in seen["loops"]:
        assert abs(loop["connections"] - loop["seats"]["connected"]) <= guests + 1, seen["loops"]
    for player in more:
        player.close()


def test_connections_of_a_unix_socket_move_from_the_first_loop(start_server, tmp_path):
    path = tmp_path / "socket"
    host = Host(start_server, tmp_path, 2, False, "--listen", f"unix:{path}")
    players = [host.play(lobby) for lobby in LOBBIES]
    states = subprocess.run(
        ["curl", "-sS", "--fail", "--max-time", str(SECONDS), "--unix-socket", path,
         *(f"http://localhost/api/lobbies/{lobby}" for lobby in LOBBIES)],
        capture_output=True, text=True)
    assert states.returncode == 0, states.stderr
    assert [json.loads(line)["id"] for line in states.stdout.splitlines()] == LOBBIES
    assert host.overview()["counters"]["connectionsMoved"] > 0
    for player in players:
        player.close()


def test_a_drain_ends_the_polls_of_all_loops(start_server, tmp_path):
    host = Host(start_server, tmp_path, 2, False)

    async def play():
        clients = []
        for _ in range(6):
            client = socketio.AsyncClient(reconnection=False)
            gone = asyncio.Event()
            client.on("disconnect", lambda *_, gone=gone: gone.set(), namespace="/")
            await client.connect(host.url, transports=["polling"], wait_timeout=SECONDS)
            clients.append((client, gone))
        assert await asyncio.to_thread(host.server.stop) == 0
        for client, gone in clients:
            await asyncio.wait_for(gone.wait(), SECONDS)
            await client.shutdown()

    asyncio.run(asyncio.wait_for(play(), 3 * SECONDS))
