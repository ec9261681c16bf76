"""The official Socket.IO Admin UI against a running server (protocol/spec/admin.md §9): python-socketio in that page's words, and the
page itself in Chromium where `MUSTER_ADMIN_UI` names a folder with its build (`ui/dist` of socketio/socket.io-admin-ui)."""

import asyncio
import functools
import http.server
import os
import pathlib
import re
import subprocess
import threading
import urllib.error
import urllib.request

import pytest
import socketio
from browsing import needs_browser
from conftest import BINARY, clean_environment
from devtools import browser  # noqa: F401
from test_arena import open_tab  # noqa: F401
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

    def __init__(self):
        self.client = socketio.AsyncClient(reconnection=False)
        self.told = {name: asyncio.Queue() for name in EVENTS}
        for name in EVENTS:
            self.client.on(name, self._taker(name), namespace="/admin")

    def _taker(self, name):
        async def take(*values):
            await self.told[name].put(values)

        return take

    @classmethod
    async def open(cls, server, transports=("polling", "websocket"), **auth):
        page = cls()
        await page.client.connect(
            server.url, transports=list(transports), namespaces=["/admin"], wait_timeout=SECONDS, auth=auth)
        return page

    async def next(self, name):
        return await asyncio.wait_for(self.told[name].get(), SECONDS)

    async def until(self, name, condition):
        while not condition(values := await self.next(name)):
            pass
        return values

    async def emit(self, name, *values):
        await self.client.emit(name, values, namespace="/admin")

    async def close(self):
        await self.client.disconnect()


def test_the_page_sees_a_player_come_talk_and_go_and_a_button_is_a_verb(server):
    async def play():
        page = await Page.open(server, username="admin", password=PASSWORDS["admin"])
        (session,) = await page.next("session")
        assert len(session) == 43
        (config,) = await page.next("config")
        assert set(config["supportedFeatures"]) == {
            "EMIT", "LEAVE", "DISCONNECT", "MDISCONNECT", "AGGREGATED_EVENTS", "ALL_EVENTS"}
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
        await page.emit("_disconnect", "/lobby", False, "yard")
        _, gone, reason, _ = await page.next("socket_disconnected")
        assert gone == bob and reason.startswith("lobby-closed")
        while (event := (await asyncio.wait_for(other.events.get(), SECONDS)))[0] != "closed by":
            pass
        assert event[1]["data"] == 4000
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


# The page itself

TABLE = "document.querySelector('.v-data-table tbody')"


def fill(tab, place, text):
    tab.run(
        "const fields = [...document.querySelectorAll('.v-dialog form input')].filter(({ type }) => type !== 'checkbox');"
        f"fields[{place}].focus(); fields[{place}].select()")
    tab.type(text)


@needs_browser
@pytest.mark.skipif(not BUILD, reason="MUSTER_ADMIN_UI names no folder with the page's build")
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
        if picture := os.environ.get("MUSTER_SCREENSHOTS"):
            tab.screenshot(pathlib.Path(picture) / "admin-ui.png")
        tab.click(".v-data-table tbody button")
        while (event := (await asyncio.wait_for(player.events.get(), SECONDS)))[0] != "closed by":
            pass
        assert event[1]["data"] == 4003
        tab.wait(f"!{TABLE}.innerText.includes('garden/0/')")

    run(play())
