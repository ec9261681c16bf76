"""The admin namespace and `muster monitor` against a running server (protocol/spec/admin.md)."""

import asyncio
import contextlib
import json
import socket
import subprocess
import unicodedata

import pytest
import socketio

from conftest import BINARY, clean_environment, run_muster
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
        auth={"username": "admin", "password": password, "client": "muster"})
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
        assert lobby["players"] == 1 and lobby["connected"] == 1
        detail = await admin.call("lobby", {"lobby": "watched"}, namespace="/admin", timeout=SECONDS)
        assert [seat["name"] for seat in detail["seatRows"]] == ["ann"]
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


def muster_told(text, *arguments, cwd, **environment):
    """Runs `muster` with a standard input."""
    return subprocess.run(
        [BINARY, *arguments], cwd=cwd, env=clean_environment(**environment), input=text, capture_output=True, text=True,
        timeout=SECONDS)


def test_users_are_added_log_in_with_their_roles_and_are_out_at_once(start_server, tmp_path):
    storage = ["--storage", "muster.db"]

    def users(*arguments, told=""):
        result = muster_told(told, "users", arguments[0], *storage, *arguments[1:], cwd=tmp_path)
        return result.returncode, result.stdout or result.stderr

    assert users("add", "ann", "--role", "moderator", told="a better horse\n") == (0, "Added ann, moderator.\n")
    assert users("add", "ann", "--role", "viewer", told="a better horse\n")[0] == 1
    assert users("add", "bob", "--role", "viewer", told="password\n")[0] == 1, "everybody tries that first"
    assert users("add", "bob", "--role", "king", told="a better horse\n")[0] == 2
    server = start_server(*storage)
    assert not any("admin: user" in line for line in server.output), "there are users: no password was made"

    def monitor(*arguments, user="ann", password="a better horse"):
        result = run_muster(
            "monitor", "--server", server.url, "--user", user, *arguments, cwd=tmp_path, MUSTER_ADMIN_PASSWORD=password)
        return result.returncode, result.stdout or result.stderr

    async def play():
        player = await Plain.join(server, "yard", game="arena", name="Cy")
        assert await asyncio.to_thread(monitor, "message", "text=hello there") == (0, "Done.\n")
        assert (await player.expect("notice"))["text"] == "hello there"
        code, text = await asyncio.to_thread(monitor, "trace", "player=cy")
        assert code == 0 and "connected" in text and "joined  yard/0  Cy" in text
        code, text = await asyncio.to_thread(monitor, "--events", "--once", "--json", "--lobby", "yard")
        assert code == 0 and [json.loads(line)["kind"] for line in text.splitlines()] == ["joined"]
        code, text = await asyncio.to_thread(monitor, "--lobby", "yard", "--once")
        assert code == 0 and "Cy" in text and "ROUND TRIP" in text
        code, text = await asyncio.to_thread(monitor, "drain", "--reason", "no")
        assert code == 1 and "this is for the role admin" in text
        admin = socketio.AsyncClient(reconnection=False)
        gone = asyncio.Event()
        admin.on("disconnect", lambda *_: gone.set(), namespace="/admin")
        await admin.connect(
            server.url, transports=["websocket"], namespaces=["/admin"], wait_timeout=SECONDS,
            auth={"username": "ann", "password": "a better horse", "client": "muster"})
        assert await asyncio.to_thread(users, "passwd", "ann", told="another horse\n") == (0, "ann has another password.\n")
        await asyncio.wait_for(gone.wait(), SECONDS)

    run(play())
    assert monitor("--bans")[0] == 1 and monitor("--bans", password="another horse") == (0, "Nobody is kept out.\n")
    assert users("role", "ann", "viewer") == (0, "ann is viewer.\n")
    assert monitor("--bans", password="another horse")[0] == 1
    assert users("list") == (0, "viewer  ann\n")
    assert users("remove", "ann") == (0, "Removed ann.\n") and users("remove", "ann")[0] == 1
    assert monitor("--once", password="another horse")[0] == 1
    assert server.stop() == 0
    result = run_muster("audit", *storage, "--json", "--limit", "0", cwd=tmp_path)
    acts = [json.loads(line) for line in result.stdout.splitlines()]
    assert {(act["actor"], act["action"], act["outcome"]) for act in acts} >= {
        ("ann", "login", "done"), ("ann", "message", "done"), ("ann", "drain", "forbidden"), ("ann", "login", "refused"),
        ("ann", "bans", "forbidden")}
    shown = run_muster("audit", *storage, "--action", "message", cwd=tmp_path).stdout
    assert len(shown.splitlines()) == 1 and "  ann  127.0.0.1  " in shown and shown.endswith("  message    done\n")


