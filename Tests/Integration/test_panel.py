"""The panel of admins at `/admin` in Chromium: what they see of bots at play, and what they do to them."""

import asyncio
import json
import subprocess
import time
import urllib.request

import pytest
from browsing import needs_browser
from conftest import BINARY, clean_environment
from devtools import browser  # noqa: F401
from test_arena import open_tab  # noqa: F401
from test_lobby import SECONDS, Plain, run
from test_storage import FLAGS, event, refusal

pytestmark = needs_browser

PASSWORDS = {"admin": "correct horse battery", "vera": "a viewer's password"}
LOBBIES = 4
ROWS = "document.querySelectorAll('#page tbody tr').length"
# Nothing but this page's own server is asked for anything.
OWN = "performance.getEntriesByType('resource').every(({ name }) => name.startsWith(`${location.origin}/`))"
FITS = "document.documentElement.scrollWidth <= innerWidth"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with a storage, an admin, and Vera who only looks on; and twenty bots in four lobbies."""
    from conftest import Server

    folder = tmp_path_factory.mktemp("panel")
    command = [BINARY, "users", "add", "vera", "--role", "viewer", "--storage", "muster.db"]
    subprocess.run(
        command, cwd=folder, env=clean_environment(), input=PASSWORDS["vera"] + "\n", text=True, check=True, capture_output=True,
        timeout=30)
    shared = Server("--storage", "muster.db", cwd=folder, MUSTER_ADMIN_PASSWORD=PASSWORDS["admin"])
    crowd = subprocess.Popen(
        [BINARY, "bots", "--server", shared.url, "--count", "20", "--lobbies", str(LOBBIES), "--seconds", "600", "--quiet"],
        cwd=folder, env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield shared
    crowd.terminate()
    crowd.wait()
    assert shared.stop() == 0, "".join(shared.output)


def login(tab, user="admin", password=None):
    tab.wait("!document.getElementById('login').hidden")
    for field, text in [("username", user), ("password", password or PASSWORDS[user])]:
        tab.run(f"document.getElementById('{field}').focus(); document.getElementById('{field}').value = ''")
        tab.type(text)
    tab.click("#login-button")


@pytest.fixture
def panel(server, open_tab):
    """Opens the panel and logs in, and goes to an address of it."""

    def open_panel(user="admin", address="#/lobbies", of=server, **options):
        tab = open_tab(f"{of.url}/admin{address}", **options)
        login(tab, user)
        tab.wait("!document.getElementById('panel').hidden")
        return tab

    return open_panel


def press(tab, text, within="#page"):
    """The button with that text, once it is there."""
    find = f"[...document.querySelectorAll('{within} button')].find((one) => one.textContent === {json.dumps(text)})"
    tab.wait(find)
    tab.run(f"{find}.click()")


def confirm(tab, title, **fields):
    """Fills in what is asked, and does it."""
    tab.wait("document.getElementById('act').open")
    for name, value in fields.items():
        tab.run(f"document.querySelector('#act [name={name}]').value = {json.dumps(value)}")
    press(tab, title, "#act")
    tab.wait("document.getElementById('toasts').innerText.includes('done')")


def test_a_wrong_password_is_told_and_a_right_one_shows_the_lobbies_of_twenty_bots(server, open_tab):
    tab = open_tab(f"{server.url}/admin")
    login(tab, password="wrong horse")
    tab.wait("document.getElementById('login-notice').innerText.includes('wrong')")
    login(tab)
    tab.wait(f"{ROWS} === {LOBBIES}")
    tab.wait("document.getElementById('page').innerText.includes('5 / 16')")
    tab.wait("document.getElementById('now').innerText.includes('20 of')")
    tick = "Number(document.querySelector('[data-label=Tick]').textContent.replace(/\\s/g, ''))"
    before = tab.run(f"return {tick}")
    tab.wait(f"{tick} > {before}")
    tab.run("const search = document.querySelector('[type=search]'); search.value = 'BOTS-1-2'; search.oninput()")
    tab.wait(f"{ROWS} === 1 && document.querySelector('#page tbody a').textContent === 'bots-1-2'")
    assert tab.run(f"return {OWN}")
    # A page that is loaded again goes on where it was; who logs out does not.
    tab.call("Page.reload")
    tab.wait(f"{ROWS} === {LOBBIES}")
    tab.click("#logout")
    tab.wait("!document.getElementById('login').hidden")
    assert tab.run("return sessionStorage.length") == 0


def test_a_bot_is_kicked_with_a_reason_which_the_lobby_and_the_audit_log_show(panel):
    tab = panel(address="#/lobby/bots-1-0")
    tab.wait(f"{ROWS} === 5")
    tab.wait("document.querySelector('canvas').width > 0 && !document.querySelector('.picture .none').textContent")
    press(tab, "Kick")
    confirm(tab, "Kick", reason="spoils the game")
    tab.wait(f"{ROWS} === 4")
    tab.wait("document.querySelector('.lines').innerText.includes('has left seat')")
    tab.press("Digit5", "5")
    tab.wait("document.getElementById('page').innerText.includes('spoils the game')")
    assert tab.run(f"return {OWN}")


def test_a_player_is_told_why_they_are_kicked_and_what_admins_say(server, panel):
    tab = panel(address="#/lobby/yard")

    async def play():
        player = await Plain.join(server, "yard", game="arena", name="<img src=x onerror=alert(1)>")
        tab.wait(f"{ROWS} === 1")
        assert tab.run("return document.querySelectorAll('#page img').length") == 0
        press(tab, "Message", ".table")
        confirm(tab, "Message", text="Be kind.")
        assert (await player.expect("notice"))["text"] == "Be kind."
        press(tab, "Kick")
        confirm(tab, "Kick", reason="rude")
        assert (await player.expect("kicked"))["reason"] == "rude"
        tab.wait(f"{ROWS} === 0")

    run(play())


def test_a_connection_is_ended_from_what_became_of_its_player(server, panel):
    tab = panel()

    async def play():
        player = await Plain.join(server, "meadow", game="arena", name="Zoe")
        tab.run("location.hash = '#/trace/Zoe'")
        press(tab, "End")
        confirm(tab, "End", reason="hangs")
        await asyncio.wait_for(player.socket.wait_closed(), SECONDS)
        assert (player.socket.close_code, player.socket.close_reason) == (4003, "hangs")
        # Who is gone has nothing to end.
        tab.wait("document.querySelector('#page').innerText.includes('dropped')")
        tab.wait("![...document.querySelectorAll('#page button')].some((one) => one.textContent === 'End')")

    run(play())


def test_a_lobby_is_paused_stepped_and_let_go_on_by_keys_and_buttons(server, panel):
    def tick():
        with urllib.request.urlopen(f"{server.url}/api/lobbies/bots-1-1", timeout=10) as answer:
            return json.load(answer)["tick"]

    def reaches(wanted):
        deadline = time.monotonic() + SECONDS
        while (found := tick()) != wanted:
            assert time.monotonic() < deadline, f"tick {found}, not {wanted}"

    tab = panel(address="#/lobby/bots-1-1")
    tab.wait(f"{ROWS} === 5")
    tab.press("KeyP", "p")
    confirm(tab, "Pause", reason="a look")
    tab.wait("document.querySelector('.lines').innerText.includes('paused by admin')")
    # A pause has no end by itself: who looks later sees whose it is.
    tab.wait("document.querySelector('.notice[role=status]').innerText.match(/^Paused by admin for \\d+ s: a look/)")
    before = tick()
    press(tab, "Step")
    confirm(tab, "Step", steps="3")
    reaches(before + 3)
    tab.press("KeyS", "s")
    reaches(before + 4)
    press(tab, "Go on")
    confirm(tab, "Go on")
    tab.wait("document.querySelector('.lines').innerText.includes('goes on')")
    assert not tab.run("return document.querySelector('.notice[role=status]').offsetParent")


def test_how_old_what_a_player_sees_is_shown(panel):
    tab = panel(address="#/lobby/bots-1-2")
    tab.wait(f"{ROWS} === 5")
    ages = "[...document.querySelectorAll('td[data-label=\"Snapshot age\"]')].map((one) => parseFloat(one.textContent))"
    # Bots say with each input which snapshot they have, and none can have it at once.
    tab.wait(f"{ages}.length === 5 && {ages}.every((age) => age > 0)")


def test_a_guest_is_banned_and_let_in_again_and_somebody_who_is_not_there_is_kept_out(start_server, panel):
    server = start_server(*FLAGS, MUSTER_ADMIN_PASSWORD=PASSWORDS["admin"])
    tab = panel(address="#/lobby/bans", of=server)

    async def play():
        code, player = await refusal(server)
        assert code is None
        tab.wait(f"{ROWS} === 1")
        press(tab, "Ban")
        confirm(tab, "Ban", seconds="60", reason="cheating")
        assert (await event(player, "banned"))["reason"] == "cheating"
        assert (await refusal(server))[0] == 4016
        tab.press("Digit4", "4")
        tab.wait(f"{ROWS} === 1 && document.getElementById('page').innerText.includes('203.0.113.9')")
        press(tab, "Let in again")
        confirm(tab, "Let in again")
        tab.wait(f"{ROWS} === 0")
        assert (await refusal(server))[0] is None
        press(tab, "Ban someone")
        confirm(tab, "Ban someone", subject="player-7", reason="known elsewhere")
        tab.wait("document.querySelector('#page tbody').innerText.match(/player-7[^]*all lobbies[^]*no end[^]*known elsewhere/)")

    run(play())


def test_a_player_is_muted_and_a_lobby_locked_unlocked_and_closed(server, panel):
    tab = panel(address="#/lobby/court")

    async def play():
        player = await Plain.join(server, "court", game="arena", name="Ann")
        tab.wait(f"{ROWS} === 1")
        press(tab, "Mute")
        confirm(tab, "Mute", seconds="60", reason="shouts")
        muted = await player.expect("muted")
        assert muted["reason"] == "shouts" and 0 < muted["seconds"] <= 60
        tab.wait("document.querySelector('td[data-label=State]').innerText.includes('muted for')")
        press(tab, "Lock")
        confirm(tab, "Lock", reason="enough")
        tab.wait("document.querySelector('#page .facts').innerText.includes('locked')")
        late = await Plain.connect(server, "court")
        await late.send("join", {"name": "Late"})
        assert (await late.expect("exception"))["code"] == 4011
        press(tab, "Unlock")
        confirm(tab, "Unlock")
        tab.wait("document.querySelector('.lines').innerText.includes('unlocked')")
        await Plain.join(server, "court", name="Late")
        press(tab, "Clear")
        confirm(tab, "Clear", reason="from the top")
        while (found := await asyncio.wait_for(player.events.get(), SECONDS))[0] != "kicked":
            pass
        assert found[1]["data"]["reason"] == "from the top"
        tab.wait(f"{ROWS} === 0")
        watcher = await Plain.join(server, "court", watch=True)
        press(tab, "Close")
        confirm(tab, "Close", reason="closing time")
        while (found := await asyncio.wait_for(watcher.events.get(), SECONDS))[0] != "closed":
            pass
        assert found[1]["data"]["reason"] == "closing time"
        tab.wait("document.getElementById('page').innerText.includes('This lobby is gone.')")

    run(play())


def test_a_season_is_begun_and_ended(panel):
    tab = panel()
    press(tab, "Begin a season", "#now")
    confirm(tab, "Begin a season", season="spring", reason="the leaves are out")
    tab.wait("document.getElementById('now').innerText.includes('spring')")
    press(tab, "Begin a season", "#now")
    tab.wait("document.getElementById('act').innerText.includes('“spring”')")
    confirm(tab, "Begin a season", season="")
    tab.wait("document.getElementById('now').innerText.match(/Season\\s+none/)")


def test_a_server_is_drained_once_and_ends(start_server, panel):
    server = start_server(MUSTER_ADMIN_PASSWORD=PASSWORDS["admin"])
    tab = panel(of=server)

    async def play():
        player = await Plain.join(server, "last", game="arena", name="Ann")
        tab.wait(f"{ROWS} === 1")
        # There is no storage here, and so no season.
        tab.wait("[...document.querySelectorAll('#now button')].map((one) => one.textContent).join() === 'Drain the server'")
        press(tab, "Drain the server", "#now")
        confirm(tab, "Drain the server", reason="a new version")
        assert (await player.expect("draining"))["seconds"] > 0
        tab.wait("document.getElementById('now').innerText.includes('draining') && !document.querySelector('#now button')")
        await player.send("leave", None)

    run(play())
    assert server.wait() == 0, "".join(server.output)
    tab.wait("document.getElementById('banner').innerText.includes('does not answer')")


def test_a_viewer_sees_no_action_and_no_page_that_is_not_for_them(panel):
    tab = panel("vera", "#/lobby/bots-1-2")
    tab.wait(f"{ROWS} === 5")
    assert tab.run("return [...document.querySelectorAll('nav a')].map((one) => one.textContent)") == ["Lobbies", "Timelines"]
    seen = "[...document.querySelectorAll('#panel button')].filter((one) => one.offsetParent).map((one) => one.id)"
    assert tab.run(f"return {seen}") == ["theme", "keys", "logout"]
    assert "127.0.0.1" not in tab.text()
    tab.press("KeyP", "p")
    assert not tab.run("return document.getElementById('act').open")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone(panel, scheme):
    tab = panel(size=(360, 740), scheme=scheme, is_phone=True)
    for address in ["lobbies", "timelines", "trace", "bans", "audit", "users", "lobby/bots-1-3"]:
        tab.run(f"location.hash = '#/{address}'")
        tab.wait("document.getElementById('page').innerText.length > 10")
        if address.startswith("lobby/"):
            tab.wait(f"{ROWS} === 5")
        assert tab.run(f"return {FITS}"), address


def test_everything_has_a_name_and_the_keys_are_listed(panel):
    tab = panel(address="#/lobby/bots-1-3")
    tab.wait(f"{ROWS} === 5")
    nameless = """[...document.querySelectorAll('button, a, input, select, canvas, table, svg')].filter((one) =>
        !(one.textContent.trim() || one.ariaLabel || one.labels?.[0]?.textContent.trim())).map((one) => one.outerHTML)"""
    assert tab.run(f"return {nameless}") == []
    tab.press("Slash", "?")
    tab.wait("document.getElementById('help').open && document.getElementById('help').innerText.includes('pause, or go on')")
    tab.press("Escape")
    before = tab.run("return getComputedStyle(document.body).backgroundColor")
    tab.click("#help button")
    tab.press("KeyT", "t")
    tab.wait(f"getComputedStyle(document.body).backgroundColor !== {json.dumps(before)}")


def test_timelines_are_drawn(panel):
    tab = panel(address="#/timelines")
    tab.wait("document.querySelectorAll('figure svg').length === 6")
    # A sample is of ten seconds.
    tab.wait("document.querySelector('.line-0').getAttribute('d')")
    assert tab.run("return document.querySelector('figure svg').ariaLabel").startswith("Connections over the last 2 min")


def test_a_server_that_goes_and_comes_back_is_told_and_a_session_that_is_gone_is_asked_for_again(start_server, open_tab):
    first = start_server(MUSTER_ADMIN_PASSWORD=PASSWORDS["admin"])
    tab = open_tab(f"{first.url}/admin")
    login(tab)
    tab.wait("document.getElementById('now').innerText.includes('Connections')")
    assert first.stop() == 0
    tab.wait("document.getElementById('banner').innerText.includes('does not answer')")
    start_server(listen=f"127.0.0.1:{first.port}", MUSTER_ADMIN_PASSWORD=PASSWORDS["admin"])
    # Sessions end with the process: whoever comes back logs in again.
    tab.wait("document.getElementById('login-notice').innerText.includes('has ended')")
    login(tab)
    tab.wait("document.getElementById('now').innerText.includes('Connections') && document.getElementById('banner').hidden")


NAMES = [
    "__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "prototype", "__defineGetter__", "isPrototypeOf", "then",
    "length", "toJSON", "<b>bold</b>"]


def test_names_that_mean_something_to_javascript_are_text_like_any_other(server, panel):
    """reliability.md A-12: as names of players and lobbies; that nothing is thrown is what the tab's end checks."""
    tab = panel(address="#/lobby/__proto__")

    async def play():
        players = [await Plain.join(server, "__proto__", game="arena", name=name) for name in NAMES]
        tab.wait(f"{ROWS} === {len(NAMES)}")
        shown = tab.run("return document.getElementById('page').innerText")
        assert [name for name in NAMES if name not in shown] == []
        assert tab.run("return document.querySelectorAll('#page tbody b').length") == 0
        lobbies = [name for name in NAMES[:-1] if name != "__proto__"]
        players += [await Plain.join(server, name, game="arena", name="Ann") for name in lobbies]
        tab.run("location.hash = '#/lobbies'")
        for name in lobbies[:3] + ["__proto__"]:
            tab.wait("document.querySelector('[type=search]')")
            tab.run(f"const search = document.querySelector('[type=search]'); search.value = {json.dumps(name)}; search.oninput()")
            tab.wait(f"[...document.querySelectorAll('#page tbody a')].some((one) => one.textContent === {json.dumps(name)})")
        tab.run("location.hash = '#/trace/__proto__'")
        tab.wait("document.getElementById('page').innerText.includes('joined')")
        for player in players:
            await player.socket.close()

    run(play())
