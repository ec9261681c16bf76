"""The official Socket.IO Admin UI against a running server (protocol/spec/admin.md §9): python-socketio in that page's words, and the
page itself in Chromium where `MUSTER_ADMIN_UI` names a folder with its build (`ui/dist` of socketio/socket.io-admin-ui)."""

import asyncio
import contextlib
import functools
import http.server
import os
import pathlib
import re
import subprocess
import threading
import types
import urllib.error
import urllib.request

import pytest
import socketio
from browsing import needs_browser
from conftest import BINARY, clean_environment
from devtools import browser  # noqa: F401
from test_arena import open_tab  # noqa: F401
from test_chat import chatting, enter
from test_lobby import SECONDS, Plain, run

PASSWORDS = {"admin": "correct horse battery", "vera": "a viewer's password"}
EVENTS = [
    "session", "config", "server_stats", "all_sockets", "socket_connected", "socket_updated", "socket_disconnected",
    "room_joined", "room_left", "event_received", "event_sent"]
BUILD = os.environ.get("MUSTER_ADMIN_UI")
TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ")


class Site:
    """An origin that serves a folder."""

    def __init__(self, folder):
        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_):
                pass

        handler = functools.partial(Handler, directory=folder)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    site = Site(BUILD or tmp_path_factory.mktemp("site"))
    yield site
    site.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory, site):
    """A server in development mode that lets the site's pages act as admin, with an admin and Vera who only looks on."""
    from conftest import Server

    folder = tmp_path_factory.mktemp("admin-ui")
    command = [BINARY, "users", "add", "vera", "--role", "viewer", "--storage", "muster.db"]
    subprocess.run(
        command, cwd=folder, env=clean_environment(), input=PASSWORDS["vera"] + "\n", text=True, check=True,
        capture_output=True, timeout=30)
    shared = Server(
        "--storage", "muster.db", "--admin-mode", "development", "--origins", site.origin, cwd=folder,
        MUSTER_ADMIN_PASSWORD=PASSWORDS["admin"])
    yield shared
    assert shared.stop() == 0, "".join(shared.output)


class Page:
    """What the page's App.vue does."""

    def __init__(self, namespace="/admin"):
        self.namespace = namespace
        self.client = socketio.AsyncClient(reconnection=False)
        self.told = {name: asyncio.Queue() for name in EVENTS}
        # As its store keeps them, by id.
        self.sockets, self.changed = {}, asyncio.Event()
        for name in EVENTS:
            self.client.on(name, self._taker(name), namespace=namespace)

    def _taker(self, name):
        async def take(*values):
            await self.told[name].put(values)
            if name == "all_sockets":
                self.sockets = {socket["id"]: socket for socket in values[0]}
            elif name in ("socket_connected", "socket_updated"):
                self.sockets.setdefault(values[0]["id"], {}).update(values[0])
            elif name == "socket_disconnected":
                self.sockets.pop(values[1], None)
            self.changed.set()

        return take

    @classmethod
    async def open(cls, server, transports=("polling", "websocket"), namespace="/admin", **auth):
        page = cls(namespace)
        await page.client.connect(
            server.url, transports=list(transports), namespaces=[namespace], wait_timeout=SECONDS, auth=auth)
        return page

    async def next(self, name):
        return await asyncio.wait_for(self.told[name].get(), SECONDS)

    async def sees(self, condition):
        """Waits until the sockets that it shows are as `condition` says of them."""
        async with asyncio.timeout(SECONDS):
            while not condition(self.sockets):
                self.changed.clear()
                await self.changed.wait()
        return self.sockets

    async def until(self, name, condition):
        while not condition(values := await self.next(name)):
            pass
        return values

    async def emit(self, name, *values):
        await self.client.emit(name, values, namespace=self.namespace)

    async def close(self):
        await self.client.disconnect()


async def closed_by(player, code):
    """The server has ended the player's connection, with that code."""
    while (event := (await asyncio.wait_for(player.events.get(), SECONDS)))[0] != "closed by":
        pass
    assert event[1]["data"] == code