def test_a_server_that_others_reach_has_no_admin_without_a_password(start_server, tmp_path):
    server = start_server(listen="0.0.0.0:0")
    assert not any("admin: user" in line for line in server.output)
    assert any("nobody can log in as admin" in line for line in server.output)


@pytest.mark.parametrize("password", ["password", "changeme", "admin-admin"])
def test_a_password_that_everybody_tries_is_refused_at_the_start(tmp_path, password):
    result = run_muster(
        "host", "--listen", "127.0.0.1:0", "--admin-user", "admin-admin", cwd=tmp_path, MUSTER_ADMIN_PASSWORD=password)
    assert result.returncode == 2 and "admin.password" in result.stderr and f'"{password}"' not in result.stderr


def test_whatever_peers_send_each_line_of_the_log_is_one_json_object_without_control_characters(start_server):
    """reliability.md A-08: hostile text in every place from which it may come into a line."""
    server = start_server(MUSTER_ADMIN_PASSWORD=PASSWORD, MUSTER_LOG_LEVEL="debug")
    hostile = [
        "a\r\nb", "\x1b[2J\x1b]0;x\x07", "\u2028\u2029", "\u202etxt.exe", "a\x00b", "x" * 20_000, '"}{"level":"error', "%s%n%x",
        "a\tb", "🎲👨‍👩‍👧", "\x9b31m\x85", "level=error msg=\"forged\""]

    def ask(head):
        with socket.create_connection((server.host, server.port), SECONDS) as peer:
            peer.sendall(head)
            with contextlib.suppress(OSError):
                peer.recv(65_536)

    async def play():
        for text in hostile:
            raw = text.encode()
            ask(b"GET /" + raw + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            ask(b"GET / HTTP/1.1\r\nHost: " + raw + b"\r\nUser-Agent: " + raw + b"\r\nX: " + raw + b"\r\n\r\n")
            for name in (text, text[:16]):
                player = await Plain.connect(server, "yard")
                await player.send("join", {"name": name, "game": "arena"})
                await player.send("chat", {"text": text})
                await player.send(text, text)
                await player.socket.close()
            with contextlib.suppress(socketio.exceptions.ConnectionError):
                admin = socketio.AsyncClient(reconnection=False)
                await admin.connect(
                    server.url, transports=["websocket"], namespaces=["/admin"], wait_timeout=SECONDS,
                    auth={"username": text[:64], "password": text, "client": "muster"})
        admin = await login(server)
        for text in hostile:
            await admin.call("message", {"text": "hi", "reason": text[:1_000]}, namespace="/admin", timeout=SECONDS)
        await admin.disconnect()

    asyncio.run(asyncio.wait_for(play(), 6 * SECONDS))
    assert server.stop() == 0
    lines = [line for line in server.output if line.startswith("{")]
    assert len(lines) > len(hostile), "".join(server.output)
    for line in lines:
        entry = json.loads(line)
        assert {"level", "message", "time"} <= set(entry)
        assert not any(unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") for character in line.rstrip("\n")), line
    assert not any("forged" in line and not line.startswith("{") for line in server.output)


@pytest.mark.parametrize("settings, arguments", [
    ({"MUSTER_ADMIN_PASSWORD": ""}, []), ({"MUSTER_ADMIN_PASSWORD": "8bytes!"}, []), ({}, ["--admin-password", "correct horse"]),
    ({"MUSTER_METRICS_TOKEN": "short"}, [])])
def test_a_secret_that_is_none_or_stands_on_the_command_line_is_refused_at_the_start(tmp_path, settings, arguments):
    """reliability.md A-06, beside the passwords that everybody tries and the user's own name."""
    result = run_muster("host", "--listen", "127.0.0.1:0", *arguments, cwd=tmp_path, **settings)
    assert result.returncode in (2, 64), result.stderr
    assert "correct horse" not in result.stderr and "8bytes" not in result.stderr


def test_a_settings_file_with_a_secret_that_others_may_read_is_told(start_server, tmp_path):
    path = tmp_path / "muster.json"
    path.write_text(json.dumps({"admin": {"password": PASSWORD}}))
    path.chmod(0o644)
    server = start_server("--config", str(path))
    assert server.stop() == 0
    assert any(line == f"muster: admin.password: every user of this machine may read {path}; chmod 600 it\n" for line in server.output)
    assert not any(PASSWORD in line for line in server.output)
