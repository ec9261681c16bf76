"""A page of another origin in Chromium: WebSockets plain and over TLS, Engine.IO by polling, event streams, and what
the rule of origins keeps from it (docs/http.md)."""

import json

import pytest
import websockets.sync.client
from browsing import needs_browser, page
from test_tls import flags, pair

pytestmark = needs_browser

PLAYS = """
    const socket = new WebSocket(SERVER.replace("http", "ws") + "/lobby/seen");
    socket.binaryType = "arraybuffer";
    await next(socket, "open");
    socket.send(JSON.stringify({ event: "join", data: { game: "arena", name: "Ann" } }));
    const joined = JSON.parse((await next(socket, "message")).data);
    const kinds = new Set();
    for (let count = 0; count < 20; count++) {
        const { data } = await next(socket, "message");
        kinds.add(data instanceof ArrayBuffer ? "snapshot" : JSON.parse(data).event);
    }
    socket.close(1000, "enough");
    const { code, reason, wasClean } = await next(socket, "close");
    return { event: joined.event, kinds: [...kinds], code, wasClean, extensions: socket.extensions };
"""


def with_server(server, program):
    return f"const SERVER = {json.dumps(server.url)};{program}"


def check_play(result):
    assert result["event"] == "joined" and "snapshot" in result["kinds"]
    assert result["code"] == 1000 and result["wasClean"] is True


def test_a_page_plays_over_a_websocket(start_server, page, tmp_path):
    server = start_server("--origins", page.origin, "--compression", "true")
    result = page.run(with_server(server, PLAYS), tmp_path / "profile")
    check_play(result)
    assert result["extensions"].startswith("permessage-deflate")


def test_a_page_plays_over_a_websocket_with_tls(start_server, page, pair, tmp_path):
    server = start_server("--origins", page.origin, *flags(pair), listen="https://127.0.0.1:0")
    check_play(page.run(with_server(server, PLAYS), tmp_path / "profile", "--ignore-certificate-errors"))


POLLS = """
    const fetching = (url, options) => fetch(url, { credentials: CREDENTIALS, ...options });
    const at = SERVER + "/socket.io/?EIO=4&transport=polling";
    const open = await (await fetching(at)).text();
    const { sid, upgrades } = JSON.parse(open.slice(1));
    const url = `${at}&sid=${sid}`;
    const post = async (body) => (await fetching(url, { method: "POST", body })).text();
    const posted = await post('40/lobby/polled,{"game":"arena","name":"Ann"}');
    const packets = [];
    const found = (part) => packets.some((packet) => packet.includes(part));
    while (!found('"joined"') || !packets.some((packet) => packet.startsWith("b"))) {
        packets.push(...(await (await fetching(url)).text()).split("\\x1e"));
    }
    const closed = await post("1");
    const after = (await fetching(url)).status;
    return { open: open[0], upgrades, posted, closed, after, first: packets[0] };
"""


@pytest.mark.parametrize(("cookie", "credentials"), [("false", "omit"), ("true", "include")])
def test_a_page_plays_by_polling(start_server, page, tmp_path, cookie, credentials):
    server = start_server("--origins", page.origin, "--socketio-cookie", cookie)
    program = f"const CREDENTIALS = {json.dumps(credentials)};{POLLS}"
    result = page.run(with_server(server, program), tmp_path / "profile")
    assert (result["open"], result["upgrades"]) == ("0", ["websocket"])
    assert (result["posted"], result["closed"], result["after"]) == ("ok", "ok", 400)
    assert result["first"].startswith("40/lobby/polled,")


WATCHES = """
    const list = await (await fetch(SERVER + "/api/lobbies")).json();
    const one = await fetch(SERVER + "/api/lobbies/watched");
    const source = new EventSource(SERVER + "/api/lobbies/watched/events?hz=10");
    const lobby = JSON.parse((await next(source, "lobby")).data);
    const ids = [];
    while (ids.length < 4) ids.push(Number((await next(source, "state")).lastEventId));
    source.close();
    return { listed: list.map((row) => row.id), tag: one.headers.get("ETag"), lobby: lobby.id, ids };
"""


def test_a_page_watches_a_lobby(start_server, page, tmp_path):
    server = start_server("--origins", page.origin)
    with websockets.sync.client.connect(f"ws://{server.host}:{server.port}/lobby/watched") as player:
        player.send(json.dumps({"event": "join", "data": {"game": "arena", "name": "ann"}}))
        player.recv(10)
        result = page.run(with_server(server, WATCHES), tmp_path / "profile")
    assert result["listed"] == ["watched"] and result["lobby"] == "watched" and result["tag"].startswith('W/"')
    assert result["ids"] == sorted(set(result["ids"]))


REFUSED = """
    const refused = async (promise) => promise.then(() => false, () => true);
    const socket = new WebSocket(SERVER.replace("http", "ws") + "/lobby/seen");
    const { code } = await next(socket, "close");
    const source = new EventSource(SERVER + "/api/lobbies/seen/events");
    await new Promise((done) => { source.onerror = done; });
    return {
        code, closed: source.readyState === EventSource.CLOSED,
        read: await refused(fetch(SERVER + "/api/lobbies")),
        polled: await refused(fetch(SERVER + "/socket.io/?EIO=4&transport=polling")),
        posted: await refused(fetch(SERVER + "/socket.io/?EIO=4&transport=polling", { method: "POST", body: "40" })),
    };
"""


def test_a_page_that_may_not_connect_is_refused_everywhere(start_server, page, tmp_path):
    server = start_server("--origins", "https://elsewhere.example")
    result = page.run(with_server(server, REFUSED), tmp_path / "profile")
    assert result == {"code": 1006, "closed": True, "read": True, "polled": True, "posted": True}