def test_the_page_sees_a_player_come_talk_and_go_and_a_button_is_a_verb(server):
    async def play():
        page = await Page.open(server, username="admin", password=PASSWORDS["admin"])
        (session,) = await page.next("session")
        assert len(session) == 43
        (config,) = await page.next("config")
        assert set(config["supportedFeatures"]) == {
            "EMIT", "LEAVE", "DISCONNECT", "MLEAVE", "MDISCONNECT", "AGGREGATED_EVENTS", "ALL_EVENTS"}
        (sockets,) = await page.next("all_sockets")
        assert sockets == []
        player = await Plain.join(server, "yard", game="arena", name="Ann")
        (sockets,) = await page.until("all_sockets", lambda values: values[0])
        ann = sockets[0]
        assert ann["nsp"] == "/lobby" and ann["transport"] == "websocket" and ann["data"]["name"] == "Ann"
        assert ann["id"].startswith("yard/") and ann["rooms"] == [ann["id"], "yard"]
        assert ann["handshake"]["address"].startswith("127.0.0.1:") and TIME.fullmatch(ann["handshake"]["time"])
        assert ann["handshake"]["headers"] == {} and player.joined["token"] not in str(sockets)
        await player.send("chat", {"text": "hello"})
        nsp, sender, event, at = await page.until("event_received", lambda values: values[2][0] == "chat")
        assert (nsp, sender, event) == ("/lobby", ann["id"], ["chat", {"text": "hello"}]) and TIME.fullmatch(at)
        await page.until("event_sent", lambda values: values[2][0] == "chat")
        nsp, _, event, _ = await page.until("event_sent", lambda values: values[2][0] == "snapshot")
        assert re.fullmatch(r"<Buffer \d+ bytes>", event[1])
        other = await Plain.join(server, "yard", name="Bob")
        nsp, room, bob, _ = await page.next("room_joined")
        socket, _ = await page.next("socket_connected")
        assert (nsp, room, socket["id"]) == ("/lobby", "yard", bob)
        await page.emit("_disconnect", "/lobby", False, ann["id"])
        nsp, gone, reason, _ = await page.next("socket_disconnected")
        assert (nsp, gone) == ("/lobby", ann["id"]) and reason.startswith("kicked")
        assert [(await page.next("room_left"))[1] for _ in range(2)] == [ann["id"], "yard"]
        third = await Plain.join(server, "yard", name="Cid")
        cleared = await Plain.join(server, "meadow", game="arena", name="Dan")
        await page.emit("leave", "/lobby", "meadow")
        await closed_by(cleared, 4003)
        await page.emit("_disconnect", "/lobby", False, "yard")
        await closed_by(third, 4000)
        _, gone, reason, _ = await page.until("socket_disconnected", lambda values: values[1] == bob)
        assert reason.startswith("lobby-closed")
        await closed_by(other, 4000)
        await page.close()
        again = await Page.open(server, sessionId=session)
        (stats,) = await again.next("server_stats")
        assert {"serverId", "hostname", "pid", "uptime", "clientsCount", "pollingClientsCount"} <= set(stats)
        assert stats["pid"] == server.process.pid and again.told["session"].empty()
        await again.close()

    run(play())


def test_a_viewers_page_is_read_only(server):
    async def play():
        player = await Plain.join(server, "quiet", game="arena", name="Ann")
        page = await Page.open(server, username="vera", password=PASSWORDS["vera"])
        (config,) = await page.next("config")
        assert config["supportedFeatures"] == ["AGGREGATED_EVENTS", "ALL_EVENTS"]
        (sockets,) = await page.until("all_sockets", lambda values: values[0])
        ann = next(socket for socket in sockets if socket["rooms"][1] == "quiet")
        assert ann["handshake"]["address"] == ""
        answer = await page.client.call("_disconnect", ("/lobby", True, ann["id"]), namespace="/admin", timeout=SECONDS)
        assert answer["code"] == "forbidden"
        await player.send("leave", None, id=1)
        await page.close()

    run(play())


def test_a_session_that_has_ended_and_a_wrong_password_are_told_in_the_words_of_the_form(server):
    async def play():
        for auth in ({"sessionId": "x" * 43}, {"sessionId": None}, {"username": "admin", "password": "wrong horse"}):
            page = Page()
            refusals = []
            page.client.on("connect_error", refusals.append, namespace="/admin")
            with pytest.raises(socketio.exceptions.ConnectionError):
                await page.client.connect(
                    server.url, transports=["websocket"], namespaces=["/admin"], wait_timeout=SECONDS, auth=auth)
            assert refusals == [{"message": "invalid credentials"}]

    run(play())


def test_production_mode_shows_figures_alone(start_server):
    server = start_server(MUSTER_ADMIN_PASSWORD=PASSWORDS["admin"])

    async def play():
        await Plain.join(server, "yard", game="arena", name="Ann")
        page = await Page.open(server, username="admin", password=PASSWORDS["admin"])
        (config,) = await page.next("config")
        assert "ALL_EVENTS" not in config["supportedFeatures"]
        for _ in range(2):
            (stats,) = await page.next("server_stats")
        assert {"name": "/lobby", "socketsCount": 1} in stats["namespaces"] and stats["clientsCount"] == 2
        assert {"bytesIn", "bytesOut"} & {event["type"] for event in stats["aggregatedEvents"]}
        assert page.told["all_sockets"].empty() and page.told["event_sent"].empty()
        await page.close()

    run(play())


