"""The page at `/`: what is served, and a real browser that takes a seat with it."""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request

import pytest

BROWSERS = ["chromium", "chromium-headless-shell", "google-chrome", "chrome"]
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
SEAT_SECONDS = 60


def get(server, path, accept="text/html"):
    request = urllib.request.Request(server.url + path, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.headers, answer.read().decode()


def players(server, lobby):
    lobbies = json.loads(get(server, "/api/lobbies")[1])
    return sum(row["players"] for row in lobbies if row["id"] == lobby)


@pytest.mark.parametrize(
    ("path", "kind", "text"),
    [
        ("/", "text/html", "<!DOCTYPE html>"),
        ("/page.css", "text/css", "color-scheme: light dark"),
        ("/page.js", "text/javascript", 'from "/arena/arena.js"'),
        ("/tictactoe", "text/html", 'src="/tictactoe.js"'),
        ("/muster/client.js", "text/javascript", "export class LobbyClient"),
    ],
)
def test_the_page_and_what_it_loads_are_served_with_strict_headers(server, path, kind, text):
    headers, body = get(server, path)
    assert headers["Content-Type"] == f"{kind}; charset=utf-8"
    assert headers["Cache-Control"] == "no-cache"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert text in body


def test_who_does_not_ask_for_html_gets_plain_text(server):
    headers, body = get(server, "/", accept="*/*")
    assert headers["Content-Type"].startswith("text/plain") and body.startswith("Muster is running.")


@pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(BROWSERS)} is installed")
def test_a_browser_takes_a_seat_with_the_page(start_server, tmp_path):
    server = start_server()
    # The debugging port keeps a headless browser open; nobody connects to it.
    browser = subprocess.Popen(
        [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
            f"--user-data-dir={tmp_path / 'profile'}", f"{server.url}/?auto=1&name=Ann&lobby=seen",
        ],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        # A browser is many processes, and its command may be a script: they are ended as one group.
        start_new_session=True)
    try:
        deadline = time.monotonic() + SEAT_SECONDS
        while players(server, "seen") != 1:
            assert browser.poll() is None, f"the browser ended with {browser.returncode}"
            assert time.monotonic() < deadline, "the browser took no seat"
    finally:
        os.killpg(browser.pid, signal.SIGKILL)
        browser.wait()
