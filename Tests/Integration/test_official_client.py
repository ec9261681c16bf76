"""The official client for browsers, socket.io-client 4.8, in Chromium, from a page of another origin: every kind of event, both
transports and the move between them, coming back, and origins that may not connect (protocol/conformance/socketio.md, row 115)."""

import contextlib
import json
import os
import pathlib
import pty
import re
import subprocess

import pytest

import conformance
from browsing import needs_browser, page
from conftest import ROOT, clean_environment
from devtools import browser

pytestmark = needs_browser

SECONDS = 10
# Its own package is not to be had where this runs; another one has the file as it is published.
FOLDER = pathlib.Path(os.environ.get("MUSTER_OFFICIAL_CLIENT", ROOT / ".build/venv-browser"))


@pytest.fixture(scope="module")
def bundle():
    """The official file, `socket.io.min.js`."""
    if not (FOLDER / "requirements.txt").exists():
        pytest.skip(f"there is no official client under {FOLDER}: scripts/test puts it there, where it can be fetched")
    found = list(FOLDER.glob("lib/python3*/site-packages/nicegui/static/socket.io.min.js"))
    assert found, f"no official client under {FOLDER}"
    text = found[0].read_bytes()
    assert text.startswith(b"/*!\n * Socket.IO v4.8.")
    return text


LOADED = """
    await new Promise((done, failed) => {
        document.head.append(Object.assign(document.createElement("script"), { src: "/client.js", onload: done, onerror: failed }));
    });
    const one = (target, event) => new Promise((done) => target.once(event, (...values) => done(values)));
    const plain = (value) =>
        value instanceof ArrayBuffer ? `bytes ${new Uint8Array(value).join(" ")}`
        : Array.isArray(value) ? value.map(plain)
        : value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]))
        : value;
    const opened = async (path, options) => {
        const socket = io(SERVER + path, { transports: TRANSPORTS, forceNew: true, withCredentials: true, ...options });
        const failed = one(socket, "connect_error").then(([error]) => { throw error; });
        const welcome = new Promise((done) => socket.once("welcome", done));
        await Promise.race([one(socket, "connect"), failed]);
        socket.welcome = welcome;
        return socket;
    };
    const moved = async (socket) => {
        const { engine } = socket.io;
        if (TRANSPORTS.length > 1 && engine.transport.name !== "websocket") await one(engine, "upgrade");
        return engine.transport.name;
    };
"""


def program(text, url, transports):
    return f"const SERVER = {json.dumps(url)}, TRANSPORTS = {json.dumps(transports)};{LOADED}{text}"


EVERYTHING = """
    const [ann, bob] = [await opened("/"), await opened("/")];
    const seen = { transports: [await moved(ann), await moved(bob)] };
    const bytes = new Uint8Array([0, 255]).buffer;
    ann.emit("echo", 1, "é\\u2028", null, { a: [bytes, { b: true }] });
    seen.echo = plain((await one(ann, "echo")).slice(0, 4));
    seen.ack = plain(await ann.timeout(5000).emitWithAck("echo-ack", { x: bytes }));
    seen.info = await ann.emitWithAck("binary-info", bytes, [new Uint8Array(300_000)]);
    seen.late = await ann.timeout(300).emitWithAck("no-ack").catch((error) => error.message);
    for (const socket of [ann, bob]) await socket.emitWithAck("join-room", "red");
    const [said] = [one(bob, "room-said"), ann.emit("say-room", "red", bytes)];
    seen.said = plain((await said)[2]) + ((await said)[1] === ann.id);
    bob.on("question", (value, answer) => answer(value + 1));
    bob.emit("server-ack", 41);
    seen.answered = (await one(bob, "answered"))[0];
    ann.emit("burst-volatile", 1, "v");
    seen.volatile = await one(ann, "burst-item");
    const any = new Promise((done) => ann.onAny((event) => done(event)));
    ann.emit("broadcast-all", 1);
    seen.any = await any;
    const guarded = await opened("/guarded", { auth: { token: "sesame", user: "ann" } });
    seen.welcome = (await guarded.welcome).user;
    seen.refused = await opened("/guarded", { auth: { token: "x" } }).catch((error) => [error.message, error.data]);
    seen.nowhere = await opened("/nowhere").catch((error) => error.message);
    seen.dynamic = (await (await opened("/dyn-5")).emitWithAck("whoami")).ns;
    // Fields of its own have the browser ask first (a preflight), where there is polling.
    const headed = await opened("/", { extraHeaders: { "x-team": "red" } });
    seen.headed = (await headed.emitWithAck("whoami")).id === headed.id;
    headed.disconnect();
    const [{ id }, gone] = [ann, one(ann, "disconnect")];
    ann.io.engine.close();
    await gone;
    bob.emit("say-room", "red", "missed");
    const [missed, back] = [one(ann, "room-said"), one(ann, "connect")];
    await back;
    seen.recovered = [ann.recovered, ann.id === id, (await missed)[2]];
    bob.emit("kick", true);
    seen.kicked = (await one(bob, "disconnect"))[0];
    ann.disconnect();
    return seen;
"""


