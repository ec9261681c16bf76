"""Foreign clients in one lobby: `websockets` speaks the plain dialect and, with msgpack, the compact one, python-socketio the third
(protocol/spec/lobby.md)."""

import asyncio
import json
import pathlib
import sys
import urllib.request

import msgpack
import pytest
import socketio
import websockets

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "protocol/conformance"))
import decode_snapshot

SECONDS = 10


def run(coroutine):
    """Runs one test's coroutine with a deadline, so that nothing can hang."""
    return asyncio.run(asyncio.wait_for(coroutine, 3 * SECONDS))


class Plain:
    """A player on a bare WebSocket."""

    def __init__(self, socket):
        self.socket = socket
        self.snapshots = asyncio.Queue()
        self.events = asyncio.Queue()
        self.reader = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, server, lobby):
        return cls(await websockets.connect(f"ws://{server.host}:{server.port}/lobby/{lobby}"))

    @classmethod
    async def join(cls, server, lobby, **request):
        player = await cls.connect(server, lobby)
        await player.send("join", request)
        player.joined = await player.expect("joined")
        return player

    async def _read(self):
        try:
            async for message in self.socket:
                if isinstance(message, bytes):
                    await self.snapshots.put(message)
                else:
                    event = json.loads(message)
                    await self.events.put((event["event"], event))
        except websockets.ConnectionClosed:
            pass
        await self.events.put(("closed by", {"data": self.socket.close_code}))

    async def send(self, event, data, **more):
        await self.socket.send(json.dumps({"event": event, "data": data, **more}))

    async def expect(self, event):
        """The data of the next event, which must be `event`."""
        name, message = await asyncio.wait_for(self.events.get(), SECONDS)
        assert name == event, message
        return message["data"]

    async def state_after(self, count):
        """Applies `count` snapshots, the first a keyframe, and returns the last state."""
        schema = decode_snapshot.Schema(self.joined["schema"])
        state = None
        for _ in range(count):
            message = await asyncio.wait_for(self.snapshots.get(), SECONDS)
            state = decode_snapshot.apply(message, state, schema)
        return state


class Compact(Plain):
    """The same with binary events."""

    @classmethod
    async def connect(cls, server, lobby):
        url = f"ws://{server.host}:{server.port}/lobby/{lobby}"
        socket = await websockets.connect(url, subprotocols=["muster.compact.1"])
        assert socket.subprotocol == "muster.compact.1"
        return cls(socket)

    async def _read(self):
        try:
            async for message in self.socket:
                assert isinstance(message, bytes)
                if message[0] != 0x07:
                    await self.snapshots.put(message)
                    continue
                name, data, *id = msgpack.unpackb(message[1:])
                await self.events.put((name, {"event": name, "data": data, "id": id[0] if id else None}))
        except websockets.ConnectionClosed:
            pass
        await self.events.put(("closed by", {"data": self.socket.close_code}))

    async def send(self, event, data, **more):
        await self.socket.send(b"\x0f" + msgpack.packb([event, data, *more.values()]))


class Player(socketio.AsyncClient):
    """A player on python-socketio."""

    def __init__(self, lobby):
        super().__init__(reconnection=False)
        self.lobby = f"/lobby/{lobby}"
        self.received = asyncio.Queue()
        self.snapshots = asyncio.Queue()
        self.on("snapshot", self.snapshots.put, namespace=self.lobby)
        self.on("*", self._event, namespace=self.lobby)

    async def _event(self, event, *data):
        await self.received.put((event, data[0] if data else None))

    @classmethod
    async def join(cls, server, lobby, **request):
        player = cls(lobby)
        await player.connect(
            server.url, transports=["websocket"], namespaces=[player.lobby], auth=request, wait_timeout=SECONDS)
        player.joined = await player.expect("joined")
        return player

    async def expect(self, event):
        name, data = await asyncio.wait_for(self.received.get(), SECONDS)
        assert name == event
        return data


@pytest.mark.parametrize("dialect", [Plain, Compact])
def test_a_websocket_player_joins_plays_and_reads_every_snapshot(server, dialect):
    async def play():
        player = await dialect.join(server, dialect.__name__, game="arena", name="ann")
        assert player.joined["seat"] == 0 and player.joined["name"] == "ann"
        await player.send("input", {"input": {}}, id=7)
        answer = await asyncio.wait_for(player.events.get(), SECONDS)
        assert answer[1]["id"] == 7 and answer[1]["data"]["accepted"] is True
        before = await player.state_after(30)
        assert before is not None
        await player.send("leave", None, id=8)
        assert (await player.expect("ack")) is None
        assert (await player.expect("closed by")) == 1000

    run(play())


def test_a_client_of_another_schema_is_told_the_field_that_differs(server):
    async def play():
        player = await Plain.join(server, "schemas", game="arena")
        text = player.joined["schema"]
        line = next(line for line in text.split("\n") if line.startswith("field "))
        other = await Plain.connect(server, "schemas")
        await other.send("join", {"schema": text.replace(line, line.replace(" ", " other_", 1), 1)})
        refusal = await other.expect("exception")
        assert refusal["code"] == 4019 and line in refusal["message"] and "other_" in refusal["message"]
        assert (await other.expect("closed by")) == 4019
        same = await Plain.join(server, "schemas", schema=text)
        assert same.joined["schemaHash"] == player.joined["schemaHash"]

    run(play())


