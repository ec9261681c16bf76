"""Connection state recovery of `muster-conformance`, by clients that speak Socket.IO's packets over a bare WebSocket or
long polling (protocol/conformance/socketio.md, rows 79 and 80)."""

import json

import aiohttp
import asyncio
import pytest
import websockets

from test_socketio import Place, port  # noqa: F401

SECONDS = 10


@pytest.fixture
def url(port):  # noqa: F811
    return Place(f"http://127.0.0.1:{port}")


class Raw:
    """A client in one namespace that shows packets as they are."""

    def __init__(self, url, namespace="/"):
        self.url = url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
        self.prefix = "" if namespace == "/" else namespace + ","
        self.offset = self.pid = None

    async def open(self, **auth):
        """Connects and joins; what came before the CONNECT, and its payload."""
        self.socket = await websockets.connect(self.url, compression=None, max_size=None)
        assert (await self.socket.recv()).startswith("0{")
        if self.pid:
            auth["pid"] = self.pid
        if self.offset:
            auth["offset"] = self.offset
        await self.socket.send("40" + self.prefix + (json.dumps(auth) if auth else ""))
        missed = []
        while not (packet := await self.packet()).startswith("40" + self.prefix):
            missed.append(self.event(packet))
        self.connected = json.loads(packet[2 + len(self.prefix) :])
        self.pid = self.connected["pid"]
        return missed

    async def packet(self):
        while True:
            packet = await asyncio.wait_for(self.socket.recv(), SECONDS)
            if packet != "2":
                return packet
            await self.socket.send("3")

    def event(self, packet):
        """An event without its offset, which is remembered as clients do."""
        assert packet.startswith("42" + self.prefix), packet
        *values, self.offset = json.loads(packet[2 + len(self.prefix) :])
        return values

    async def say(self, *values):
        await self.socket.send("42" + self.prefix + json.dumps(values))

    async def ask(self, *values):
        """The ack; events before it are forgotten."""
        await self.socket.send("42" + self.prefix + "7" + json.dumps(values))
        while not (packet := await self.packet()).startswith("43" + self.prefix + "7"):
            pass
        return json.loads(packet[3 + len(self.prefix) :])[0]

    def cut(self):
        """Loses the connection, with a reset."""
        self.socket.transport.abort()


def run(script):
    asyncio.run(asyncio.wait_for(script, 4 * SECONDS))


async def seen_gone(watcher, id):
    """Waits until the server knows that a client is gone."""
    while await watcher.ask("reason-of", id) is None:
        pass


@pytest.mark.parametrize("namespace", ["/", "/lobby", "/dyn-79"])
def test_id_rooms_and_what_was_missed_in_order(url, namespace):
    async def script():
        ann, bob = Raw(url, namespace), Raw(url, namespace)
        assert await ann.open() == [] and await bob.open() == []
        id = ann.connected["sid"]
        await ann.ask("join-room", "red")
        await ann.say("echo", 1)
        assert ann.event(await ann.packet()) == ["echo", 1]
        ann.cut()
        await seen_gone(bob, id)
        await bob.say("broadcast", "one")
        await bob.say("say-room", "red", {"two": 2})
        await bob.say("say-room", "blue", "not this")
        await bob.say("say-except", "red", "red", "nor this")
        await bob.say("broadcast-all", "three")
        await bob.ask("echo-ack", 1)
        missed = await ann.open()
        sid = bob.connected["sid"]
        assert missed == [["broadcasted", sid, "one"], ["room-said", "red", sid, {"two": 2}], ["broadcasted", sid, "three"]]
        assert ann.connected == {"sid": id, "pid": ann.pid}
        who = await ann.ask("whoami")
        assert who["id"] == id and who["recovered"] is True and who["rooms"] == sorted([id, "red"]) and who["auth"] == {}
        await bob.say("say-room", "red", "on")
        assert ann.event(await ann.packet()) == ["room-said", "red", sid, "on"]

    run(script())


def test_a_client_that_was_told_nothing_comes_back_too(url):
    async def script():
        ann = Raw(url)
        await ann.open()
        id = ann.connected["sid"]
        ann.cut()
        # The server may not even know yet that the connection is lost.
        assert await ann.open() == [] and ann.connected["sid"] == id
        assert (await ann.ask("whoami"))["recovered"] is True

    run(script())


def test_a_place_is_taken_once_and_not_by_guessing(url):
    async def script():
        ann, thief = Raw(url), Raw(url)
        await ann.open()
        id, pid = ann.connected["sid"], ann.pid
        ann.cut()
        thief.pid = id + "A" * 20
        await thief.open()
        assert thief.connected["sid"] != id
        assert await ann.open() == [] and ann.connected["sid"] == id
        await ann.socket.send("41")
        await seen_gone(thief, id)
        ann.pid = pid
        await ann.open()
        assert ann.connected["sid"] != id and ann.pid != pid

    run(script())


def test_who_knows_the_private_id_needs_no_other_ticket(url):
    async def script():
        ann = Raw(url, "/guarded")
        welcome = await ann.open(token="sesame", user="ann")
        assert welcome == [] and ann.event(await ann.packet()) == ["welcome", {"user": "ann"}]
        id = ann.connected["sid"]
        ann.cut()
        assert await ann.open() == [] and ann.connected["sid"] == id

    run(script())


def test_over_long_polling(url):
    async def script():
        address = url + "/socket.io/?EIO=4&transport=polling"
        async with aiohttp.ClientSession() as http:

            async def handshake():
                async with http.get(address) as answer:
                    return address + "&sid=" + json.loads((await answer.text())[1:])["sid"]

            async def post(at, packet):
                async with http.post(at, data=packet) as answer:
                    assert await answer.text() == "ok"

            async def poll(at):
                async with http.get(at) as answer:
                    return (await answer.text()).split("\x1e")

            first = await handshake()
            await post(first, "40")
            place = json.loads((await poll(first))[0][2:])
            await post(first, '42["burst",3,"t"]')
            packets = await poll(first)
            offset = json.loads(packets[0][2:])[-1]
            await post(first, "1")
            second = await handshake()
            await post(second, "40" + json.dumps({"pid": place["pid"], "offset": offset}))
            packets = await poll(second)
            assert [json.loads(packet[2:])[:-1] for packet in packets[:-1]] == [["burst-item", "t", i] for i in [1, 2]]
            assert json.loads(packets[-1][2:]) == place
            await post(second, '421["whoami"]')
            assert json.loads((await poll(second))[0][3:])[0]["recovered"] is True

    run(script())
