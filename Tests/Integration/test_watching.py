"""Spectators and the pushed list of lobbies, with clients that are not ours (protocol/spec/lobby.md §5.6 and §6)."""

import asyncio
import json
import urllib.error
import urllib.request

import pytest
import socketio

from conftest import Server
from test_lobby import SECONDS, Plain, Player, decode_snapshot, run


async def opened(server, lobby, terms, **request):
    """A player on a bare WebSocket, who opens a lobby on those terms."""
    player = await Plain.connect(server, lobby)
    await player.send("join", {"lobby": terms} | request)
    player.joined = await player.expect("joined")
    return player


async def states(queue, schema, count):
    """The states by tick to which `count` snapshots lead, the first of them a keyframe."""
    state, seen = None, {}
    schema = decode_snapshot.Schema(schema)
    for _ in range(count):
        state = decode_snapshot.apply(await asyncio.wait_for(queue.get(), SECONDS), state, schema)
        seen[state["tick"]] = decode_snapshot.state_hash(state)
    return seen


class Watcher(Player):
    """A spectator on python-socketio, by whatever transport."""

    @classmethod
    async def watch(cls, server, lobby, transport, **request):
        self = cls(lobby)
        await self.connect(
            server.url, transports=[transport], namespaces=[self.lobby], auth={"watch": True} | request,
            wait_timeout=SECONDS)
        self.joined = await self.expect("joined")
        return self


class Browser(socketio.AsyncClient):
    """A client that has subscribed to the list, in the namespace `/`."""

    def __init__(self):
        super().__init__(reconnection=False)
        self.news = asyncio.Queue()
        self.on("lobbies", self.news.put)

    @classmethod
    async def open(cls, server, transport, query=None):
        self = cls()
        await self.connect(server.url, transports=[transport], wait_timeout=SECONDS)
        assert await self.call("subscribe", query, timeout=SECONDS) is None
        return self


class Known:
    """What somebody knows of the list by what it was told."""

    def __init__(self):
        self.rows = {}

    def take(self, news):
        if news.get("whole"):
            self.rows = {}
        for id in news.get("removed", []):
            self.rows.pop(id, None)
        for row in news["lobbies"]:
            self.rows[row["id"]] = row

    async def until(self, take, wanted):
        while not wanted(self.rows):
            self.take(await asyncio.wait_for(take(), SECONDS))


def overview(server, id):
    with urllib.request.urlopen(f"{server.url}/api/lobbies/{id}") as answer:
        return json.load(answer)


@pytest.fixture(scope="module", params=["1", "2"])
def server(request, tmp_path_factory):
    """One server with so many loops."""
    shared = Server("--loops", request.param, "--limits-watchers-per-lobby", "4", cwd=tmp_path_factory.mktemp("server"))
    yield shared
    assert shared.stop() == 0, "".join(shared.output)


def test_spectators_of_every_kind_see_the_players_world_and_change_nothing(server):
    async def play():
        player = await Plain.join(server, "seen", game="arena", name="ann")
        plain = await Plain.join(server, "seen", watch=True)
        socket = await Watcher.watch(server, "seen", "websocket")
        polling = await Watcher.watch(server, "seen", "polling")
        for spectator in [plain, socket, polling]:
            assert spectator.joined["watching"] is True and spectator.joined["delay"] == 0
            assert "seat" not in spectator.joined and "token" not in spectator.joined
        mine = await states(player.snapshots, player.joined["schema"], 60)
        for spectator, count in [(plain, 40), (socket, 40), (polling, 10)]:
            theirs = await states(spectator.snapshots, spectator.joined["schema"], count)
            common = mine.keys() & theirs.keys()
            assert common and all(mine[tick] == theirs[tick] for tick in common)
        answer = await socket.call("input", {"input": {}}, namespace=socket.lobby, timeout=SECONDS)
        assert answer["code"] == "not-here"
        await plain.send("input", {"input": {}}, id=3)
        assert (await plain.expect("exception"))["code"] == "not-here"
        assert overview(server, "seen")["players"] == 1
        await plain.send("leave", None)
        assert (await plain.expect("closed by")) == 1000
        await socket.disconnect()
        await polling.disconnect()
        await player.socket.close()

    run(play())


