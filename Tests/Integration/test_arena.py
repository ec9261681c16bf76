"""The page's game in Chromium, played as players do: on several protocols, over bad lines, and until somebody is kicked."""

import json
import os
import pathlib
import subprocess
import time
import urllib.request

import pytest
from browsing import needs_browser
from conftest import BINARY, ROOT, clean_environment, run_muster
from devtools import SECONDS, browser
from lines import Line

pytestmark = needs_browser

PASSWORD = "correct horse battery"
PLAYING = "arena?.client.state && arena.predictor.body && arena.newest"
CAN_TALK = "return document.getElementById('chat-form').checkVisibility()"
NO_WEBSOCKET = """
    globalThis.WebSocket = class extends EventTarget {
        constructor() { super(); setTimeout(() => this.onclose({ code: 1006 })); }
        close() {}
    };"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from conftest import Server

    shared = Server(cwd=tmp_path_factory.mktemp("arena"), MUSTER_ADMIN_PASSWORD=PASSWORD)
    yield shared
    assert shared.stop() == 0, "".join(shared.output)


@pytest.fixture
def open_tab(browser):
    """Opens tabs; at the test's end they are closed, and nothing may have gone wrong in them."""
    tabs = []

    def open_tab(url, **options):
        tabs.append(browser.tab(url, **options))
        return tabs[-1]

    yield open_tab
    for tab in tabs:
        tab.close()


