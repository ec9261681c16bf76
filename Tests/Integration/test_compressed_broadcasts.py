"""Broadcasts that are compressed once for everybody, read by clients with all kinds of permessage-deflate beside
messages that each is sent alone (protocol/conformance/socketio.md, rows 6 and 64)."""

import asyncio
import json

import msgpack
import pytest
import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

import conformance

SECONDS = 10
# MessagePack's listener keeps contexts between messages, the other does not; both speak the same below Socket.IO.
OFFERS = [
    {},
    {"server_no_context_takeover": True},
    {"server_max_window_bits": 9},
    {"server_max_window_bits": 12, "server_no_context_takeover": True},
    {"server_max_window_bits": 10, "client_no_context_takeover": True},
    None,
]


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    with conformance.running(tmp_path_factory.mktemp("broadcasts")) as port:
        yield port


class Peer:
    """A client in `/`; `bytes_in` counts what the connection has brought."""

    async def open(self, port, offer, codec):
        extensions = None if offer is None else [ClientPerMessageDeflateFactory(**offer)]
        self.codec, self.socket = codec, await websockets.connect(
            f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket", compression=None, extensions=extensions,
            max_size=None)
        assert bool(self.socket.protocol.extensions) == (offer is not None)
        self.bytes_in, take = 0, self.socket.data_received

        def counted(data):
            self.bytes_in += len(data)
            take(data)

        self.socket.data_received = counted
        assert (await self.message())[:1] == "0"
        await self.say({"type": 0, "nsp": "/"})
        assert (await self.packet())["type"] == 0
        return self

    async def message(self):
        while (message := await asyncio.wait_for(self.socket.recv(), SECONDS)) == "2":
            await self.socket.send("3")
        return message

    async def say(self, packet):
        await self.socket.send(self.codec.write(packet))

    async def emit(self, *data):
        await self.say({"type": 2, "nsp": "/", "data": list(data)})

    async def packet(self):
        return self.codec.read(await self.message())

    async def event(self):
        """The next event, without the offset that it has where recovery is on."""
        return (await self.packet())["data"][:-1]


class Text:
    """Socket.IO's own form, as far as it is needed."""

    @staticmethod
    def write(packet):
        return f"4{packet['type']}" + (json.dumps(packet["data"]) if "data" in packet else "")

    @staticmethod
    def read(message):
        return {"type": int(message[1]), "data": json.loads(message[2:])}


class Packed:
    """The form of socket.io-msgpack-parser."""

    @staticmethod
    def write(packet):
        return msgpack.packb(packet)

    @staticmethod
    def read(message):
        return msgpack.unpackb(message)


@pytest.mark.parametrize("codec", [Text, Packed])
def test_messages_before_between_and_behind_broadcasts_are_read(port, codec):
    async def run():
        peers = [await Peer().open(port + (codec is Packed), offer, codec) for offer in OFFERS]
        # The same words again and again: whoever refers to a wrong window shows it.
        words = ["a word that comes again %d " % (n % 3) * 200 for n in range(12)]
        for number, text in enumerate(words):
            for peer in peers[number % 2 :: 2]:
                await peer.emit("echo", text + "alone")
                assert (await peer.event())[:2] == ["echo", text + "alone"]
            await peers[number % len(peers)].emit("broadcast-all", text)
            for peer in peers:
                event = await peer.event()
                assert event[0] == "broadcasted" and event[2] == text
        before = [peer.bytes_in for peer in peers]
        await peers[0].emit("broadcast-all", words[0])
        for peer in peers:
            await peer.event()
        came = [peer.bytes_in - start for peer, start in zip(peers, before)]
        assert all(count < 500 for count in came[:-1]) and came[-1] > len(words[0])
        for peer in peers:
            await peer.socket.close()

    asyncio.run(asyncio.wait_for(run(), 6 * SECONDS))


def test_short_messages_are_not_compressed(port):
    async def run():
        peers = [await Peer().open(port, offer, Text) for offer in OFFERS]
        before = [peer.bytes_in for peer in peers]
        await peers[0].emit("broadcast-all", "x" * 900)
        for peer in peers:
            assert (await peer.event())[2] == "x" * 900
        assert all(peer.bytes_in - start > 900 for peer, start in zip(peers, before))
        for peer in peers:
            await peer.socket.close()

    asyncio.run(asyncio.wait_for(run(), 3 * SECONDS))
