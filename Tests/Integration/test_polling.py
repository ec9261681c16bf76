"""python-socketio over long polling alone, and moving to a WebSocket as it does by default
(protocol/spec/socketio.md §7 and §8)."""

import asyncio
import pathlib
import sys

import pytest
import socketio

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "protocol/conformance"))
import decode_snapshot

SECONDS = 10
LOBBY = "/lobby/polled"


@pytest.mark.parametrize("transports, ends_as", [(["polling"], "polling"), (None, "websocket")])
def test_a_player_joins_sends_inputs_and_reads_every_snapshot(start_server, transports, ends_as):
    async def play():
        server = start_server()
        client = socketio.AsyncClient(reconnection=False)
        snapshots, joined = asyncio.Queue(), asyncio.get_running_loop().create_future()
        client.on("snapshot", snapshots.put, namespace=LOBBY)
        client.on("joined", joined.set_result, namespace=LOBBY)
        await client.connect(
            server.url, transports=transports, namespaces=[LOBBY], auth={"game": "arena", "name": "ann"},
            wait_timeout=SECONDS)
        welcome = await asyncio.wait_for(joined, SECONDS)
        schema = decode_snapshot.Schema(welcome["schema"])
        state = None
        for _ in range(30):
            state = decode_snapshot.apply(await asyncio.wait_for(snapshots.get(), SECONDS), state, schema)
            assert state is not None
        answer = await client.call("input", {"input": {}}, namespace=LOBBY, timeout=SECONDS)
        assert answer["accepted"] is True
        assert client.transport() == ends_as
        await client.disconnect()

    asyncio.run(asyncio.wait_for(play(), 3 * SECONDS))


def test_a_server_that_stops_ends_the_polls(start_server):
    async def play():
        server = start_server("--drain-seconds", "0.2")
        client = socketio.AsyncClient(reconnection=False)
        gone = asyncio.Event()

        async def left(*_):
            gone.set()

        client.on("disconnect", left, namespace="/")
        await client.connect(server.url, transports=["polling"], wait_timeout=SECONDS)
        assert await asyncio.to_thread(server.stop) == 0
        await asyncio.wait_for(gone.wait(), SECONDS)
        await client.shutdown()

    asyncio.run(asyncio.wait_for(play(), 3 * SECONDS))