@pytest.fixture
def bots(server, tmp_path):
    """Eight bots in the lobby `bots-1-0`, two in each protocol that they speak."""
    plan = tmp_path / "bots.json"
    plan.write_text(json.dumps({
        "lobbies": 1, "protocol": {"websocket": 1, "compact": 1, "socketio": 1, "polling": 1},
        "phases": [{"name": "play", "bots": 8, "seconds": 600}]}))
    crowd = subprocess.Popen(
        [BINARY, "bots", "--server", server.url, "--scenario", plan, "--quiet"],
        cwd=tmp_path, env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    yield "bots-1-0"
    crowd.terminate()
    crowd.wait()


def shown(server, lobby):
    with urllib.request.urlopen(f"{server.url}/api/lobbies/{lobby}", timeout=10) as answer:
        return json.load(answer)


def seats(server, lobby):
    return {row["name"]: row for row in shown(server, lobby)["seats"]}


# The hash of every state that is shown to a player or a watcher in some seconds, by tick.
HASHES = """
    const { stateHash } = await import("/muster/muster.js");
    const hashes = {};
    const hear = TARGET.onSnapshot;
    await new Promise((done) => {
        TARGET.onSnapshot = (state) => {
            hear(state);
            hashes[state.tick] = stateHash(state);
            if (Object.keys(hashes).length === 120) done();
        };
    });
    TARGET.onSnapshot = hear;
    return hashes;"""
WATCHER = """
    const { LobbyWatcher } = await import("/muster/watcher.js");
    globalThis.watcher = new LobbyWatcher(location.origin, LOBBY);
    watcher.open();"""


def test_two_tabs_a_watcher_and_eight_bots_on_different_protocols_see_the_same(server, bots, open_tab):
    one = open_tab(f"{server.url}/?auto=1&name=Ann&lobby={bots}")
    one.wait(PLAYING)
    two = open_tab(f"{server.url}/?auto=1&name=Bob&lobby={bots}&transport=polling")
    two.wait(PLAYING)
    assert (one.run("return arena.client.transport"), two.run("return arena.client.transport")) == ("webSocket", "polling")
    one.wait("arena.newest.all('player').length === 10 && arena.players.size === 10")
    three = open_tab(server.url)
    three.run(WATCHER.replace("LOBBY", json.dumps(bots)))
    three.wait("watcher.state")
    # All begin to listen before any is asked for what it heard.
    views = [(one, "arena.client"), (two, "arena.client"), (three, "watcher")]
    for tab, target in views:
        tab.run(f"globalThis.heard = (async () => {{ {HASHES.replace('TARGET', target)} }})()")
    first, *others = (tab.run("return await heard") for tab, _ in views)
    for other in others:
        common = first.keys() & other.keys()
        assert len(common) > 30 and all(first[tick] == other[tick] for tick in common)
    names = one.run("return [...arena.players.values()].map((row) => row.name)")
    assert {"Ann", "Bob"} <= set(names) and sum(name.startswith("bot") for name in names) == 8
    # And both show it moving, frame by frame.
    for tab in (one, two):
        ticks = tab.run("""
            const ticks = [];
            for (; ticks.length < 60; await new Promise(requestAnimationFrame)) ticks.push(arena.shown.tick);
            return ticks;""")
        assert ticks == sorted(ticks) and len(set(ticks)) > 50


def free_way(tab):
    """Where the player is, and to which side no wall is near: 1 is to the right."""
    return tab.run("""
        const { isBlocked } = await import("/arena/rules.js");
        const { x, y } = arena.predictor.body;
        return [x, [0.4, 0.8, 1.2].some((way) => isBlocked(x + way, y)) ? -1 : 1];""")


def test_what_one_does_is_seen_at_once_and_the_server_agrees(server, open_tab):
    tab = open_tab(f"{server.url}/?auto=1&name=Ann&lobby=moves")
    tab.wait(PLAYING)
    # Wherever it has begun, with the keys, where no wall is near.
    moved = 0
    for code, (dx, dy) in {"KeyD": (1, 0), "KeyW": (0, 1), "KeyA": (-1, 0), "KeyS": (0, -1)}.items():
        before = tab.run("return { ...arena.predictor.body }")
        if tab.run(f"""
            const {{ isBlocked }} = await import("/arena/rules.js");
            const [x, y] = [{before['x']}, {before['y']}];
            return [0.4, 0.8, 1.2, 1.6].some((way) => isBlocked(x + way * {dx}, y + way * {dy}));"""):
            continue
        moved += 1
        tab.press(code, is_down=True)
        tab.wait(f"Math.hypot(arena.predictor.body.x - {before['x']}, arena.predictor.body.y - {before['y']}) > 1", 5)
        tab.press(code, is_down=False)
    assert moved >= 2
    tab.press("ArrowUp", is_down=True)
    # Near a wall a shot is over before it is ever shown.
    tab.wait("arena.newest.get('player', arena.seat).ammo < 20", 5)
    tab.press("ArrowUp", is_down=False)
    body = tab.wait("""(() => {
        const own = arena.newest.get("player", arena.seat);
        const { x, y } = arena.predictor.body;
        return Math.hypot(own.x - x, own.y - y) < 1 / 32 && [own.x, own.y];
    })()""")
    assert len(body) == 2
    # A line without delay: next to nothing is to be put right.
    assert tab.run("return arena.predictor.corrections") <= 4


def test_on_a_bad_line_one_still_moves_at_once(server, open_tab):
    tab = open_tab(f"{server.url}/?auto=1&name=Far&lobby=far")
    tab.wait(PLAYING)
    tab.click("#net summary")
    tab.run("""
        const slider = document.getElementById("quality");
        slider.value = 2;
        slider.dispatchEvent(new Event("input"));""")
    assert "+100 ms" in tab.text()
    tab.wait("arena.client.clock.roundTrip >= 100 && arena.predictor.tick - arena.newest.tick >= 4")
    before, way = free_way(tab)
    tab.press("KeyD" if way > 0 else "KeyA", is_down=True)
    # It has moved here while the server cannot have heard of it.
    ahead = tab.wait(f"""(() => {{
        const way = Math.abs(arena.predictor.body.x - {before});
        const shown = Math.abs(arena.newest.get("player", arena.seat).x - {before});
        return way > 0.3 && [way, shown];
    }})()""")
    assert ahead[1] < ahead[0]
    tab.wait(f"Math.abs(arena.newest.get('player', arena.seat).x - {before}) > 0.3")


def test_the_official_client_is_a_transport_like_the_others(server, open_tab):
    folder = pathlib.Path(os.environ.get("MUSTER_OFFICIAL_CLIENT", ROOT / ".build/venv-browser"))
    bundle = next(folder.rglob("socket.io.min.js"), None)
    if bundle is None:
        pytest.skip("the official client is not there")
    tab = open_tab(server.url)
    tab.wait("'arena' in globalThis")
    tab.call("Runtime.evaluate", expression=bundle.read_text())
    tab.run("""
        const { LobbyClient } = await import("/muster/muster.js");
        const { socketIO } = await import("/muster/socketio.js");
        globalThis.client = new LobbyClient(location.origin, "official", { game: "arena" }, { transports: [socketIO(io)] });
        client.join();""")
    tab.wait("client.state?.tick > 5")
    seat = tab.run("client.input({ dx: 1 }); await client.ask('chat', { text: 'hi' }); return client.joined.seat")
    assert tab.run("return client.ask('ready').catch((error) => error.code)") == "not-now"
    tab.run("client.cut()")
    tab.wait("client.joined.resumed && client.state")
    assert tab.run("return client.joined.seat") == seat
    tab.run("client.leave()")


def test_a_tab_that_is_cut_off_says_so_and_comes_back_to_its_seat(server, open_tab):
    line = Line(server.port)
    tab = open_tab(f"{line.url}/?auto=1&name=Cut&lobby=cut")
    tab.wait(PLAYING)
    seat, keyframes = tab.run("return [arena.seat, arena.client.traffic.keyframes]")
    line.cut()
    tab.wait("!document.getElementById('banner').hidden")
    assert "The connection is lost. Your seat is kept." in tab.text()
    assert seats(server, "cut")["Cut"]["connected"] is False
    line.mend()
    tab.wait("document.getElementById('toast').textContent.startsWith('Back in your seat')")
    tab.wait(PLAYING)
    assert tab.run("return [arena.seat, arena.client.traffic.keyframes]") == [seat, keyframes]
    assert seats(server, "cut")["Cut"] == {"seat": seat, "name": "Cut", "connected": True}
    assert tab.run("return document.getElementById('banner').hidden")
    line.close()


# All that the client is sent from the connection's opening until it has a state: `returned` when it comes back, and `anew`
# where somebody else joins.
FIRST_STATE = """
    const { LobbyClient } = await import("/muster/muster.js");
    const firstState = (client) => new Promise((done) => {
        const { bytesIn } = client.traffic;
        const { onEvent, onSnapshot } = client;
        let joined = null;
        client.onEvent = (name, data) => {
            if (name === "joined") joined = data;
            onEvent(name, data);
        };
        client.onSnapshot = (state) => {
            onSnapshot(state);
            if (!joined) return;
            Object.assign(client, { onEvent, onSnapshot });
            done({ bytes: client.traffic.bytesIn - bytesIn, ticks: state.tick - joined.tick, ...joined });
        };
    });
    globalThis.returned = firstState(arena.client);
    globalThis.anew = async () => {
        const client = new LobbyClient(location.origin, arena.client.lobby, { name: "New" });
        client.join();
        const first = await firstState(client);
        client.leave();
        return first;
    };"""


def test_who_comes_back_after_five_seconds_plays_at_once_and_is_sent_nothing_twice(server, bots, open_tab):
    line = Line(server.port)
    tab = open_tab(f"{line.url}/?auto=1&name=Back&lobby={bots}")
    tab.wait(PLAYING)
    tab.wait("arena.newest.all('player').length >= 9")
    tick, rate = tab.run("return [arena.newest.tick, arena.client.joined.tickRate]")
    line.cut()
    tab.run(FIRST_STATE)
    deadline = time.monotonic() + SECONDS
    while shown(server, bots)["tick"] < tick + 5 * rate:
        assert time.monotonic() < deadline
    line.mend()
    tab.run("arena.client.retry()")
    back, new = tab.run("return [await returned, await anew()]")
    assert back["resumed"] and back["ticks"] <= 2
    # The arena is small, and all of it has changed: what is left out is its schema.
    assert "schema" in new and "schema" not in back and back["schemaHash"] == new["schemaHash"]
    assert back["bytes"] * 2 < new["bytes"]
    line.close()


def test_a_page_that_is_loaded_again_has_the_same_seat(server, open_tab):
    tab = open_tab(f"{server.url}/?auto=1&name=Again&lobby=again")
    tab.wait(PLAYING)
    open_tab(f"{server.url}/?auto=1&name=Other&lobby=again").wait(PLAYING)
    seat = tab.run("return arena.seat")
    tab.call("Page.navigate", url=f"{server.url}/?lobby=again")
    tab.wait("arena?.client.joined?.resumed")
    tab.wait(PLAYING)
    assert tab.run("return arena.seat") == seat and seats(server, "again").keys() == {"Again", "Other"}


def test_who_is_kicked_is_told_why(server, open_tab, tmp_path):
    tab = open_tab(f"{server.url}/?auto=1&name=Rude&lobby=kicks")
    tab.wait(PLAYING)
    seat = tab.run("return arena.seat")
    kick = run_muster(
        "monitor", "--server", server.url, "--kick", f"kicks/{seat}", "--reason", "spoils the game", cwd=tmp_path,
        MUSTER_ADMIN_PASSWORD=PASSWORD)
    assert kick.returncode == 0, kick.stderr
    tab.wait("!document.getElementById('menu').hidden")
    assert "Kicked: spoils the game." in tab.text()


def test_with_websockets_blocked_it_plays_over_long_polling(server, open_tab):
    tab = open_tab(f"{server.url}/?auto=1&name=Pol&lobby=polled", script=NO_WEBSOCKET)
    tab.wait(PLAYING)
    before, way = free_way(tab)
    tab.press("KeyD" if way > 0 else "KeyA", is_down=True)
    tab.wait(f"Math.abs(arena.newest.get('player', arena.seat).x - {before}) > 0.5")
    tab.click("#net summary")
    tab.wait("document.getElementById('figures').innerText.includes('long polling')")


def test_with_both_blocked_it_watches_and_says_so(server, bots, open_tab):
    tab = open_tab(f"{server.url}/", script=NO_WEBSOCKET, blocked=["/socket.io/"])
    tab.wait("document.querySelector('#lobbies button')")
    tab.click("#play")
    tab.wait("arena?.isWatching && arena.shown?.all('player').length > 0")
    assert "watching: this network lets no player through" in tab.text()
    tab.wait(f"arena.shown.tick > {tab.run('return arena.shown.tick')} + 15")
    assert tab.run("return arena.seat") is None
    assert not tab.run(CAN_TALK)


def test_a_match_is_watched_from_the_list(server, bots, open_tab):
    tab = open_tab(server.url)
    tab.wait(f"document.querySelector('[aria-label=\"Watch {bots}\"]')")
    tab.click(f"[aria-label='Watch {bots}']")
    tab.wait("arena?.client.isWatching && arena.shown?.all('player').length >= 8")
    tab.wait("document.getElementById('scores').innerText.includes('bot 7')")
    assert tab.run("return document.getElementById('state').textContent") == "watching"
    assert not tab.run(CAN_TALK)
    tab.click("#leave")
    tab.wait("!document.getElementById('menu').hidden")


def test_a_lobby_with_a_password_asks_for_it_and_players_talk(server, open_tab):
    host = open_tab(f"{server.url}/?name=Host")
    host.wait("'arena' in globalThis")
    host.run("document.querySelector('#menu details').open = true")
    host.run("document.getElementById('title-wish').value = 'Friends'")
    host.run("document.getElementById('password-wish').value = 'sesame'")
    host.click("#new-form button")
    host.wait(PLAYING)
    code = host.run("return arena.client.lobby")
    guest = open_tab(f"{server.url}/?name=Guest&lobby={code}")
    guest.wait("[...document.querySelectorAll('#lobbies .title')].some((part) => part.textContent === 'Friends')")
    guest.click("#code-form button")
    guest.wait("document.getElementById('password-dialog').open")
    guest.click("#password")
    guest.type("sesame")
    guest.press("Enter", "Enter")
    guest.wait("document.getElementById('password-dialog').open === false")
    guest.wait(PLAYING)
    guest.press("Enter", "Enter")
    guest.type("hello <b>there</b>")
    guest.run("document.getElementById('chat-form').requestSubmit()")
    host.wait("document.getElementById('chat-lines').innerText.includes('Guest: hello <b>there</b>')")
    host.wait("document.getElementById('scores').innerText.includes('Guest')")
    assert host.run(CAN_TALK)
    # What the server says again and again is one line, until somebody says something else.
    host.run("for (const steps of [15, 30]) arena.onEvent('skipped', { steps })")
    lines = host.run("return [...document.querySelectorAll('#chat-lines .aside')].map((line) => line.textContent)")
    assert [line for line in lines if "left out" in line] == ["The server was busy and has left out 1.5 s."]


def test_an_invitation_leads_to_its_lobby_and_a_code_of_none_opens_none(server, open_tab):
    open_tab(f"{server.url}/?auto=1&name=Host&lobby=inn").wait(PLAYING)
    guest = open_tab(f"{server.url}/?name=Guest&lobby=inn")
    guest.wait("document.getElementById('play').textContent === 'Join inn'")
    guest.click("#play")
    guest.wait(PLAYING)
    assert seats(server, "inn").keys() == {"Host", "Guest"}
    # Whoever is new is told how it is played.
    assert "WASD moves" in guest.run("return document.getElementById('toast').textContent")
    guest.click("#leave")
    guest.wait("document.getElementById('play').textContent === 'Play now'")
    guest.run("document.getElementById('code').value = 'NOSUCH'")
    guest.click("#code-form button")
    guest.wait("document.getElementById('notice').textContent.startsWith('No such lobby')")
    with urllib.request.urlopen(f"{server.url}/api/lobbies", timeout=10) as answer:
        assert "NOSUCH" not in [row["id"] for row in json.load(answer)]


def test_a_phone_shows_the_field_and_plays_by_touch(server, open_tab):
    tab = open_tab(f"{server.url}/?auto=1&name=Thumb&lobby=phone", size=(390, 844), is_phone=True)
    tab.wait(PLAYING)
    assert tab.run("return document.documentElement.scrollWidth") == 390
    x, way = free_way(tab)
    tab.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": 100, "y": 300}])
    tab.call("Input.dispatchTouchEvent", type="touchMove", touchPoints=[{"x": 100 + 60 * way, "y": 300}])
    tab.wait(f"Math.abs(arena.predictor.body.x - {x}) > 0.5", 5)
    tab.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    # What is said in passing stands above what has happened.
    tab.run("for (let count = 0; count < 4; count += 1) arena.onEvent('frag', { by: arena.seat, who: arena.seat })")
    edge = "document.getElementById('{}').getBoundingClientRect().{}"
    assert tab.run(f"return {edge.format('toast', 'bottom')} <= {edge.format('feed', 'top')}")


def test_two_tabs_play_tictactoe_to_the_end(server, open_tab):
    one = open_tab(f"{server.url}/tictactoe?lobby=row")
    one.wait("document.getElementById('status').textContent === 'Waiting for a second player.'")
    two = open_tab(f"{server.url}/tictactoe?lobby=row")
    for tab, cell in [(one, 1), (two, 4), (one, 2), (two, 5), (one, 3)]:
        tab.wait("document.getElementById('status').textContent.startsWith('Your turn')")
        tab.click(f"#board button:nth-child({cell})")
        tab.wait(f"document.querySelector('#board button:nth-child({cell})').textContent")
    one.wait("document.getElementById('status').textContent === 'You have won!'")
    two.wait("document.getElementById('status').textContent === '× has won.'")
    # In the next round it is the other's turn, who has loaded the page again.
    two.call("Page.reload")
    two.wait("document.getElementById('status').textContent.startsWith('Your turn: you play ○')")
    two.click("#board button:nth-child(5)")
    one.wait("document.querySelector('#board button:nth-child(5)').textContent === '○'")


def open_match(server, lobby, seconds=10):
    """A lobby of two teams with a match of so many seconds, 10 at least."""
    terms = {"game": "team-arena", "id": lobby, "options": {"roundSeconds": seconds}, "lobby": {"title": lobby}}
    request = urllib.request.Request(f"{server.url}/api/lobbies", json.dumps(terms).encode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 201


RESULT = "document.querySelector('#match h2')?.textContent.match(/wins, \\d+ to \\d+$|^A draw, \\d+ to \\d+$/)"


def test_a_match_of_two_teams_from_the_ready_check_to_another_match(server, open_tab):
    open_match(server, "teams")
    one = open_tab(f"{server.url}/?auto=1&name=Ann&game=team-arena&lobby=teams")
    one.wait("document.getElementById('match').innerText.includes('Ann (host)')")
    # Others find it in the list.
    two = open_tab(f"{server.url}/?name=Bob&game=team-arena&transport=polling")
    two.wait("[...document.querySelectorAll('#lobbies .title')].some((part) => part.textContent === 'teams')")
    two.click("#lobbies button")
    two.wait("document.getElementById('match').innerText.includes('Bob')")
    tabs = (one, two)
    assert {tab.run("return arena.teamOf(arena.seat)") for tab in tabs} == {0, 1}
    for tab in tabs:
        tab.wait("document.querySelector('#match [aria-pressed]')?.textContent === 'Ready'")
        assert "It begins when everyone is ready" in tab.text()
        tab.click("#match [aria-pressed]")
    one.wait("document.querySelector('#match h2')?.textContent === 'Get ready'")
    for tab in tabs:
        tab.wait(f"document.getElementById('match').hidden && {PLAYING}")
    # A clock that begins anew with the match: what is done is seen.
    one.press("ArrowUp", is_down=True)
    one.wait("arena.newest.get('player', arena.seat).aim === 64 && arena.newest.get('player', arena.seat).ammo < 20")
    one.press("ArrowUp", is_down=False)
    assert "Blue" in one.run("return document.getElementById('scores').innerText")

    # It is played to its end, and both are told the same result.
    titles = {tab.wait(f"{RESULT} && document.querySelector('#match h2').textContent") for tab in tabs}
    assert len(titles) == 1
    for tab in tabs:
        assert "The lobby closes in" in tab.text()
        assert tab.run("return document.querySelector('#match [aria-pressed]').textContent") == "Play again"
    # A vote is seen by all. The host's is the last: it need not wait for others'.
    two.click("#match [aria-pressed]")
    two.wait("document.querySelector('#match [aria-pressed]').ariaPressed === 'true'")
    one.wait("[...document.querySelectorAll('#match li')].find((row) => row.innerText.includes('Bob')).innerText.includes('again')")
    for tab in tabs:
        assert "The lobby closes in" in tab.text()
    ended = one.run("return arena.newest.tick")
    one.click("#match [aria-pressed]")
    for tab in tabs:
        tab.wait(f"document.getElementById('match').hidden && arena.isRunning && {PLAYING} && arena.newest.tick < {ended}")
        assert tab.run("return arena.seat") == tabs.index(tab)
    # In the next match, too, what is done is seen.
    two.press("ArrowUp", is_down=True)
    two.wait("arena.newest.get('player', arena.seat).aim === 64 && arena.newest.get('player', arena.seat).ammo < 20")
    two.press("ArrowUp", is_down=False)


def test_a_gamepad_moves_and_aims(server, open_tab):
    pad = """
        globalThis.pad = { mapping: "standard", axes: [0, 0, 0, 0], buttons: Array.from({ length: 16 }, () => ({})) };
        navigator.getGamepads = () => [globalThis.pad];"""
    tab = open_tab(f"{server.url}/?auto=1&name=Pad&lobby=pad", script=pad)
    tab.wait(PLAYING)
    x, way = free_way(tab)
    tab.run(f"pad.axes = [{way}, 0, 0, -1]; pad.buttons[7] = {{ pressed: true }}")
    tab.wait(f"Math.abs(arena.predictor.body.x - {x}) > 0.5")
    tab.wait("arena.newest.get('player', arena.seat).aim === 64 && arena.newest.get('player', arena.seat).ammo < 20")


def test_spectators_are_told_how_late_they_are(start_server, open_tab):
    server = start_server("--lobby-watch-delay-seconds", "1", "--bots", "2")
    tab = open_tab(server.url)
    tab.wait("document.querySelector('[aria-label=\"Watch arena-0\"]')")
    tab.click("[aria-label='Watch arena-0']")
    tab.wait("document.getElementById('state').textContent === 'watching: 1 s behind the players'")
    tab.wait("arena.shown?.all('player').length === 2 && document.getElementById('scores').innerText.includes('bot 1')")
