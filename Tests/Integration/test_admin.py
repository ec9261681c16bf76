"""The admin namespace and `muster monitor` against a running server (protocol/spec/admin.md)."""

import asyncio
import json

import pytest
import socketio

from conftest import run_muster
from test_lobby import SECONDS, Plain, run

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from conftest import Server

    shared = Server(cwd=tmp_path_factory.mktemp("admin"), MUSTER_ADMIN_PASSWORD=PASSWORD)
    yield shared
    assert shared.stop() == 0, "".join(shared.output)


async def login(server, password=PASSWORD):
    admin = socketio.AsyncClient(reconnection=False)
    await admin.connect(
        server.url, transports=["websocket"], namespaces=["/admin"], wait_timeout=SECONDS,
        auth={"username": "admin", "password": password})
    return admin


def test_a_wrong_password_is_refused(server):
    async def play():
        with pytest.raises(socketio.exceptions.ConnectionError):
            await login(server, "correct horse batterz")

    run(play())


def test_an_admin_sees_the_true_numbers_and_a_kicked_player_cannot_come_back(server):
    async def play():
        player = await Plain.join(server, "watched", game="arena", name="ann")
        await player.send("input", {"input": {}}, id=1)
        await player.expect("ack")
        admin = await login(server)
        overview = await admin.call("overview", namespace="/admin", timeout=SECONDS)
        lobby = next(lobby for lobby in overview["lobbies"] if lobby["id"] == "watched")
        assert [seat["name"] for seat in lobby["players"]] == ["ann"] and lobby["connected"] == 1
        kick = {"lobby": "watched", "seat": player.joined["seat"], "reason": "test"}
        assert await admin.call("kick", kick, namespace="/admin", timeout=SECONDS) == {"ok": True}
        assert (await player.expect("kicked"))["reason"] == "test"
        assert (await player.expect("closed by")) == 4003
        again = await Plain.connect(server, "watched")
        await again.send("join", {"token": player.joined["token"]})
        assert (await again.expect("exception"))["code"] == 4003
        await admin.disconnect()

    run(play())


def test_closing_a_lobby_tells_its_players(server):
    async def play():
        player = await Plain.join(server, "doomed", game="arena", name="ann")
        admin = await login(server)
        assert await admin.call(
            "close-lobby", {"lobby": "doomed", "reason": "test"}, namespace="/admin", timeout=SECONDS) == {"ok": True}
        assert (await player.expect("closed"))["reason"] == "test"
        assert (await player.expect("closed by")) == 4000
        await admin.disconnect()

    run(play())


def test_the_monitor_prints_one_json_object(server, tmp_path):
    result = run_muster(
        "monitor", "--server", server.url, "--once", "--json", cwd=tmp_path, MUSTER_ADMIN_PASSWORD=PASSWORD)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["connections"] >= 1


def test_the_monitor_bans_lists_and_lets_in_again(start_server, tmp_path):
    server = start_server("--storage", "muster.db", MUSTER_ADMIN_PASSWORD=PASSWORD)

    def monitor(*flags):
        result = run_muster("monitor", "--server", server.url, *flags, cwd=tmp_path, MUSTER_ADMIN_PASSWORD=PASSWORD)
        return result.returncode, result.stdout or result.stderr

    assert monitor("--bans") == (0, "Nobody is kept out.\n")
    flags = ["--ban", "subject:player-7", "--seconds", "86400", "--reason", "cheating"]
    assert monitor(*flags) == (0, "Banned subject player-7 from all lobbies.\n")
    assert monitor("--ban", "address:203.0.113.9") == (0, "Banned the guests of 203.0.113.9 from all lobbies.\n")
    assert server.stop() == 0
    server = start_server("--storage", "muster.db", MUSTER_ADMIN_PASSWORD=PASSWORD)
    code, text = monitor("--bans", "--json")
    first, second = json.loads(text)
    assert code == 0 and 86000 < first.pop("seconds") <= 86400
    assert first == {"subject": "player-7", "kind": "ban", "reason": "cheating", "by": "admin"}
    assert second == {"address": "203.0.113.9", "kind": "ban", "reason": "", "by": "admin"}
    assert "subject:player-7     all lobbies  admin  23 h 59 min  ban   cheating\n" in monitor("--bans")[1]
    assert monitor("--unban", "subject:player-7") == (0, "Let in subject player-7 again.\n")
    assert monitor("--unban", "subject:player-7")[0] == 1, "there is no such ban any more"
    assert len(json.loads(monitor("--bans", "--json")[1])) == 1

    async def play():
        player = await Plain.join(server, "yard", game="arena", name="ann")
        assert await asyncio.to_thread(monitor, "--ban", "yard/0", "--reason", "test") == (
            0, "Banned seat 0 of lobby yard.\n")
        assert (await player.expect("banned"))["reason"] == "test"
        assert (await player.expect("closed by")) == 4016

    run(play())
    for flags in (["--ban", "yard"], ["--unban", "yard/0"], ["--kick", "subject:a"], ["--bans", "--close", "yard"]):
        assert monitor(*flags)[0] == 2


def test_a_refused_monitor_says_so_in_one_line(server, tmp_path):
    result = run_muster("monitor", "--server", server.url, "--once", cwd=tmp_path, MUSTER_ADMIN_PASSWORD="x" * 12)
    assert result.returncode == 1 and len(result.stderr.splitlines()) == 1
