"""Takes the pictures of docs/images with headless Chromium, and what is in them from a server with bots.

    .build/venv/bin/python Tests/Integration/screenshots.py [FOLDER]

With MUSTER_ADMIN_UI=…/ui/dist, a build of the official Socket.IO Admin UI (socketio/socket.io-admin-ui), also that page. It is not part of this
project: without it its picture stays as it is.
"""

import contextlib
import fcntl
import html
import json
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Tests/Integration"), str(ROOT / "Tests")]

from conftest import BINARY, Server, clean_environment  # noqa: E402
from devtools import Browser  # noqa: E402
from lines import Line  # noqa: E402
from test_admin_ui import BUILD, Site, log_in  # noqa: E402
from test_arena import PASSWORD, PLAYING, RESULT, open_match  # noqa: E402

DARK = {"size": (1080, 620), "scheme": "dark"}
# Enough has happened for a picture, and something is under way.
LIVELY = "arena.newest.all('player').some(({ score }) => score > 2) && arena.newest.all('projectile').length > 2"


@contextlib.contextmanager
def bots(server, folder, count, game="arena", lobbies=1):
    """Bots in the lobby `bots-1-0`, and in more of them."""
    command = [
        BINARY, "bots", "--server", server.url, "--count", str(count), "--lobbies", str(lobbies), "--seconds", "600", "--game", game]
    crowd = subprocess.Popen(
        [*command, "--quiet"], cwd=folder, env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    try:
        yield "bots-1-0"
    finally:
        crowd.terminate()
        crowd.wait()


def playing(server, browser, lobby, images):
    line = Line(server.port)
    ann = browser.tab(f"{line.url}/?auto=1&name=Ann&lobby={lobby}", **DARK)
    phone = browser.tab(f"{server.url}/?auto=1&name=Bob&lobby={lobby}", size=(390, 844), scheme="dark", is_phone=True)
    watcher = browser.tab(f"{server.url}/", **DARK)
    for tab in (ann, phone):
        tab.wait(PLAYING)
    ann.run("arena.client.ask('chat', { text: 'who is for red?' })")
    ann.wait(LIVELY)
    ann.screenshot(images / "arena.png")
    phone.screenshot(images / "phone.png")
    watcher.click(f"[aria-label='Watch {lobby}']")
    watcher.wait("arena?.client.isWatching && arena.newest.all('projectile').length > 2")
    watcher.screenshot(images / "watching.png")
    line.cut()
    ann.wait("document.getElementById('banner').innerText.includes('Trying again')")
    ann.wait("document.getAnimations().length === 0")
    ann.screenshot(images / "lost.png")
    for tab in (ann, phone, watcher):
        tab.close()
    line.close()


def match(server, browser, lobby, images):
    ann = browser.tab(f"{server.url}/?auto=1&name=Ann&game=team-arena&lobby={lobby}", **DARK)
    ann.wait("document.querySelector('#match [aria-pressed]')?.textContent === 'Ready'")
    ann.click("#match [aria-pressed]")
    ann.wait("arena.isRunning && arena.newest")
    ann.wait(RESULT)
    ann.wait("document.getElementById('match-seconds').textContent && document.getAnimations().length === 0")
    ann.screenshot(images / "result.png")
    ann.close()


def panel(images, folder, browser):
    """The panel of admins and the official page, with 500 bots."""
    site = Site(BUILD or folder)
    server = Server("--admin-mode", "development", "--origins", site.origin, cwd=folder, MUSTER_ADMIN_PASSWORD=PASSWORD)
    try:
        with bots(server, folder, 500, lobbies=32):
            tab = admin(browser, server, size=(1280, 800))
            tab.wait("document.getElementById('now').innerText.includes('500 of')")
            tab.wait("document.querySelectorAll('#page tbody tr').length === 32")
            tab.screenshot(images / "admin-lobbies.png")
            tab.run("location.hash = '#/lobby/bots-1-0'")
            tab.wait("document.querySelector('canvas')?.width > 0 && !document.querySelector('.picture .none').textContent")
            tab.call("Emulation.setDeviceMetricsOverride", width=1280, height=1500, deviceScaleFactor=1, mobile=False)
            tab.run("await new Promise((done) => setTimeout(done, 1500))")
            tab.screenshot(images / "admin-lobby.png")
            tab.call("Emulation.setDeviceMetricsOverride", width=1280, height=800, deviceScaleFactor=1, mobile=False)
            tab.click("td button.danger")
            tab.run("document.querySelector('#act [name=reason]').value = 'spoils the game'")
            tab.screenshot(images / "admin-kick.png")
            tab.click("#act-cancel")
            phone = admin(browser, server, size=(390, 844), scheme="dark", is_phone=True)
            phone.wait("document.querySelectorAll('#page tbody tr').length === 32")
            phone.screenshot(images / "admin-phone.png")
            for name, flags in {"monitor": ["--sort", "lateness"], "monitor-lobby": ["--lobby", "bots-1-0"]}.items():
                text = on_terminal([BINARY, "monitor", "--server", server.url, *flags], folder, MUSTER_ADMIN_PASSWORD=PASSWORD)
                terminal(browser, f"$ muster monitor {' '.join(flags)}\n\n{text}", images / f"{name}.png")
            if BUILD:
                official(server, site, browser, images)
            # A minute of samples makes a line.
            tab.run("location.hash = '#/timelines'")
            tab.wait("document.querySelector('.line-0')?.getAttribute('d').split('L').length > 6", seconds=120)
            tab.screenshot(images / "admin-timelines.png")
            for one in (tab, phone):
                one.close()
    finally:
        server.stop()
        site.stop()


def official(server, site, browser, images):
    """The official page: its dashboard, and what it shows of lobbies. Its fonts and icons are on other hosts, and stay away."""
    tab = browser.tab(f"{site.origin}/index.html", size=(1280, 800), blocked=["googleapis.com", "jsdelivr.net"])
    log_in(tab, server.url, PASSWORD)
    tab.wait("document.body.innerText.includes('/lobby')")
    # Bars of ten seconds.
    tab.run("await new Promise((done) => setTimeout(done, 25000))")
    tab.screenshot(images / "admin-ui.png")
    tab.run("location.hash = '#/rooms/'")
    tab.wait("document.querySelector('.v-data-table tbody').innerText.includes('bots-1-0')")
    tab.screenshot(images / "admin-ui-rooms.png")
    tab.close()


def on_terminal(command, folder, screens=3, size=(44, 120), **environment):
    """What a program that draws over its own screen shows on a terminal of so many lines and columns, once it has drawn a few."""
    home = b"\x1b[H"
    lead, follow = pty.openpty()
    fcntl.ioctl(follow, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    program = subprocess.Popen(
        command, cwd=folder, env=clean_environment(**environment), stdin=subprocess.DEVNULL, stdout=follow, stderr=follow)
    os.close(follow)
    shown = b""
    while shown.count(home) <= screens:
        shown += os.read(lead, 65536)
    program.terminate()
    program.wait()
    os.close(lead)
    # Of what commands the terminal the colours are kept.
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-ln-z]|\r", "", shown.split(home)[screens].decode())


COLORS = {"1": "font-weight: bold", "31": "color: #ff6b6b", "33": "color: #f0c050"}


def terminal(browser, text, path):
    """A picture of a terminal with that text, in its colours."""
    page = re.sub(
        r"\x1b\[([0-9]+)m(.*?)\x1b\[0m", lambda match: f'<span style="{COLORS[match[1]]}">{match[2]}</span>', html.escape(text.rstrip()))
    lines = re.sub(r"\x1b\[[0-9]+m", "", text.rstrip()).split("\n")
    size = 36 + max(map(len, lines)) * 8, 28 + len(lines) * 18
    tab = browser.tab("about:blank", size=size, scheme="dark")
    tab.run(f"""
        document.body.style = "margin: 0; background: #11151c; color: #e4e8ef";
        const page = document.createElement("pre");
        page.style = "margin: 0; padding: 14px 18px; font: 13px/18px 'DejaVu Sans Mono', monospace";
        page.innerHTML = {json.dumps(page)};
        document.body.append(page);""")
    tab.screenshot(path)
    tab.close()


def admin(browser, server, **options):
    """A tab that has logged in."""
    tab = browser.tab(f"{server.url}/admin", **options)
    tab.wait("!document.getElementById('login').hidden")
    tab.run(f"document.getElementById('username').value = 'admin'; document.getElementById('password').value = '{PASSWORD}'")
    tab.click("#login-button")
    return tab


def main():
    images = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs/images")
    with tempfile.TemporaryDirectory() as folder:
        server, browser = Server(cwd=folder), Browser(pathlib.Path(folder) / "profile")
        try:
            with bots(server, folder, 8) as lobby:
                playing(server, browser, lobby, images)
        finally:
            server.stop()
        server = Server(cwd=folder)
        try:
            open_match(server, "bots-1-0", 20)
            with bots(server, folder, 7, "team-arena") as lobby:
                match(server, browser, lobby, images)
        finally:
            server.stop()
        try:
            panel(images, folder, browser)
        finally:
            browser.stop()


if __name__ == "__main__":
    main()
