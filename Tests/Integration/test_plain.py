"""Plain WebSockets as clients of an author's Socket.IO namespaces (protocol/spec/socketio.md §15), beside python-socketio."""

import asyncio
import json

import pytest
import websockets

from test_socketio import Peer, Place, port  # noqa: F401

SECONDS = 10


@pytest.fixture
def url(port):  # noqa: F811
    return Place(f"http://127.0.0.1:{port}")


class Plain:
    """A client that says `{"event","data","id"?}`."""

    @classmethod
    async def open(cls, url, path="/plain"):
        self = cls()
        self.socket = await websockets.connect(url.replace("http", "ws") + path, compression=None)
        self.first = await self.next()
        return self

    async def next(self):
        return json.loads(await asyncio.wait_for(self.socket.recv(), SECONDS))

    async def say(self, event, *data, **more):
        await self.socket.send(json.dumps({"event": event} | ({"data": data[0]} if data else {}) | more))

    async def ask(self, event, *data):
        await self.say(event, *data, id=7)
        while (answer := await self.next())["event"] != "ack":
            pass
        assert answer["id"] == 7
        return answer.get("data")


def run(script):
    asyncio.run(asyncio.wait_for(script, 4 * SECONDS))


def test_a_plain_client_and_one_of_socketio_in_one_room(url):
    async def script():
        plain = await Plain.open(url)
        assert plain.first["event"] == "connect"
        id = plain.first["data"]["sid"]
        peer = await Peer("/").open(url, ["websocket"])
        who = await plain.ask("whoami")
        assert who["id"] == id and who["ns"] == "/" and who["transport"] == "websocket"
        assert await plain.ask("join-room", "red") == sorted([id, "red"])
        assert await peer.ask("join-room", "red") == sorted([peer.id, "red"])
        assert await peer.ask("sockets-in", "red") == sorted([id, peer.id])
        await peer.say("say-room", "red", {"n": 1})
        assert await plain.next() == {"event": "room-said", "data": ["red", peer.id, {"n": 1}]}
        await plain.say("broadcast", "hi")
        assert await peer.next() == ("broadcasted", id, "hi")
        await plain.say("echo", {"a": [None]})
        assert await plain.next() == {"event": "echo", "data": {"a": [None]}}
        await peer.disconnect()
        await plain.socket.close()

    run(script())


def test_questions_to_a_plain_client(url):
    async def script():
        plain = await Plain.open(url, "/plain/lobby")
        await plain.say("server-ack", "?")
        question = await plain.next()
        assert question["event"] == "question" and question["data"] == "?"
        await plain.say("ack", 42, id=question["id"])
        assert await plain.next() == {"event": "answered", "data": 42}
        await plain.socket.close()

    run(script())


def test_exceptions_and_kicks(url):
    async def script():
        plain = await Plain.open(url)
        await plain.say("nothing", 1, id=3)
        assert await plain.next() == {
            "event": "exception", "data": {"event": "nothing", "message": "no such event", "id": 3}}
        await plain.say("kick")
        with pytest.raises(websockets.ConnectionClosedOK):
            await plain.next()
        refused = await Plain.open(url, "/plain/guarded?token=open")
        assert refused.first == {
            "event": "exception", "data": {"message": "not authorized", "data": {"code": 401, "got": "open"}}}
        with pytest.raises(websockets.ConnectionClosedError) as closed:
            await refused.next()
        assert closed.value.rcvd.code == 1008
        welcome = await Plain.open(url, "/plain/guarded?token=sesame&user=ann")
        assert await welcome.next() == {"event": "welcome", "data": {"user": "ann"}}
        await welcome.socket.close()

    run(script())
