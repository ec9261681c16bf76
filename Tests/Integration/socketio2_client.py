"""A client of Socket.IO 2, python-socketio 4, which runs apart as it has the name of the present one: plays a script
against the server at URL, over the TRANSPORTS that are named, and prints what it has seen as JSON."""

import asyncio
import json
import sys

import socketio

SECONDS = 10


class Peer(socketio.AsyncClient):
    """A client, with what it has got."""

    def __init__(self, namespaces):
        super().__init__(reconnection=False)
        self.events = asyncio.Queue()
        for namespace in namespaces:
            for event in ["echo", "room-said", "broadcasted", "welcome", "question", "answered"]:
                self.on(event, self.taker(namespace, event), namespace=namespace)
            for event in ["connect", "connect_error", "disconnect"]:
                self.on(event, self.taker(namespace, event), namespace=namespace)

    def taker(self, namespace, event):
        async def take(*args):
            # With recovery on, an event has an offset at its end, unless it asks for an ack.
            if event in ["echo", "room-said", "broadcasted", "welcome", "answered"]:
                args = args[:-1]
            await self.events.put([namespace, event, *args])
            return "answer"

        return take

    async def next(self):
        return await asyncio.wait_for(self.events.get(), SECONDS)

    async def ask(self, event, *args, namespace="/"):
        return await self.call(event, args, namespace=namespace, timeout=SECONDS)


def shown(value):
    """The value with its bytes as text."""
    if isinstance(value, bytes):
        return "bytes " + value.hex()
    if isinstance(value, (list, tuple)):
        return [shown(one) for one in value]
    return {key: shown(one) for key, one in value.items()} if isinstance(value, dict) else value


async def script(url, transports):
    seen = {}
    ann, bob = Peer(["/", "/lobby"]), Peer(["/"])
    await ann.connect(url, transports=transports, namespaces=["/lobby"])
    # The main namespace is there by itself; the other is told of.
    seen["joined"] = sorted([(await ann.next())[:2], (await ann.next())[:2]])
    await bob.connect(url, transports=transports)
    await bob.next()
    # No empty bytes: this client reads them as None.
    values = [1, "é", None, {"a": [True, b"\x00\xff"]}, b"\x01", -1.5]
    await ann.emit("echo", tuple(values))
    seen["echo"] = (await ann.next())[2:]
    seen["ack"] = await ann.ask("echo-ack", *values)
    seen["lobby"] = await ann.ask("echo-ack", "in", "lobby", namespace="/lobby")
    who = await ann.ask("whoami")
    seen["whoami"] = {"ns": who["ns"], "auth": who["auth"], "transport": who["transport"], "EIO": who["query"]["EIO"]}
    await ann.ask("join-room", "den")
    await bob.ask("join-room", "den")
    await bob.emit("say-room", ("den", {"b": b"\x07"}))
    seen["room"] = (await ann.next())[4]
    await ann.emit("server-ack", "well?")
    seen["question"] = [(await ann.next())[1:], (await ann.next())[1:]]
    long = "x" * 50_000
    await bob.emit("broadcast-all", long)
    seen["broadcast"] = [(await peer.next())[3] == long for peer in [ann, bob]]
    await ann.emit("kick", False, namespace="/lobby")
    seen["kicked"] = (await ann.next())[:2]
    seen["still in"] = await ann.ask("echo-ack", "main")
    await ann.disconnect()
    await bob.disconnect()
    welcome = "/guarded?token=sesame&user=ann"
    for name, namespace in [("refused", "/guarded"), ("let in", welcome), ("nowhere", "/nowhere")]:
        peer = Peer(["/", namespace.split("?")[0]])
        await peer.connect(url, transports=transports, namespaces=[namespace])
        heard = [await peer.next() for _ in range(3 if name == "let in" else 2)]
        seen[name] = [one for one in heard if one[0] != "/"]
        await peer.disconnect()
    return shown(seen)


print(json.dumps(asyncio.run(asyncio.wait_for(script(sys.argv[1], sys.argv[2:] or None), 4 * SECONDS))))