def test_a_socketio_player_joins_sends_inputs_and_gets_acks_and_snapshots(server):
    async def play():
        player = await Player.join(server, "sio", game="arena", name="bob")
        answer = await player.call("input", {"input": {}}, namespace=player.lobby, timeout=SECONDS)
        assert answer["accepted"] is True
        schema = decode_snapshot.Schema(player.joined["schema"])
        state = None
        for _ in range(30):
            state = decode_snapshot.apply(await asyncio.wait_for(player.snapshots.get(), SECONDS), state, schema)
        refusal = await player.call("input", {"input": {"nothing like it": 1, "fire": 12}}, namespace=player.lobby)
        assert "error" in refusal
        await player.disconnect()

    run(play())


def test_all_dialects_see_the_same_world(server):
    async def play():
        plain = await Plain.join(server, "mixed", game="arena", name="ann")
        other = await Player.join(server, "mixed", name="bob")
        compact = await Compact.join(server, "mixed", name="cas")
        assert [player.joined["seat"] for player in (plain, other, compact)] == [0, 1, 2]
        schema = decode_snapshot.Schema(plain.joined["schema"])
        states = [{}, {}, {}]
        for number, queue in enumerate([plain.snapshots, other.snapshots, compact.snapshots]):
            state = None
            for _ in range(40):
                state = decode_snapshot.apply(await asyncio.wait_for(queue.get(), SECONDS), state, schema)
                states[number][state["tick"]] = decode_snapshot.state_hash(state)
        common = states[0].keys() & states[1].keys() & states[2].keys()
        assert common and all(states[0][tick] == states[1][tick] == states[2][tick] for tick in common)
        await plain.socket.close()
        await compact.socket.close()
        await other.disconnect()

    run(play())


def test_a_lost_connection_keeps_its_seat_and_comes_back_with_a_delta(server):
    async def play():
        first = await Plain.join(server, "resume", game="arena", name="ann")
        await first.send("input", {"input": {}}, id=1)
        await first.expect("ack")
        state = await first.state_after(10)
        first.socket.transport.abort()
        back = await Plain.join(server, "resume", token=first.joined["token"], tick=state["tick"])
        assert back.joined["resumed"] is True and back.joined["seat"] == first.joined["seat"]
        assert back.joined["token"] != first.joined["token"]
        schema = decode_snapshot.Schema(back.joined["schema"])
        message = await asyncio.wait_for(back.snapshots.get(), SECONDS)
        assert decode_snapshot.apply(message, state, schema)["tick"] > state["tick"]
        await back.socket.close()

    run(play())


def test_a_full_lobby_and_a_forged_token_are_refused_with_code_and_reason(server):
    async def play():
        for name in ["one", "two"]:
            await Plain.join(server, "full", game="tictactoe", name=name)
        late = await Plain.connect(server, "full")
        await late.send("join", {"name": "three"})
        assert (await late.expect("exception"))["code"] == 4007
        assert (await late.expect("closed by")) == 4007
        with pytest.raises(socketio.exceptions.ConnectionError):
            await Player.join(server, "full", name="four")
        forger = await Plain.connect(server, "full")
        await forger.send("join", {"token": "A" * 43})
        assert (await forger.expect("exception"))["code"] == 4001

    run(play())


@pytest.mark.parametrize("message", ["{", "[]", '{"event":1}', '{"event":"input","data":{}}', b"\x00", b"\xff" * 100])
def test_what_no_client_may_send_ends_its_connection_alone(server, message):
    async def play():
        canary = await Plain.join(server, "canary", game="arena", name="canary")
        bad = await Plain.connect(server, "canary")
        await bad.socket.send(message)
        assert (await bad.expect("closed by")) == 4002
        await canary.state_after(5)
        await canary.socket.close()

    run(play())


def test_a_lobby_opened_by_request_is_found_by_quick_joins_of_both_dialects(server):
    async def play():
        terms = {"title": "Ann's", "players": 2, "metadata": {"map": "ice"}}
        opened = json.loads(await asyncio.to_thread(post, server, {"game": "arena", "lobby": terms}))
        assert opened["title"] == "Ann's" and opened["players"] == 0 and len(opened["id"]) == 6
        plain = await Plain.join(server, "~quick", game="arena", filter={"map": "ice"})
        other = await Player.join(server, "~quick", game="arena", filter={"map": "ice"})
        assert plain.joined["lobby"] == other.joined["lobby"] == opened["id"]
        assert await plain.state_after(3) is not None
        schema = decode_snapshot.Schema(other.joined["schema"])
        first = await asyncio.wait_for(other.snapshots.get(), SECONDS)
        assert decode_snapshot.apply(first, None, schema) is not None
        refused = await Plain.connect(server, opened["id"])
        await refused.send("join", {"name": "late"})
        assert (await refused.expect("exception"))["code"] == 4007
        third = await Plain.join(server, "~quick", game="arena", filter={"map": "ice"})
        assert third.joined["lobby"] != opened["id"]
        await other.disconnect()

    run(play())


def post(server, body):
    request = urllib.request.Request(
        f"{server.url}/api/lobbies", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        assert answer.status == 201
        return answer.read()
