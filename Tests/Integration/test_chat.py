"""The example `chat`, talked to by python-socketio as its page does with the official client."""

import asyncio
import contextlib
import os
import pathlib
import pty
import re
import subprocess

import pytest
import socketio
from browsing import needs_browser
from conftest import ROOT, clean_environment
from devtools import browser
from lines import Line

SECONDS = 10
PASSWORD = "a-password-of-the-test"


def official_client():
    """The official client for browsers as one file, or None where it is not there."""
    folder = pathlib.Path(os.environ.get("MUSTER_OFFICIAL_CLIENT", ROOT / ".build/venv-browser"))
    return next(folder.rglob("socket.io.min.js"), None)


@contextlib.contextmanager
def chatting(**more):
    """The address of a chat, with these settings."""
    settings = {"MUSTER_LISTEN": "127.0.0.1:0", "CHAT_ADMIN_PASSWORD": PASSWORD} | more
    if bundle := official_client():
        settings["CHAT_CLIENT"] = str(bundle.parent)
    # On a terminal lines come as they are printed.
    screen, terminal = pty.openpty()
    chat = subprocess.Popen(
        [ROOT / ".build/debug/chat"], env=clean_environment(**settings),
        stdin=subprocess.DEVNULL, stdout=terminal, stderr=subprocess.STDOUT)
    os.close(terminal)
    try:
        yield re.search(r"http://\S+", os.read(screen, 4096).decode())[0]
        chat.terminate()
        assert chat.wait(SECONDS) == 0
    finally:
        chat.kill()
        chat.wait()
        os.close(screen)


@pytest.fixture(scope="module")
def address():
    with chatting() as address:
        yield address


async def enter(stack, address, name, room="lobby", transports=None):
    """Somebody in a room until `stack` ends."""
    client = await stack.enter_async_context(socketio.AsyncSimpleClient())
    await client.connect(address, transports=transports, wait_timeout=SECONDS)
    client.welcome = await client.call("enter", {"name": name, "room": room}, timeout=SECONDS)
    return client


def test_who_is_in_a_room_hears_who_comes_what_is_said_and_who_goes(address):
    async def run():
        async with contextlib.AsyncExitStack() as stack:
            ann = await enter(stack, address, "Ann")
            bob = await enter(stack, address, "Bob", transports=["polling"])
            await enter(stack, address, "Cid", room="elsewhere")
            assert ann.welcome["names"] == ["Ann"] and sorted(bob.welcome["names"]) == ["Ann", "Bob"]
            assert await ann.receive(SECONDS) == ["entered", "Bob"]
            await bob.emit("typing", True)
            assert await ann.receive(SECONDS) == ["typing", "Bob", True]
            await bob.emit("say", "hello")
            said = ["said", {"from": "Bob", "text": "hello"}]
            assert await ann.receive(SECONDS) == said and await bob.receive(SECONDS) == said
            await bob.disconnect()
            assert await ann.receive(SECONDS) == ["left", "Bob"]

    asyncio.run(run())


def test_a_name_is_taken_once_in_a_room(address):
    async def run():
        async with contextlib.AsyncExitStack() as stack:
            await enter(stack, address, "Ann", room="names")
            assert "already" in (await enter(stack, address, "Ann", room="names")).welcome["refusal"]
            assert "letters" in (await enter(stack, address, "", room="names")).welcome["refusal"]

    asyncio.run(run())


def test_admins_need_the_password_and_throw_people_out(address):
    async def run():
        async with contextlib.AsyncExitStack() as stack:
            with pytest.raises(socketio.exceptions.ConnectionError):
                stranger = await stack.enter_async_context(socketio.AsyncSimpleClient())
                await stranger.connect(address, namespace="/admin", auth={"password": "no"}, wait_timeout=SECONDS)
            dan = await enter(stack, address, "Dan", room="kicks")
            admin = await stack.enter_async_context(socketio.AsyncSimpleClient())
            await admin.connect(address, namespace="/admin", auth={"password": PASSWORD}, wait_timeout=SECONDS)
            await admin.emit("announce", "closing soon")
            assert await dan.receive(SECONDS) == ["said", {"from": "admin", "text": "closing soon"}]
            assert await admin.call("kick", "Dan", timeout=SECONDS) == 1
            assert await dan.receive(SECONDS) == ["kicked"]

    asyncio.run(run())


@needs_browser
@pytest.mark.skipif(official_client() is None, reason="the official client is not there")
def test_two_tabs_talk_and_who_was_lost_is_back_in_the_room(address, browser):
    line = Line(int(address.rsplit(":", 1)[1]))
    ann, bob = browser.tab(line.url), browser.tab(address)
    for tab, name in ((ann, "Ann"), (bob, "Bob")):
        tab.click("#name")
        tab.type(name)
        tab.run("document.getElementById('door').requestSubmit()")
        tab.wait("!document.getElementById('mouth').hidden")
    ann.wait("document.body.innerText.includes('Bob came in')")
    bob.click("#text")
    bob.type("hello <b>you</b>")
    ann.wait("document.getElementById('typing').textContent === 'Bob typing …'")
    bob.run("document.getElementById('mouth').requestSubmit()")
    for tab in (ann, bob):
        tab.wait("document.body.innerText.includes('Bob: hello <b>you</b>')")
    line.cut()
    ann.wait("document.getElementById('mouth').hidden")
    bob.wait("document.body.innerText.includes('Ann left')")
    line.mend()
    ann.wait("!document.getElementById('mouth').hidden")
    ann.click("#text")
    ann.type("back")
    ann.run("document.getElementById('mouth').requestSubmit()")
    bob.wait("document.body.innerText.includes('Ann: back')")
    for tab in (ann, bob):
        tab.close()
    line.close()
