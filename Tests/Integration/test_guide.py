"""The code in docs/clients.md, run as it stands there."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from browsing import needs_browser
from conftest import ROOT, clean_environment
from devtools import browser

SECONDS = 30
NODE = shutil.which("node")
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


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_from_a_shell(server):
    said = run("sh", "-ec", blocks("From a shell", "sh")[0].replace("curl", "curl -sS --fail"), server=server)
    assert '"title":"From a shell"' in said and '"id":"shell"' in said