@pytest.mark.parametrize("origin, allowed", [("own", True), ("http://evil.example", False), ("null", False)])
def test_a_listed_page_may_poll_with_credentials_and_others_may_not(server, site, origin, allowed):
    origin = site.origin if origin == "own" else origin
    request = urllib.request.Request(f"{server.url}/socket.io/?EIO=4&transport=polling", headers={"Origin": origin})
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            fields = answer.headers
    except urllib.error.HTTPError as error:
        fields = error.headers
    assert fields.get("Access-Control-Allow-Origin") == (origin if allowed else None)
    assert fields.get("Access-Control-Allow-Credentials") == ("true" if allowed else None)


# An author's own namespaces


@pytest.fixture(scope="module")
def chat(site):
    """The example chat, which admins see at `/operators`."""
    settings = {"MUSTER_ADMIN_PASSWORD": PASSWORDS["admin"], "MUSTER_ADMIN_MODE": "development", "MUSTER_ORIGINS": site.origin}
    with chatting(**settings) as address:
        yield types.SimpleNamespace(url=address)


def test_in_an_authors_namespaces_rooms_are_rooms_and_every_button_does_what_it_says(chat):
    async def play():
        async with contextlib.AsyncExitStack() as stack:
            page = await Page.open(chat, namespace="/operators", username="admin", password=PASSWORDS["admin"])
            (config,) = await page.next("config")
            assert {"JOIN", "MJOIN", "LEAVE", "MLEAVE", "DISCONNECT", "MDISCONNECT", "EMIT"} < set(config["supportedFeatures"])
            ann = await enter(stack, chat.url, "Ann", room="red")
            bob = await enter(stack, chat.url, "Bob", room="blue")
            sockets = await page.sees(lambda sockets: sum("name" in socket["data"] for socket in sockets.values()) == 2)
            ids = {socket["data"]["name"]: id for id, socket in sockets.items()}
            assert sockets[ids["Ann"]]["nsp"] == "/" and sockets[ids["Ann"]]["handshake"]["headers"] == {}
            await page.emit("join", "/", "red", ids["Bob"])
            assert (await page.until("room_joined", lambda values: values[1:3] == ("red", ids["Bob"])))[0] == "/"
            await ann.emit("say", "hello")
            said = ["said", {"from": "Ann", "text": "hello"}]
            assert await ann.receive(SECONDS) == said and await bob.receive(SECONDS) == said
            sent = await page.until("event_received", lambda values: values[2][0] == "say")
            assert sent[:3] == ("/", ids["Ann"], ["say", "hello"])
            await page.emit("leave", "/", "red")
            for _ in range(2):
                await page.until("room_left", lambda values: values[1] == "red")
            await page.emit("emit", "/", None, "said", {"from": "the house", "text": "closing"})
            for client in (ann, bob):
                assert (await client.receive(SECONDS))[1]["from"] == "the house"
            await page.emit("_disconnect", "/", False, ids["Ann"])
            assert (await page.until("socket_disconnected", lambda values: values[1] == ids["Ann"]))[2] == "server namespace disconnect"
            refused = await page.client.call("join", ("/nowhere", "red"), namespace="/operators", timeout=SECONDS)
            assert refused["code"] == "no-such-namespace"
            await page.close()

    run(play())


def test_in_an_authors_namespace_a_wrong_password_and_another_origin_are_refused(chat):
    async def play():
        for headers, auth, message in [
            ({}, {"username": "admin", "password": "wrong horse"}, "invalid credentials"),
            ({"Origin": "http://evil.example"}, {"username": "admin", "password": PASSWORDS["admin"]}, None),
        ]:
            page = Page("/operators")
            refusals = []
            page.client.on("connect_error", refusals.append, namespace="/operators")
            with pytest.raises(socketio.exceptions.ConnectionError):
                await page.client.connect(
                    chat.url, transports=["websocket"], namespaces=["/operators"], wait_timeout=SECONDS, auth=auth,
                    headers=headers)
            assert message is None or refusals == [{"message": message}]

    run(play())


# The page itself

TABLE = "document.querySelector('.v-data-table tbody')"


def fill(tab, place, text):
    tab.run(
        "const fields = [...document.querySelectorAll('.v-dialog form input')].filter(({ type }) => type !== 'checkbox');"
        f"fields[{place}].focus(); fields[{place}].select()")
    tab.type(text)


def log_in(tab, url, password=PASSWORDS["admin"]):
    tab.wait("document.querySelectorAll('.v-dialog form input').length >= 3")
    for place, text in enumerate([url, "admin", password]):
        fill(tab, place, text)
    tab.click(".v-dialog form button[type=submit]")