def test_what_is_watched_late_is_the_players_past(server):
    async def play():
        player = await opened(server, "late", {"delay": 1}, game="arena", name="ann")
        spectator = await Watcher.watch(server, "late", "websocket")
        assert spectator.joined["delay"] == 1 and spectator.joined["tick"] == 0
        theirs = await states(spectator.snapshots, spectator.joined["schema"], 5)
        mine = await states(player.snapshots, player.joined["schema"], 20)
        rate = player.joined["tickRate"]
        assert max(mine) >= min(theirs) and all(mine[tick] == theirs[tick] for tick in mine.keys() & theirs.keys())
        with urllib.request.urlopen(f"{server.url}/api/lobbies/late") as answer:
            shown = json.load(answer)["tick"]
        await player.send("input", {"input": {}}, id=1)
        assert (await player.expect("ack"))["tick"] >= shown + rate
        await spectator.disconnect()
        await player.socket.close()

    run(play())


def test_too_many_and_those_without_the_password_are_refused(server):
    async def play():
        player = await opened(server, "closed", {"watchers": 1, "password": "open"}, game="arena")
        stranger = await Plain.connect(server, "closed")
        await stranger.send("join", {"watch": True})
        assert (await stranger.expect("exception"))["code"] == 4012
        friend = await Plain.join(server, "closed", watch=True, password="open")
        with pytest.raises(socketio.exceptions.ConnectionError):
            await Watcher.watch(server, "closed", "websocket", password="open")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{server.url}/api/lobbies/closed/events")
        assert refused.value.code == 403
        nowhere = await Plain.connect(server, "nowhere")
        await nowhere.send("join", {"watch": True, "game": "arena"})
        assert (await nowhere.expect("exception"))["code"] == 4010
        await friend.socket.close()
        await player.socket.close()

    run(play())


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_the_list_is_pushed_as_lobbies_come_change_and_go(server, transport):
    async def play():
        mode = f"m-{transport}-{server.port}"
        query = {"metadata": {"mode": mode}}
        browser = await Browser.open(server, transport, query)
        plain = await Plain.connect(server, "~quick")
        await plain.send("subscribe", query, id=1)
        assert (await plain.expect("ack")) is None
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(
            f"GET /api/lobbies?metadata.mode={mode} HTTP/1.1\r\nHost: {server.host}:{server.port}\r\n"
            "Accept: text/event-stream\r\n\r\n".encode())

        async def from_plain():
            while True:
                name, message = await asyncio.wait_for(plain.events.get(), SECONDS)
                if name == "lobbies":
                    return message["data"]

        async def from_stream():
            while True:
                line = await asyncio.wait_for(reader.readline(), SECONDS)
                if line.startswith(b"data: "):
                    return json.loads(line[6:])

        ways = [browser.news.get, from_plain, from_stream]
        known = [Known() for _ in ways]
        for way, list in zip(ways, known):
            first = await asyncio.wait_for(way(), SECONDS)
            assert first == {"lobbies": [], "whole": True}
        a, b = f"{mode}-a", f"{mode}-b"
        ann = await opened(server, a, {"metadata": {"mode": mode}, "title": "Friday"}, game="arena")
        await opened(server, b, {"metadata": {"mode": mode}}, game="tictactoe")
        for way, list in zip(ways, known):
            await list.until(way, lambda rows: set(rows) == {a, b})
            assert list.rows[a]["title"] == "Friday"
        bob = await Plain.join(server, a)
        for way, list in zip(ways, known):
            await list.until(way, lambda rows: rows[a]["players"] == 2)
        for player in [ann, bob]:
            await player.send("leave", None)
        for way, list in zip(ways, known):
            await list.until(way, lambda rows: rows[a]["players"] == 0)
        writer.close()
        await browser.call("unsubscribe", timeout=SECONDS)
        await browser.disconnect()
        await plain.socket.close()

    run(play())
