"""The Swift client: `client-probe` goes through the conformance server's events there and at python-socketio's server, over long
polling, over a WebSocket, and moving from one to the other; `chat-client` plays the example `chat`."""

import asyncio
import re
import subprocess
import urllib.parse

import pytest
import socketio
from aiohttp import web
from conftest import ROOT, clean_environment

import conformance

SECONDS = 45
WAYS = ["polling", "websocket", "upgrade"]
CHECKS = [
    "echo", "acks", "timeout", "handshake", "refusal", "order", "questions", "large", "sharing", "retries", "kick",
    "offline", "sequence", "cancellation",
]


async def probe(url, *arguments):
    """Runs the probe to its end, which must be a good one."""
    process = await asyncio.create_subprocess_exec(
        ROOT / ".build/debug/client-probe", url, *arguments, env=clean_environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        output, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    except TimeoutError:
        process.kill()
        output, _ = await process.communicate()
        pytest.fail(f"the probe hangs after:\n{output.decode()}")
    lines = output.decode().splitlines()
    assert lines == [f"ok {check}" for check in CHECKS] and process.returncode == 0, output.decode()


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    with conformance.running(tmp_path_factory.mktemp("client")) as port:
        yield port


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("codec", ["standard", "msgpack"])
def test_the_client_goes_through_the_events_of_the_conformance_server(port, way, codec):
    asyncio.run(probe(f"http://127.0.0.1:{port + ['standard', 'msgpack'].index(codec)}", way, codec))


# MARK: A server that is not ours


def count_bytes(value):
    """How many binary values there are at any depth, and their bytes together."""
    if isinstance(value, bytes):
        return 1, len(value)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else []
    counts = [count_bytes(part) for part in parts]
    return sum(count for count, _ in counts), sum(size for _, size in counts)


@web.middleware
async def whole_bodies(request, handler):
    """Lets a body come whole before it is looked at: python-engineio takes for it what one read of aiohttp's stream gives."""
    if body := await request.read():
        request.content.unread_data(body)
    return await handler(request)


def foreign_server(serializer):
    """python-socketio's server with the events that the probe uses."""
    sio = socketio.AsyncServer(async_mode="aiohttp", ping_interval=1, ping_timeout=2, serializer=serializer)
    auths, seen = {}, set()

    async def never():
        await asyncio.Event().wait()

    def serve(namespace):
        def event(handler):
            sio.on(handler.__name__.replace("_", "-"), handler, namespace=namespace)

        @event
        async def connect(sid, environ, auth):
            auths[sid] = auth, environ["QUERY_STRING"]
            if namespace != "/guarded":
                return
            token = (auth or {}).get("token")
            if token != "sesame":
                raise socketio.exceptions.ConnectionRefusedError("not authorized", {"code": 401, "got": token})
            await sio.emit("welcome", {"user": auth.get("user")}, to=sid, namespace=namespace)

        @event
        async def echo(sid, *args):
            await sio.emit("echo", args, to=sid, namespace=namespace)

        @event
        async def echo_ack(sid, *args):
            return args

        @event
        async def no_ack(sid, *args):
            await never()

        @event
        async def binary_info(sid, *args):
            count, size = count_bytes(args)
            return {"count": count, "bytes": size}

        @event
        async def whoami(sid):
            auth, query = auths[sid]
            return {"id": sid, "ns": namespace, "auth": auth or {}, "query": dict(urllib.parse.parse_qsl(query))}

        @event
        async def burst(sid, count, tag):
            for index in range(count):
                await sio.emit("burst-item", (tag, index), to=sid, namespace=namespace)
            return count

        @event
        async def server_ack(sid, value):
            async def answered(*answer):
                await sio.emit("answered", answer, to=sid, namespace=namespace)

            await sio.emit("question", value, to=sid, namespace=namespace, callback=answered)

        @event
        async def make_text(sid, count, compress):
            await sio.emit("made-text", "x" * count, to=sid, namespace=namespace)

        @event
        async def make_binary(sid, count):
            await sio.emit("made-binary", bytes(index % 251 for index in range(count)), to=sid, namespace=namespace)

        @event
        async def flaky(sid, key):
            if key not in seen:
                seen.add(key)
                await never()
            return key

        @event
        async def kick(sid, closes):
            await sio.disconnect(sid, namespace=namespace)

    for namespace in ("/", "/lobby", "/guarded"):
        serve(namespace)
    app = web.Application(middlewares=[whole_bodies])
    sio.attach(app)
    return app


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("codec", ["standard", "msgpack"])
def test_the_client_goes_through_the_same_events_of_python_socketios_server(way, codec):
    async def run():
        runner = web.AppRunner(foreign_server("default" if codec == "standard" else "msgpack"), shutdown_timeout=1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            await probe(f"http://localhost:{runner.addresses[0][1]}", way, codec)
        finally:
            await runner.cleanup()

    asyncio.run(run())


# MARK: The example


class Terminal:
    """Somebody at a terminal."""

    @classmethod
    async def open(cls, *command, **environment):
        self = cls()
        self.process = await asyncio.create_subprocess_exec(
            *command, env=clean_environment(**environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        return self

    async def see(self, pattern):
        """The match of the next line in which the pattern is."""
        while line := await asyncio.wait_for(self.process.stdout.readline(), SECONDS):
            if match := re.search(pattern, line.decode()):
                return match
        pytest.fail(f"it ended before it printed {pattern!r}")

    def say(self, line):
        self.process.stdin.write(f"{line}\n".encode())

    async def end(self):
        """The exit code, once nothing more will be typed."""
        self.process.stdin.close()
        return await self.ended()

    async def ended(self):
        """The exit code of a program that ends of itself."""
        return await asyncio.wait_for(self.process.wait(), SECONDS)


def test_people_chat_on_terminals():
    async def run():
        people = []
        chat = await Terminal.open(
            "stdbuf", "-oL", ROOT / ".build/debug/chat", MUSTER_LISTEN="127.0.0.1:0", CHAT_ADMIN_PASSWORD="x")
        people.append(chat)
        try:
            url = (await chat.see(r"http://\S+"))[0]
            ann = await Terminal.open(ROOT / ".build/debug/chat-client", url, "Ann")
            people.append(ann)
            await ann.see(r"in lobby: Ann$")
            bob = await Terminal.open(ROOT / ".build/debug/chat-client", url, "Bob")
            people.append(bob)
            await bob.see(r"in lobby: Ann, Bob$")
            await ann.see(r"Bob has come")
            bob.say("hello")
            await ann.see(r"^Bob: hello$")
            await bob.see(r"^Bob: hello$")
            twin = await Terminal.open(ROOT / ".build/debug/chat-client", url, "Bob")
            people.append(twin)
            await twin.see("already")
            assert await twin.ended() == 1
            assert await bob.end() == 0
            await ann.see(r"Bob has gone")
        finally:
            for person in people:
                if person.process.returncode is None:
                    person.process.kill()
                    await person.process.wait()

    asyncio.run(run())
