"""The code in docs/clients.md, run as it stands there."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading

import pytest
import websockets.sync.client
from browsing import needs_browser
from conftest import ROOT, clean_environment
from devtools import browser

SECONDS = 30
NODE, CURL = shutil.which("node"), shutil.which("curl")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(heading, language):
    """The blocks of code in a language below a heading."""
    text = (ROOT / "docs/clients.md").read_text()
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[1]
    found = [code for kind, code in BLOCK.findall(section) if kind == language]
    assert found, f"no {language} below {heading}"
    return found


def run(*command, server):
    result = subprocess.run(
        command, env=clean_environment(SERVER=server.url), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=SECONDS)
    assert result.returncode == 0, result.stderr
    return result.stdout


@needs_browser
@pytest.mark.parametrize(("number", "said"), [(0, "playing"), (1, "")])
def test_in_a_browser(server, browser, number, said):
    program = re.sub(
        r'^import (\{.*?\}) from ("[^"]+");', r"const \1 = await import(\2);", blocks("In a browser", "js")[number],
        flags=re.MULTILINE)
    tab = browser.tab(f"{server.url}/tictactoe")
    tab.wait("document.readyState === 'complete'")
    tab.run("globalThis.lines = []; console.log = (...all) => lines.push(all)")
    tab.run(program)
    # Of a player, or of a world with one player: numbers.
    tab.wait(f"lines.some(([first]) => first === {json.dumps(said)}) || {json.dumps(not said)}")
    tab.wait("lines.some((line) => line.length >= 2 && line.every((part) => typeof part === 'number'))")
    tab.close()


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_in_node(server):
    module = (ROOT / "protocol/javascript/muster.js").as_uri()
    program = blocks("In Node", "js")[0].replace("muster/protocol/javascript/muster.js", module)
    said = run(NODE, "--experimental-websocket", "--no-warnings", "--input-type=module", "-e", program, server=server)
    assert re.fullmatch(r"at -?[\d.]+, -?[\d.]+\n", said)


@pytest.mark.parametrize(("number", "said"), [(0, r"joined seat \d+\n.*'accepted': True"), (1, r'joined\n.*"accepted":true')])
def test_in_python(server, number, said):
    assert re.search(said, run(sys.executable, "-c", blocks("In Python", "python")[number], server=server), re.DOTALL)


@pytest.mark.skipif(CURL is None, reason="curl is not installed")
def test_from_a_shell(server):
    said = run("sh", "-ec", blocks("From a shell", "sh")[0].replace("curl", "curl -sS --fail"), server=server)
    assert '"title":"From a shell"' in said and '"id":"shell"' in said


@pytest.fixture
def seated(server):
    """Somebody who plays in the lobby `shell`."""
    with websockets.sync.client.connect(f"ws://{server.host}:{server.port}/lobby/shell") as player:
        player.send(json.dumps({"event": "join", "data": {"game": "arena", "name": "Ann"}}))
        player.recv(SECONDS)
        yield player


@pytest.mark.parametrize(("number", "program", "said"), [
    (1, "curl", [r"event: lobby", r"event: state", r'"name":"Ann"']),
    (2, "websocat", [r'"event":"joined"', r"^[A-Za-z0-9+/]+=*$", r'"id":7,"data":\{"players"|"data":\{"players".*"id":7']),
    (3, "python3", [r'"event":"joined"', r"[0-9a-f]{8,}", r'"id":7,"data":\{"players"|"data":\{"players".*"id":7']),
])
def test_what_goes_on_until_it_is_interrupted(server, seated, number, program, said):
    environment = clean_environment(SERVER=server.url)
    # The Python whose websockets this is, and beside it websocat.
    environment["PATH"] = f"{pathlib.Path(sys.executable).parent}:{environment['PATH']}"
    if shutil.which(program, path=environment["PATH"]) is None:
        pytest.skip(f"{program} is not installed")
    process = subprocess.Popen(
        ["sh", "-c", blocks("From a shell", "sh")[number]], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, errors="replace", start_new_session=True)
    watchdog = threading.Timer(SECONDS, os.killpg, (process.pid, signal.SIGKILL))
    watchdog.start()
    try:
        if number > 1:
            process.stdin.write('{"event":"players","id":7}\n')
            process.stdin.flush()
        text = ""
        for line in process.stdout:
            text += line
            if all(re.search(part, text, re.MULTILINE) for part in said):
                break
        else:
            pytest.fail(f"it said no more than this: {text[:2000]}")
    finally:
        watchdog.cancel()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdin.close()
        process.stdout.close()


def has(found, wanted):
    """Whether all that is wanted is in what was found, at any depth."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(key in found and has(found[key], value) for key, value in wanted.items())
    return found == wanted


def test_in_another_engine(server):
    with websockets.sync.client.connect(f"ws://{server.host}:{server.port}/lobby/engine") as socket:
        for line in blocks("In another engine", "transcript")[0].splitlines():
            if line.startswith("> "):
                socket.send(line[2:])
                continue
            wanted = json.loads(line.removeprefix("< "))
            while isinstance(found := socket.recv(SECONDS), bytes) or not has(json.loads(found), wanted):
                pass
        # Who has left is told nothing more than that it is over.
        with pytest.raises(websockets.exceptions.ConnectionClosed):
            while True:
                socket.recv(SECONDS)


def test_in_another_engine_without_json(server):
    url = f"ws://{server.host}:{server.port}/lobby/compact-engine"
    with websockets.sync.client.connect(url, subprotocols=["muster.compact.1"]) as socket:
        for line in blocks("In another engine", "compact")[0].splitlines():
            message = bytes.fromhex(line[2:].removesuffix("…"))
            if line.startswith("> "):
                socket.send(message)
            else:
                assert socket.recv(SECONDS).startswith(message)
