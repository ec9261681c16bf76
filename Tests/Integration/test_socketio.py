"""python-socketio against `muster-conformance`: every event of its Socket.IO namespaces, over long polling, over a
WebSocket, and moving from one to the other, in JSON and in MessagePack (protocol/conformance/socketio.md)."""

import asyncio

import pytest
import socketio

import conformance

SECONDS = 10
TRANSPORTS = [["polling"], ["websocket"], None]
NAMESPACES = ["/", "/lobby", "/guarded", "/dyn-7"]


class Place(str):
    """A server's address, and the serializer that is spoken there."""

    serializer = "default"


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    with conformance.running(tmp_path_factory.mktemp("socketio")) as port:
        yield port


@pytest.fixture(scope="module", params=["default", "msgpack"])
def url(port, request):
    place = Place(f"http://127.0.0.1:{port + ['default', 'msgpack'].index(request.param)}")
    place.serializer = request.param
    return place


@pytest.fixture(params=TRANSPORTS, ids=["polling", "websocket", "upgrade"])
def transports(request):
    return request.param


class Peer(socketio.AsyncClient):
    """A client in one namespace, with what it has got."""

    def __init__(self, namespace, answer=None, serializer="default"):
        super().__init__(reconnection=False, serializer=serializer)
        self.namespace, self.events, self.reasons = namespace, asyncio.Queue(), asyncio.Queue()

        async def got(event, *args):
            # With recovery on, an event has an offset at its end, unless it is volatile or asks for an ack.
            is_traced = event != "question" and args and isinstance(args[-1], str)
            await self.events.put((event, *(args[:-1] if is_traced else args)))

        async def question(*args):
            await self.events.put(("question", *args))
            return answer

        self.on("*", got, namespace=namespace)
        if answer is not None:
            self.on("question", question, namespace=namespace)
        self.on("disconnect", self.reasons.put, namespace=namespace)

    async def open(self, url, transports, auth=None, query=""):
        auth = {"token": "sesame"} if auth is None and self.namespace == "/guarded" else auth
        await self.connect(
            url + query, transports=transports, namespaces=[self.namespace], auth=auth, wait_timeout=SECONDS)
        if self.namespace == "/guarded":
            assert await self.next() == ("welcome", {"user": (auth or {}).get("user")})
        return self

    async def say(self, event, *args):
        await self.emit(event, args, namespace=self.namespace)

    async def ask(self, event, *args):
        return await self.call(event, args, namespace=self.namespace, timeout=SECONDS)

    async def next(self):
        return await asyncio.wait_for(self.events.get(), SECONDS)

    async def next_reason(self):
        return await asyncio.wait_for(self.reasons.get(), SECONDS)

    async def settle(self):
        """Whatever was said before to this client has come."""
        await self.ask("echo-ack", 1)

    @property
    def id(self):
        return self.get_sid(self.namespace)


def play(url, script, transports=None, namespace="/", count=1, answers=()):
    """Runs a script with so many connected peers."""

    async def run():
        peers = [Peer(namespace, answers[n] if n < len(answers) else None, url.serializer) for n in range(count)]
        try:
            for peer in peers:
                await peer.open(url, transports)
            await script(*peers)
        finally:
            for peer in peers:
                await peer.disconnect()

    asyncio.run(asyncio.wait_for(run(), 4 * SECONDS))


VALUES = [
    (), (1,), ("é\u2028\n\"", None, True, -1.5), ({"a": [{"b": {}}], "": []},), (b"\x00\xff",), (b"", {"x": [b"12", 3]}, "y"),
]


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_echoes_and_acks_of_anything(url, transports, namespace):
    async def script(peer):
        for values in VALUES:
            await peer.say("echo", *values)
            assert await peer.next() == ("echo", *values)
            answer = await peer.ask("echo-ack", *values)
            assert answer == (None if not values else values[0] if len(values) == 1 else values)
        assert await peer.ask("binary-info", b"123", {"a": [b"45", {"b": b""}]}, 6) == {"count": 3, "bytes": 5}

    play(url, script, transports, namespace)


def test_an_ack_that_never_comes(url):
    async def script(peer):
        with pytest.raises(socketio.exceptions.TimeoutError):
            await peer.call("no-ack", "x", timeout=0.2)
        with pytest.raises(socketio.exceptions.TimeoutError):
            await peer.call("flaky", "key", timeout=0.2)
        assert await peer.ask("flaky", "key") == "key"

    play(url, script)


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_who_one_is(url, transports, namespace):
    async def run():
        peer = Peer(namespace, serializer=url.serializer)
        await peer.open(url, transports, {"token": "sesame", "n": [1]}, "/?x=a%20b&y=")
        who = await peer.ask("whoami")
        assert who["id"] == peer.id and len(peer.id) == 20 and who["ns"] == namespace
        assert who["rooms"] == [peer.id] and who["recovered"] is False and who["auth"] == {"token": "sesame", "n": [1]}
        assert who["query"]["x"] == "a b" and who["query"]["EIO"] == "4"
        assert who["transport"] == ("polling" if transports == ["polling"] else "websocket")
        await peer.disconnect()

    asyncio.run(asyncio.wait_for(run(), 2 * SECONDS))