needs_page = pytest.mark.skipif(not BUILD, reason="MUSTER_ADMIN_UI names no folder with the page's build")


@needs_browser
@needs_page
def test_the_page_itself_puts_a_chats_guest_into_a_room_clears_it_and_throws_them_out(chat, site, open_tab):
    tab = open_tab(f"{site.origin}/index.html", blocked=["googleapis.com", "jsdelivr.net"], size=(1600, 1000))
    # What its form has under "Advanced options".
    tab.run("localStorage.setItem('namespace', '/operators')")
    tab.call("Page.reload")

    async def play():
        async with contextlib.AsyncExitStack() as stack:
            ann = await enter(stack, chat.url, "Ann", room="red")
            log_in(tab, chat.url)
            tab.wait("document.body.innerText.includes('/operators')")
            tab.run("location.hash = '#/sockets/'")
            tab.wait(f"{TABLE}.querySelector('button')")
            tab.click(".v-data-table tbody tr")
            tab.wait("document.querySelector('.select-room input')")
            tab.run("document.querySelector('.select-room input').focus()")
            tab.type("blue")
            tab.run("document.querySelector('.select-room').closest('form').requestSubmit()")
            tab.wait("[...document.querySelectorAll('tbody tr')].some((row) => row.innerText.trim() === 'blue')")
            tab.run("location.hash = '#/rooms/'")
            tab.wait(f"{TABLE}.innerText.includes('blue')")
            clear = "[...document.querySelectorAll('tbody tr')].find((row) => row.innerText.includes('blue')).querySelectorAll('button')[0]"
            tab.run(f"{clear}.click()")
            # A click anywhere in the row leads to the room's own page.
            tab.wait("document.body.innerText.includes('DELETED')")
            tab.run("location.hash = '#/rooms/'")
            tab.wait(f"{TABLE}.innerText.includes('red') && !{TABLE}.innerText.includes('blue')")
            out = clear.replace("blue", "red").replace("[0]", "[1]")
            tab.run(f"{out}.click()")
            tab.wait("document.body.innerText.includes('DELETED')")
            with pytest.raises(socketio.exceptions.SocketIOError):
                await ann.call("enter", {"name": "Ann", "room": "red"}, timeout=1)

    run(play())


@needs_browser
@needs_page
def test_the_page_itself_logs_in_shows_everything_kicks_a_player_and_survives_a_reload(server, site, open_tab):
    assert (pathlib.Path(BUILD) / "index.html").exists(), f"{BUILD} is no build of the page"
    # Its fonts and icons are on other hosts.
    tab = open_tab(f"{site.origin}/index.html", blocked=["googleapis.com", "jsdelivr.net"], size=(1600, 1000))

    async def play():
        player = await Plain.join(server, "garden", game="arena", name="Ann")
        tab.wait("document.querySelectorAll('.v-dialog form input').length >= 3")
        for place, text in enumerate([server.url, "admin", "wrong horse"]):
            fill(tab, place, text)
        tab.click(".v-dialog form button[type=submit]")
        tab.wait("document.querySelector('.v-dialog .red--text').innerText.toLowerCase().includes('credentials')")
        fill(tab, 2, PASSWORDS["admin"])
        tab.click(".v-dialog form button[type=submit]")
        tab.wait("document.body.innerText.includes('/lobby')")
        tab.run("location.hash = '#/sockets/'")
        tab.wait(f"{TABLE}.innerText.includes('garden/0/')")
        tab.run("location.hash = '#/rooms/'")
        tab.wait(f"{TABLE}.innerText.includes('garden')")
        tab.run("location.hash = '#/clients/'")
        tab.wait(f"{TABLE}.innerText.includes('127.0.0.1')")
        await player.send("chat", {"text": "hello"})
        tab.run("location.hash = '#/events/'")
        tab.wait(f"{TABLE}.innerText.includes('chat') && {TABLE}.innerText.includes('garden/0/')")
        tab.run("location.hash = '#/servers/'")
        tab.wait(f"{TABLE}.innerText.includes('{server.process.pid}')")
        tab.call("Page.reload")
        tab.wait(f"{TABLE}.innerText.includes('{server.process.pid}')")
        assert tab.run("return !document.querySelector('.v-dialog--active')"), "the session is good after a reload"
        tab.run("location.hash = '#/sockets/'")
        tab.wait(f"{TABLE}.innerText.includes('garden/0/')")
        tab.click(".v-data-table tbody button")
        await closed_by(player, 4003)
        tab.wait(f"!{TABLE}.innerText.includes('garden/0/')")

    run(play())
