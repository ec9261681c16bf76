"""`muster host --storage`: games are played to their ends by bots and by hand; what came of them outlives the server."""

import asyncio
import http.client
import json
import re
import sqlite3
import urllib.parse

import pytest
from websockets.asyncio.client import connect

from conftest import run_muster
from test_admin import PASSWORD, login

SECONDS = 20


def get(server, path, **query):
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    try:
        connection.request("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""))
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


async def event(socket, name):
    """The data of the next event of that name; snapshots and other events are passed over."""
    async for message in socket:
        if isinstance(message, str):
            message = json.loads(message)
            if message["event"] == name:
                return message.get("data")
    pytest.fail(f"the connection ended before {name!r}")


def play(server, lobby, loser="Bob"):
    """One round of tic-tac-toe, which Ann wins with the upper row; the result."""
    return asyncio.run(asyncio.wait_for(_play(server, lobby, loser), SECONDS))


async def _play(server, lobby, loser):
    address = f"ws://{server.host}:{server.port}/lobby/{lobby}"
    async with connect(address) as ann, connect(address) as bob:
        for socket, name in [(ann, "Ann"), (bob, loser)]:
            join = {"name": name, "game": "tictactoe", "options": {"rounds": 1}}
            await socket.send(json.dumps({"event": "join", "data": join}))
            tick = (await event(socket, "joined"))["tick"]
        for turn, (socket, cell) in enumerate([(ann, 0), (bob, 3), (ann, 1), (bob, 4), (ann, 2)], start=1):
            # Moves that come to one step are played in the order of the ticks that they were meant for.
            move = {"event": "input", "data": {"input": {"cell": cell}, "tick": tick + turn}, "id": turn}
            await socket.send(json.dumps(move))
            await event(socket, "ack")
        return await event(bob, "finished")


@pytest.mark.parametrize("loops", [1, 2])
def test_what_was_played_is_there_after_a_restart(start_server, loops):
    flags = ["--storage", "muster.db", "--season", "spring", "--loops", str(loops)]
    server = start_server(*flags)
    assert get(server, "/api/results") == (200, {"results": [], "next": None})
    for number in range(3):
        assert play(server, f"game-{number}", f"Bob{number % 2}")["winner"] == 0
    assert server.stop() == 0, "".join(server.output)

    server = start_server(*flags)
    status, page = get(server, "/api/results", game="tictactoe", limit=2)
    assert status == 200 and [row["lobby"] for row in page["results"]] == ["game-2", "game-1"]
    row = page["results"][0]
    assert row["result"] == {"winner": 0} and row["season"] == "spring"
    assert row["players"] == [{"seat": 0, "name": "Ann", "score": 1}, {"seat": 1, "name": "Bob0", "score": 0}]
    assert row["startedAt"] < row["endedAt"]
    status, rest = get(server, "/api/results", before=page["next"])
    assert [row["lobby"] for row in rest["results"]] == ["game-0"] and rest["next"] is None

    for query in [{"order": "sum"}, {"order": "sum", "season": "spring"}]:
        status, board = get(server, "/api/leaderboards/tictactoe", **query)
        assert status == 200 and board["players"] == 3
        assert [(row["rank"], row["name"], row["score"], row["matches"]) for row in board["rows"]] == [
            (1, "Ann", 3, 3), (2, "Bob0", 0, 2), (3, "Bob1", 0, 1),
        ]
    status, board = get(server, "/api/leaderboards/tictactoe", around="Bob1", limit=1)
    assert [row["name"] for row in board["rows"]] == ["Bob1"]
    assert get(server, "/api/leaderboards/tictactoe", season="autumn")[1]["rows"] == []
    assert get(server, "/api/leaderboards/arena")[1]["rows"] == []
    assert get(server, "/api/leaderboards/chess")[0] == 404
    assert get(server, "/api/leaderboards/tictactoe", limit=0)[0] == 400


def test_a_season_that_an_admin_begins_goes_on_after_a_restart(start_server, tmp_path):
    def begin(server, name):
        flags = ["monitor", "--server", server.url, "--season", name]
        result = run_muster(*flags, cwd=tmp_path, MUSTER_ADMIN_PASSWORD=PASSWORD)
        return result.returncode, result.stdout or result.stderr

    server = start_server("--storage", "muster.db", MUSTER_ADMIN_PASSWORD=PASSWORD)
    assert begin(server, "autumn") == (0, "Began season autumn.\n")
    assert server.stop() == 0, "".join(server.output)
    server = start_server("--storage", "muster.db", MUSTER_ADMIN_PASSWORD=PASSWORD)
    assert play(server, "later")["winner"] == 0
    assert begin(server, "")[0] == 0
    assert play(server, "none")["winner"] == 0
    assert server.stop() == 0, "".join(server.output)
    server = start_server("--storage", "muster.db", "--season", "spring", MUSTER_ADMIN_PASSWORD=PASSWORD)
    assert [row["season"] for row in get(server, "/api/results")[1]["results"]] == ["", "autumn"]
    code, text = begin(server, "winter")
    assert code == 1 and "the configuration names the season" in text


def test_a_file_that_is_locked_does_not_hold_up_the_game(start_server, tmp_path):
    server = start_server("--storage", "muster.db")
    lock = sqlite3.connect(tmp_path / "muster.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    assert play(server, "locked")["winner"] == 0
    # The server's own patience with the lock is five seconds; then there is one alarm.
    server.expect_output(re.compile("the storage cannot write"), 15)
    assert play(server, "still")["winner"] == 0
    assert get(server, "/api/results")[1]["results"] == []
    lock.execute("ROLLBACK")
    lock.close()
    server.expect_output(re.compile("the storage writes again"), 40)
    assert server.stop() == 0 and sum("the storage cannot write" in line for line in server.output) == 1
    # The end of a server writes what is left.
    server = start_server("--storage", "muster.db")
    assert [row["lobby"] for row in get(server, "/api/results")[1]["results"]] == ["still", "locked"]


FLAGS = ["--storage", "muster.db", "--proxies", "127.0.0.1"]


async def refusal(server, address="203.0.113.9"):
    """The code with which a guest from that address is refused; None when it gets a seat, and then its connection."""
    headers = {"X-Forwarded-For": address}
    socket = await connect(f"ws://{server.host}:{server.port}/lobby/bans", additional_headers=headers)
    await socket.send(json.dumps({"event": "join", "data": {"name": "Eve", "game": "arena"}}))
    async for message in socket:
        if isinstance(message, str):
            message = json.loads(message)
            if message["event"] == "exception":
                return message["data"]["code"], None
            if message["event"] == "joined":
                return None, socket
    pytest.fail("the connection ended without an answer")


async def admin_says(server, command, argument):
    admin = await login(server)
    answer = await admin.call(command, argument, namespace="/admin", timeout=SECONDS)
    await admin.disconnect()
    return answer


def say(server, command, argument=None):
    return asyncio.run(asyncio.wait_for(admin_says(server, command, argument), SECONDS))


def ban(server, **more):
    async def play():
        code, player = await refusal(server)
        assert code is None
        argument = {"lobby": "bans", "seat": 0, "reason": "cheating", "everywhere": True, **more}
        assert await admin_says(server, "ban", argument) == {"ok": True}
        assert (await event(player, "banned"))["reason"] == "cheating"

    asyncio.run(asyncio.wait_for(play(), SECONDS))


def code(server, address="203.0.113.9"):
    async def play():
        code, player = await refusal(server, address)
        if player:
            await player.close()
        return code

    return asyncio.run(asyncio.wait_for(play(), SECONDS))


@pytest.mark.parametrize("loops", [1, 2])
def test_a_ban_outlives_the_server_and_so_does_its_end(start_server, loops, tmp_path):
    flags = [*FLAGS, "--loops", str(loops)]
    server = start_server(*flags, MUSTER_ADMIN_PASSWORD=PASSWORD)
    ban(server)
    assert code(server) == 4016 and server.stop() == 0

    server = start_server(*flags, MUSTER_ADMIN_PASSWORD=PASSWORD)
    assert code(server) == 4016, "from before the first connection on"
    assert code(server, "203.0.113.10") is None
    assert say(server, "bans") == [{"address": "203.0.113.9", "kind": "ban", "reason": "cheating", "by": "admin"}]
    assert say(server, "unban", {"address": "203.0.113.9"}) == {"ok": True}
    assert code(server) is None
    ban(server, seconds=3600)
    assert server.stop() == 0

    server = start_server(*flags, MUSTER_ADMIN_PASSWORD=PASSWORD)
    (row,) = say(server, "bans")
    assert 3000 < row["seconds"] <= 3600
    assert say(server, "unban", {"address": "203.0.113.9"}) == {"ok": True}
    assert server.stop() == 0
    server = start_server(*flags, MUSTER_ADMIN_PASSWORD=PASSWORD)
    assert say(server, "bans") == [] and code(server) is None
    assert server.stop() == 0
    rows = sqlite3.connect(tmp_path / "muster.db").execute(
        "SELECT actor, action, target, reason FROM audit WHERE action != 'login' ORDER BY number").fetchall()
    given, lifted = ("admin", "ban", "bans/0", "cheating"), ("admin", "unban", "203.0.113.9", "")
    assert rows == [given, lifted, given, lifted]


def test_a_ban_holds_while_the_file_is_locked_and_is_written_after_it(start_server, tmp_path):
    server = start_server(*FLAGS, MUSTER_ADMIN_PASSWORD=PASSWORD)
    lock = sqlite3.connect(tmp_path / "muster.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    ban(server)
    assert code(server) == 4016
    server.expect_output(re.compile("the storage cannot write"), 15)
    assert code(server) == 4016
    lock.execute("ROLLBACK")
    lock.close()
    server.expect_output(re.compile("the storage writes again"), 40)
    assert server.stop() == 0 and sum("the storage cannot write" in line for line in server.output) == 1
    assert code(start_server(*FLAGS)) == 4016


def test_without_a_storage_a_ban_ends_with_the_server(start_server):
    flags = ["--proxies", "127.0.0.1"]
    server = start_server(*flags, MUSTER_ADMIN_PASSWORD=PASSWORD)
    ban(server)
    assert code(server) == 4016 and server.stop() == 0
    assert not any("storage" in line for line in server.output)
    assert code(start_server(*flags)) is None


def test_without_a_storage_nothing_is_told(server):
    assert get(server, "/api/results")[0] == 404
    assert get(server, "/api/leaderboards/arena")[0] == 404


def test_a_file_that_cannot_be_used_is_one_clear_line_and_exit_code_1(tmp_path):
    (tmp_path / "other.db").write_bytes(b"this is no database" * 1_000)
    for path in ["other.db", "no/such/folder/muster.db"]:
        refused = run_muster("host", "--listen", "127.0.0.1:0", "--storage", path, cwd=tmp_path)
        assert refused.returncode == 1
        lines = refused.stderr.strip().splitlines()
        assert len(lines) == 1 and path in lines[0], refused.stderr