def test_a_guarded_namespace_and_one_that_is_not_there(url, transports):
    async def refusal(namespace, auth):
        refused = asyncio.get_running_loop().create_future()
        peer = Peer(namespace, serializer=url.serializer)
        peer.on("connect_error", refused.set_result, namespace=namespace)
        with pytest.raises(socketio.exceptions.ConnectionError):
            await peer.connect(url, transports=transports, namespaces=[namespace], auth=auth, wait_timeout=SECONDS)
        await peer.disconnect()
        return await refused

    async def run():
        for auth, got in [({"token": "open"}, "open"), ({}, None), ({"token": 5}, 5)]:
            error = await refusal("/guarded", auth)
            assert error == {"message": "not authorized", "data": {"code": 401, "got": got}}
        for namespace in ["/nowhere", "/dyn-", "/dyn-7x", "/x/dyn-7"]:
            assert await refusal(namespace, {}) == {"message": "Invalid namespace"}
        peer = Peer("/guarded", serializer=url.serializer)
        await peer.open(url, transports, {"token": "sesame", "user": "ann"})
        await peer.disconnect()

    asyncio.run(asyncio.wait_for(run(), 4 * SECONDS))


@pytest.mark.parametrize("namespace", ["/", "/dyn-1"])
def test_rooms(url, transports, namespace):
    async def script(ann, bob, cyd):
        assert await ann.ask("join-room", "red") == sorted([ann.id, "red"])
        assert await bob.ask("join-room", "red") == sorted([bob.id, "red"])
        assert await bob.ask("join-room", "blue") == sorted([bob.id, "red", "blue"])
        assert await cyd.ask("sockets-in", "red") == sorted([ann.id, bob.id])
        assert await cyd.ask("sockets-in", bob.id) == [bob.id]
        await ann.say("say-room", "red", {"n": 1})
        assert await bob.next() == ("room-said", "red", ann.id, {"n": 1})
        await ann.say("say-room-all", "red", b"\x01")
        for peer in [ann, bob]:
            assert await peer.next() == ("room-said", "red", ann.id, b"\x01")
        await cyd.say("say-except", "red", "blue", 3)
        assert await ann.next() == ("room-said", "red", cyd.id, 3)
        await ann.say("broadcast", "hi")
        for peer in [bob, cyd]:
            assert await peer.next() == ("broadcasted", ann.id, "hi")
        await cyd.say("broadcast-all", None)
        for peer in [ann, bob, cyd]:
            assert await peer.next() == ("broadcasted", cyd.id, None)
        assert await bob.ask("leave-room", "red") == sorted([bob.id, "blue"])
        assert await bob.ask("leave-room", "never") == sorted([bob.id, "blue"])
        assert await cyd.ask("sockets-in", "red") == [ann.id]
        for peer in [ann, bob, cyd]:
            await peer.settle()
            assert peer.events.empty()

    play(url, script, transports, namespace, 3)


def test_questions_of_the_server(url, transports):
    async def script(ann, bob, mute):
        await ann.say("server-ack", {"q": b"1"})
        assert await ann.next() == ("question", {"q": b"1"})
        assert await ann.next() == ("answered", "ann")
        await ann.say("server-ack-timeout", 5_000, 7)
        assert await ann.next() == ("question", 7) and await ann.next() == ("answered", "ok", "ann")
        await mute.say("server-ack-timeout", 100, 7)
        assert await mute.next() == ("question", 7) and await mute.next() == ("answered", "timeout")
        for peer in [ann, bob]:
            await peer.ask("join-room", "quiz")
        assert await mute.ask("ask-room", "quiz", 5_000, "?") == {"timedOut": False, "answers": ["ann", "bob"]}
        await mute.ask("join-room", "quiz")
        assert await ann.ask("ask-room", "quiz", 300, "?") == {"timedOut": True, "answers": ["ann", "bob"]}
        assert await ann.ask("ask-room", "nobody", 300, "?") == {"timedOut": False, "answers": []}

    # A client that answers with nothing at all does not exist in python-socketio: this one hides the event.
    async def hidden(ann, bob, mute):
        mute._trigger_event = muted(mute)
        await script(ann, bob, mute)

    def muted(peer):
        async def trigger(event, namespace, *args):
            if event == "question":
                await peer.events.put((event, *args))
                await asyncio.get_running_loop().create_future()
            return await socketio.AsyncClient._trigger_event(peer, event, namespace, *args)

        return trigger

    play(url, hidden, transports, count=3, answers=["ann", "bob"])


def most_at_once(transports, count):
    """python-engineio ends a session that gets more than 16 packets in one answer to a poll."""
    return 12 if transports == ["polling"] else count


