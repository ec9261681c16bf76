"""A client of Socket.IO 2 against `muster-conformance --allow-eio3`: python-socketio 4, in an environment of its own
(protocol/conformance/socketio.md, row 26)."""

import json
import os
import pathlib
import subprocess

import pytest

import conformance
from conftest import ROOT

PYTHON = pathlib.Path(os.environ.get("MUSTER_SOCKETIO2_PYTHON", ROOT / ".build/venv-socketio2/bin/python"))
SECONDS = 60


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with conformance.running(tmp_path_factory.mktemp("socketio2"), "--allow-eio3") as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("transports", [["polling"], ["websocket"], []], ids=["polling", "websocket", "upgrade"])
def test_all_that_a_client_of_version_2_can_do(url, transports):
    script = pathlib.Path(__file__).with_name("socketio2_client.py")
    done = subprocess.run(
        [PYTHON, script, url, *transports], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    transport = "polling" if transports == ["polling"] else "websocket"
    values = [1, "é", None, {"a": [True, "bytes 00ff"]}, "bytes 01", -1.5]
    assert json.loads(done.stdout) == {
        "joined": [["/", "connect"], ["/lobby", "connect"]],
        "echo": values,
        "ack": values,
        "lobby": ["in", "lobby"],
        "whoami": {"ns": "/", "auth": {}, "transport": transport, "EIO": "3"},
        "room": {"b": "bytes 07"},
        "question": [["question", "well?"], ["answered", "answer"]],
        "broadcast": [True, True],
        "kicked": ["/lobby", "disconnect"],
        "still in": "main",
        "refused": [["/guarded", "connect_error", {"code": 401, "got": None}]],
        "let in": [["/guarded", "connect"], ["/guarded", "welcome", {"user": "ann"}]],
        "nowhere": [["/nowhere", "connect_error", "Invalid namespace"]],
    }