@pytest.mark.parametrize("transports", [["polling"], ["websocket"], ["polling", "websocket"]], ids=["polling", "websocket", "upgrade"])
def test_everything_that_the_official_client_can_do(page, bundle, tmp_path, transports):
    page.scripts["/client.js"] = bundle
    with conformance.running(tmp_path) as port:
        seen = page.run(program(EVERYTHING, f"http://127.0.0.1:{port}", transports), tmp_path / "profile")
    assert seen == {
        "transports": [transports[-1]] * 2,
        "echo": [1, "é\u2028", None, {"a": ["bytes 0 255", {"b": True}]}],
        "ack": {"x": "bytes 0 255"},
        "info": {"count": 2, "bytes": 300_002},
        "late": "operation has timed out",
        "said": "bytes 0 255true",
        "answered": 42,
        "volatile": ["v", 0],
        "any": "broadcasted",
        "welcome": "ann",
        "refused": ["not authorized", {"code": 401, "got": "x"}],
        "nowhere": "Invalid namespace",
        "dynamic": "/dyn-5",
        "headed": True,
        "recovered": [True, True, "missed"],
        "kicked": "io server disconnect",
    }


PLAYS = """
    const socket = io(SERVER + "/lobby/seen", {
        transports: TRANSPORTS, withCredentials: true, auth: { game: "arena", name: "Ann" }, reconnection: false,
    });
    const [joined, snapshot] = [one(socket, "joined"), one(socket, "snapshot")];
    const failed = one(socket, "connect_error").then(([error]) => error.message);
    const error = await Promise.race([one(socket, "connect").then(() => null), failed]);
    if (error) return { error };
    const transport = await moved(socket);
    return { seat: typeof (await joined)[0], bytes: (await snapshot)[0] instanceof ArrayBuffer, transport };
"""


@pytest.mark.parametrize("transports", [["polling"], ["polling", "websocket"]], ids=["polling", "upgrade"])
def test_a_listed_origin_plays_in_a_lobby(start_server, page, bundle, tmp_path, transports):
    page.scripts["/client.js"] = bundle
    server = start_server("--origins", page.origin, "--socketio-cookie", "true")
    seen = page.run(program(PLAYS, server.url, transports), tmp_path / "profile")
    assert seen == {"seat": "object", "bytes": True, "transport": transports[-1]}


@pytest.mark.parametrize(("transports", "error"), [(["polling"], "xhr poll error"), (["websocket"], "websocket error")])
def test_another_origin_is_refused(start_server, page, bundle, tmp_path, transports, error):
    page.scripts["/client.js"] = bundle
    server = start_server("--origins", "https://elsewhere.example")
    assert page.run(program(PLAYS, server.url, transports), tmp_path / "profile") == {"error": error}


@contextlib.contextmanager
def chat(**environment):
    """Where the example `chat` listens."""
    # On a terminal lines come as they are printed.
    screen, terminal = pty.openpty()
    process = subprocess.Popen(
        [ROOT / ".build/debug/chat"], env=clean_environment(MUSTER_LISTEN="127.0.0.1:0", **environment),
        stdin=subprocess.DEVNULL, stdout=terminal, stderr=subprocess.STDOUT)
    os.close(terminal)
    try:
        yield re.search(r"http://\S+", os.read(screen, 4096).decode())[0]
    finally:
        process.terminate()
        process.wait(SECONDS)
        os.close(screen)


def reads(tab, text):
    """The tab shows it, soon."""
    tab.wait(f"document.body.innerText.includes({json.dumps(text)})")


def test_the_page_of_the_chat_is_played_without_a_network(browser, bundle, tmp_path):
    (tmp_path / "socket.io.min.js").write_bytes(bundle)
    with chat(CHAT_CLIENT=str(tmp_path)) as address:
        tabs = [browser.tab(address, blocked=["cdn.socket.io"]) for _ in range(2)]
        for tab, name, there in zip(tabs, ["Ann", "Bob"], ["here: Ann", "here: Ann, Bob"]):
            tab.wait("document.readyState === 'complete'")
            tab.run(f"document.getElementById('name').value = '{name}'; document.getElementById('door').requestSubmit()")
            reads(tab, there)
        ann, bob = tabs
        reads(ann, "Bob came in")
        bob.run("const text = document.getElementById('text'); text.value = 'hello'; text.dispatchEvent(new Event('input'))")
        reads(ann, "Bob typing")
        bob.run("document.getElementById('mouth').requestSubmit()")
        for tab in tabs:
            reads(tab, "Bob: hello")
        bob.close()
        reads(ann, "Bob left")
        assert ann.problems == []
        ann.close()


def test_the_page_of_the_chat_says_what_to_do_where_it_gets_no_client(browser):
    with chat() as address:
        tab = browser.tab(address, blocked=["cdn.socket.io"])
        reads(tab, "start the chat with CHAT_CLIENT=FOLDER")
        tab.close()


def test_a_folder_without_the_client_is_refused_in_words(tmp_path):
    told = subprocess.run(
        [ROOT / ".build/debug/chat"], env=clean_environment(MUSTER_LISTEN="127.0.0.1:0", CHAT_CLIENT=str(tmp_path)),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS)
    assert told.returncode != 0 and "take the folder client-dist" in told.stderr