def test_many_at_once(url, transports):
    count = most_at_once(transports, 500)

    async def script(peer):
        items = [("burst-item", "t", i) for i in range(count)]
        assert await peer.ask("burst", count, "t") == count
        assert [await peer.next() for _ in range(count)] == items
        assert await peer.ask("burst-volatile", count, "t") == count
        heard = [await peer.next()]
        while heard[-1] != items[-1]:
            heard.append(await peer.next())
        # Where no GET waits at the moment, the newest does.
        assert heard == (sorted(set(heard)) if transports == ["polling"] else items)
        for compress in [True, False]:
            await peer.say("make-text", 300_000, compress)
            assert await peer.next() == ("made-text", "x" * 300_000)
        await peer.say("make-binary", 100_000)
        assert await peer.next() == ("made-binary", bytes(i % 251 for i in range(100_000)))

    play(url, script, transports)


def test_the_order_of_events(url, transports):
    count = most_at_once(transports, 200)

    async def script(peer):
        for i in range(count):
            await peer.say("echo", i)
        assert [await peer.next() for _ in range(count)] == [("echo", i) for i in range(count)]

    play(url, script, transports)


def test_a_question_of_the_server_does_not_hold_up_the_other_events(port, transports):
    async def run():
        peer = Peer("/")

        async def ack(*_):
            await peer.say("hi")
            return 5, {"test": True}

        peer.on("ack", ack)
        await peer.open(f"http://127.0.0.1:{port + 5}", transports)
        await peer.say("ack")
        await peer.say("false")
        # The answer comes behind "hi".
        assert [(await peer.next())[0] for _ in range(3)] == ["false", "hi", "got it"]
        await peer.disconnect()

    asyncio.run(asyncio.wait_for(run(), 2 * SECONDS))


@pytest.mark.parametrize("closes", [False, True])
def test_kicks_and_the_reasons_that_the_server_saw(url, transports, closes):
    async def script(peer, watcher):
        id = peer.id
        assert await watcher.ask("reason-of", id) is None
        await peer.say("kick", closes)
        await peer.next_reason()
        assert await watcher.ask("reason-of", id) == "server namespace disconnect"

    play(url, script, transports, count=2)


def test_more_reasons(url, transports):
    async def script(leaver, closer, kicked, watcher):
        ids = [peer.id for peer in [leaver, closer, kicked]]
        await kicked.ask("join-room", "out")
        await watcher.say("kick-room", "out")
        await kicked.next_reason()
        # Its own way to leave may close the WebSocket before the packet has gone.
        await leaver._send_packet(leaver.packet_class(socketio.packet.DISCONNECT, namespace="/"))
        await closer.eio.disconnect()
        while None in (reasons := [await watcher.ask("reason-of", id) for id in ids]):
            pass
        assert reasons == ["client namespace disconnect", "transport close", "server namespace disconnect"]

    play(url, script, transports, count=4)


def test_two_namespaces_on_one_connection(url, transports):
    async def run():
        client = socketio.AsyncClient(reconnection=False, serializer=url.serializer)
        await client.connect(url, transports=transports, namespaces=["/", "/lobby"], wait_timeout=SECONDS)
        main, lobby = [await client.call("whoami", namespace=n, timeout=SECONDS) for n in ["/", "/lobby"]]
        assert (main["ns"], lobby["ns"]) == ("/", "/lobby") and main["id"] != lobby["id"]
        await client.emit("kick", False, namespace="/lobby")
        while "/lobby" in client.namespaces:
            assert await client.call("echo-ack", 1, timeout=SECONDS) == 1
        await client.disconnect()

    asyncio.run(asyncio.wait_for(run(), 2 * SECONDS))


def test_the_listeners_of_the_official_suites(port):
    async def run():
        for namespace in ["/", "/custom"]:
            peer = await Peer(namespace).open(f"http://127.0.0.1:{port + 2}", None, {"a": 1})
            assert await peer.next() == ("auth", {"a": 1})
            await peer.disconnect()
        peer = await Peer("/").open(f"http://127.0.0.1:{port + 5}", None)
        await peer.say("getUtf8")
        texts = [(await peer.next())[1] for _ in range(5)]
        assert texts[:2] == ["てすと", "Я Б Г Д Ж Й"] and texts[3] == texts[4]
        await peer.say("jsonbuff", {"hello": "lol", "message": b"x", "goodbye": "gotcha"})
        assert await peer.next() == ("jsonbuff-ack",)
        for event, value in [("blob1", b"1"), ("blob2", "second"), ("blob3", b"3")]:
            await peer.say(event, value)
        assert await peer.next() == ("blob3-ack",)
        assert (await peer.ask("getHandshake"))["query"]["EIO"] == "4" and await peer.ask("getId") == peer.id
        await peer.disconnect()

    asyncio.run(asyncio.wait_for(run(), 2 * SECONDS))


def test_a_parser_that_the_server_does_not_speak(port):
    """JSON to the listener of MessagePack, and the reverse: the connection ends, and others go on."""

    async def run():
        for serializer, other in [("msgpack", port), ("default", port + 1)]:
            peer = Peer("/", serializer=serializer)
            with pytest.raises(socketio.exceptions.ConnectionError):
                await peer.connect(f"http://127.0.0.1:{other}", transports=["websocket"], wait_timeout=SECONDS)
            await peer.disconnect()

    asyncio.run(asyncio.wait_for(run(), 4 * SECONDS))
