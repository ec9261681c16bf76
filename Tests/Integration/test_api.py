"""The API as its description has it (protocol/spec/openapi.json): what a running server answers is what is described, each
status that is described can be had, and a flood of requests takes no memory."""

import asyncio
import gzip
import http.client
import json
import pathlib
import signal
import socket
import time
import urllib.parse

import jsonschema
import openapi_spec_validator
import pytest

from conftest import ROOT
from test_admin import PASSWORD
from test_lobby import SECONDS, Plain, run
from test_match import plain_events, until
from test_storage import play

DESCRIPTION = json.loads((ROOT / "protocol/spec/openapi.json").read_text())
STRANGER = {"X-Forwarded-For": "203.0.113.5"}
ADMIN = "/api/admin/"
BAD_TOKEN = {"Authorization": "Bearer " + "a" * 43}
# It takes a minute; QueueAPITests has it in virtual time.
ELSEWHERE = {("getPlace", "410")}


def resolved(value):
    """What a `$ref` of the description stands for."""
    while "$ref" in value:
        place = DESCRIPTION
        for part in value["$ref"].removeprefix("#/").split("/"):
            place = place[part]
        value = place
    return value


def check(value, schema):
    """Fails unless `value` is as a schema of the description says."""
    whole = {**schema, "components": DESCRIPTION["components"]}
    jsonschema.Draft202012Validator(whole).validate(value)


class API:
    """Asks servers, and compares each answer with its description."""

    def __init__(self):
        self.seen = set()

    def ask(self, server, method, path, body=None, query=None, fields={}, connection=None, **names):
        """Status, fields and body of the answer to an operation; an answer that is not described fails the test."""
        operation = DESCRIPTION["paths"][path][method.lower()]
        target = path.format_map({key: urllib.parse.quote(value, safe="~") for key, value in names.items()})
        if query:
            target += "?" + urllib.parse.urlencode(query)
        own = connection or http.client.HTTPConnection(server.host, server.port, timeout=SECONDS)
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        own.request(method, target, raw, fields)
        answer = own.getresponse()
        status = str(answer.status)
        assert status in operation["responses"], f"{method} {target}: {status} {answer.read(500)}"
        response = resolved(operation["responses"][status])
        self.seen.add((operation["operationId"], status))
        for name in response.get("headers", {}):
            assert answer.headers[name], f"{method} {target}: {status} without {name}"
        content = response.get("content", {})
        kind = (answer.headers["Content-Type"] or "").split(";")[0]
        assert not content or kind in content, f"{method} {target}: {kind}"
        if kind == "text/event-stream":
            return answer.status, answer.headers, answer
        text = answer.read()
        if connection is None:
            own.close()
        value = None
        if content:
            value = json.loads(text)
            check(value, content[kind]["schema"])
        if status[0] == "2" and body is not None:
            check(body, operation["requestBody"]["content"]["application/json"]["schema"])
        return answer.status, answer.headers, value

    def ok(self, *arguments, **more):
        status, _, value = self.ask(*arguments, **more)
        assert status in (200, 201), value
        return value


def events(stream, *names):
    """The data of the next event that has one of those names, and its name."""
    name = None
    for line in stream:
        field, _, value = line.decode().rstrip("\n").partition(": ")
        if field == "event":
            name = value
        if field == "data" and name in names:
            return name, json.loads(value)
    pytest.fail(f"the stream ended without {names}")


def test_the_description_is_one():
    openapi_spec_validator.validate(DESCRIPTION)


def test_all_that_is_described_is_answered_so(start_server):
    api = API()
    server = start_server(
        "--storage", "muster.db", "--proxies", "127.0.0.1", "--loops", "2", MUSTER_ADMIN_PASSWORD=PASSWORD)
    verbs_work(api, server)
    refusals_are_told(api, server)
    floods_are_told(api, server)
    small = start_server(
        "--limits-lobbies", "2", "--limits-watchers", "1", "--limits-subscribers", "1",
        MUSTER_ADMIN_PASSWORD=PASSWORD)
    a_full_server_says_so(api, small)
    admins_act(api, server, small)
    admins_are_refused(api, server)
    a_draining_server_says_so(
        api, start_server("--storage", "other.db", "--season", "spring", MUSTER_ADMIN_PASSWORD=PASSWORD))
    described = {
        (operation["operationId"], status)
        for path in DESCRIPTION["paths"].values() for method, operation in path.items() if method != "parameters"
        for status in operation["responses"] if status != "default"
    }
    assert described - api.seen == ELSEWHERE, "described, and never answered"


def verbs_work(api, server):
    lobby, seats, queue = "/api/lobbies/{id}", "/api/lobbies/{id}/seats", "/api/queue"
    assert api.ok(server, "GET", "/api/openapi.json") == DESCRIPTION
    terms = {"title": "Friday", "metadata": {"map": "yard", "hard": True, "round": 3}, "password": "hush"}
    row = api.ok(server, "POST", "/api/lobbies", {"id": "api", "game": "tictactoe", "lobby": terms})
    assert row["password"] and row["title"] == "Friday"
    code = api.ok(server, "POST", "/api/lobbies", {"game": "arena"})["id"]
    assert [row["id"] for row in api.ok(server, "GET", "/api/lobbies", query={"game": "tictactoe", "limit": 5})] == ["api"]
    # By code, and what it brings: a seat on a socket.
    tickets = api.ok(server, "POST", seats, {"count": 2}, id=code)
    asyncio.run(asyncio.wait_for(sit(server, tickets), SECONDS))
    _, fields, _ = api.ask(server, "GET", lobby, id=code)
    assert api.ask(server, "GET", lobby, id=code, fields={"If-None-Match": fields["ETag"]})[0] in (200, 304)
    quick = api.ok(server, "POST", seats, {"game": "arena", "players": [{"name": "Ann"}, {}]}, id="~quick")
    assert quick["lobby"] == code
    for kept in quick["tickets"]:
        assert api.ask(server, "DELETE", seats + "/{ticket}", id=code, ticket=kept["ticket"])[0] == 204
    new = api.ok(server, "POST", seats, {"game": "tictactoe", "lobby": {"listed": False}}, id="~new")
    idle = api.ok(server, "GET", lobby, id=new["lobby"])
    assert idle["state"] is None
    # A lobby in which nobody plays changes with nothing.
    _, fields, _ = api.ask(server, "GET", lobby, id=new["lobby"])
    assert api.ask(server, "GET", lobby, id=new["lobby"], fields={"If-None-Match": fields["ETag"]})[0] == 304
    _, fields, _ = api.ask(server, "GET", "/api/openapi.json")
    assert api.ask(server, "GET", "/api/openapi.json", fields={"If-None-Match": fields["ETag"]})[0] == 304
    _, _, stream = api.ask(server, "GET", lobby + "/events", id=code, query={"hz": 5})
    assert events(stream, "lobby")[1]["id"] == code
    stream.close()
    # Two wait for a match, one on a stream, one asking.
    wish = {"game": "tictactoe", "match": {"rank": 1200, "players": 2}}
    ann, bob = api.ok(server, "POST", queue, wish), api.ok(server, "POST", queue, {**wish, "filter": {"map": "x"}})
    assert api.ok(server, "GET", queue + "/{id}", id=bob["id"])["state"] == "queued"
    assert api.ask(server, "DELETE", queue + "/{id}", id=bob["id"])[0] == 204
    _, _, stream = api.ask(server, "GET", queue + "/{id}/events", id=ann["id"])
    assert events(stream, "queued")[1]["id"] == ann["id"]
    bob = api.ok(server, "POST", queue, wish)
    name, found = events(stream, "found", "exception")
    check(found, {"$ref": "#/components/schemas/Found"})
    other = api.ok(server, "GET", queue + "/{id}", id=bob["id"])
    assert name == "found" and other["state"] == "found" and other["lobby"] == found["lobby"]
    asyncio.run(asyncio.wait_for(
        sit(server, {"lobby": found["lobby"], "tickets": [found, other]}), SECONDS))
    # What is stored.
    assert api.ok(server, "GET", "/api/results")["results"] == []
    play(server, "stored")
    deadline = time.monotonic() + SECONDS
    while not api.ok(server, "GET", "/api/results", query={"game": "tictactoe"})["results"]:
        assert time.monotonic() < deadline
    board = api.ok(server, "GET", "/api/leaderboards/{game}", game="tictactoe", query={"order": "sum", "around": "Ann"})
    assert [row["name"] for row in board["rows"]] == ["Ann", "Bob"]


def bearer(api, server):
    """The fields of an admin who has logged in."""
    session = api.ok(server, "POST", ADMIN + "login", {"username": "admin", "password": PASSWORD})
    return {"Authorization": f"Bearer {session['token']}"}


def admins_act(api, server, small):
    own = bearer(api, server)
    lobby = api.ok(server, "POST", "/api/lobbies", {"game": "tictactoe"})["id"]

    def ask(name, **query):
        return api.ok(server, "GET", ADMIN + name, query=query, fields=own)

    def act(name, **body):
        return api.ok(server, "POST", ADMIN + name, body, fields=own)

    async def play():
        players = [await Plain.join(server, lobby, name=name) for name in ("Anya", "Boris")]
        assert ask("overview")["lobbyCount"] >= 1 and ask("overview", lobbies="false")["lobbies"] == []
        timeline = ask("timeline")
        assert timeline["seconds"] == 10 and len(timeline["bytesIn"]) == len(timeline["latenessMilliseconds"]["p99"])
        assert lobby in [row["id"] for row in ask("lobbies", search="anya", sort="players", limit=10)["lobbies"]]
        detail = ask("lobby", lobby=lobby)
        assert [seat["name"] for seat in detail["seatRows"]] == ["Anya", "Boris"] and detail["seatRows"][0]["address"]
        told = ask("events", after=1, limit=500, lobby=lobby)
        assert [entry["name"] for entry in told["entries"] if entry["kind"] == "joined"] == ["Anya", "Boris"]
        trace = ask("trace", player="boris")["entries"]
        assert [entry["kind"] for entry in trace] == ["connected", "joined"] and trace[0]["address"]
        for name, body in [
            ("message", {"text": "to all"}), ("message", {"lobby": lobby, "seat": 1, "text": "to Bob"}),
            ("mute", {"seat": 0, "seconds": 5}), ("lock", {}), ("lock", {"locked": False}), ("pause", {}),
            ("step", {"steps": 2}), ("pause", {"paused": False}), ("kick", {"seat": 0, "reason": "rude"}),
            ("ban", {"subject": "eve"}), ("unban", {"subject": "eve"}), ("ban", {"address": "203.0.113.77", "seconds": 60}),
        ]:
            about = {} if name in ("ban", "unban", "message") else {"lobby": lobby}
            assert act(name, **about, **body) == {"ok": True}, name
        assert (await until(plain_events(players[0]), "kicked"))["reason"] == "rude"
        assert (await until(plain_events(players[1]), "notice"))["text"] == "to all"
        assert act("clear", lobby=lobby, reason="again") == {"ok": True}
        assert (await until(plain_events(players[1]), "kicked"))["reason"] == "again"
        watcher = await Plain.join(server, lobby, watch=True)
        assert act("close-lobby", lobby=lobby, reason="done") == {"ok": True}
        assert (await until(plain_events(watcher), "closed"))["reason"] == "done"
        last = await Plain.join(server, "last", game="tictactoe", name="Carla")
        assert act("end-session", session=ask("trace", player="carla")["entries"][0]["session"], reason="hangs") == {"ok": True}
        await asyncio.wait_for(last.socket.wait_closed(), SECONDS)
        assert (last.socket.close_code, last.socket.close_reason) == (4003, "hangs")

    run(play())
    assert [ban["address"] for ban in ask("bans") if "lobby" not in ban] == ["203.0.113.77"]
    assert [user["name"] for user in ask("users")["users"]] == ["admin"]
    assert act("season") == {"season": ""} and act("season", season="spring") == {"ok": True}
    deadline = time.monotonic() + SECONDS
    while not (entries := ask("audit", action="close-lobby", limit=5)["entries"]):
        assert time.monotonic() < deadline
    assert entries[0]["target"] == lobby and entries[0]["reason"] == "done" and entries[0]["outcome"] == "done"
    assert api.ask(server, "POST", ADMIN + "logout", fields=own)[0] == 204
    assert api.ask(server, "GET", ADMIN + "overview", fields=own)[0] == 401
    other = bearer(api, small)
    assert api.ask(small, "GET", ADMIN + "audit", fields=other)[2]["code"] == "no-storage"
    assert api.ask(small, "POST", ADMIN + "season", {"season": "autumn"}, fields=other)[2]["code"] == "no-storage"
    assert api.ok(small, "POST", ADMIN + "drain", {"reason": "enough"}, fields=other) == {"ok": True}


def admins_are_refused(api, server):
    own = bearer(api, server)
    for path, methods in DESCRIPTION["paths"].items():
        if not path.startswith(ADMIN):
            continue
        for method in methods:
            wrong = {"username": "admin", "password": "wrong password"} if path.endswith("login") else None
            status, _, refusal = api.ask(server, method.upper(), path, wrong, fields=BAD_TOKEN)
            assert status == 401 and refusal["code"] == "unauthorized"
            if path.endswith("logout"):
                continue
            broken = {"body": b"{"} if method == "post" else {"query": {"why": "?"}}
            status, _, refusal = api.ask(server, method.upper(), path, **broken, fields=own)
            assert status == 400 and refusal["code"] == "malformed"
    gone = {"lobby": "nowhere"}
    for name, body in [
        ("kick", {"seat": 0}), ("mute", {"seat": 0, "seconds": 1}), ("message", {"text": "hi"}), ("lock", {}), ("pause", {}),
        ("step", {}), ("clear", {}), ("close-lobby", {}), ("ban", {"seat": 0}), ("unban", {"subject": "eve"}),
    ]:
        assert api.ask(server, "POST", ADMIN + name, {**gone, **body}, fields=own)[0] == 404, name
    assert api.ask(server, "POST", ADMIN + "end-session", {"session": 1 << 40}, fields=own)[0] == 404
    assert api.ask(server, "GET", ADMIN + "lobby", query=gone, fields=own)[0] == 404
    lobby = api.ok(server, "POST", "/api/lobbies", {"game": "arena"})["id"]
    assert api.ask(server, "POST", ADMIN + "step", {"lobby": lobby}, fields=own)[0] == 409


async def sit(server, kept):
    """Each ticket brings its bearer to its seat."""
    players = []
    for place in kept["tickets"]:
        player = await Plain.connect(server, kept["lobby"])
        await player.send("join", {"ticket": place["ticket"]})
        assert (await player.expect("joined"))["seat"] == place["seat"]
        players.append(player)
    for player in players:
        await player.send("leave", None, id=1)
        await player.expect("ack")
        assert (await player.expect("closed by")) == 1000


def refusals_are_told(api, server):
    lobby, seats, queue = "/api/lobbies/{id}", "/api/lobbies/{id}/seats", "/api/queue"
    foreign = {"Origin": "https://evil.example"}
    names = {"id": "x", "ticket": "t", "game": "arena"}
    for path, methods in DESCRIPTION["paths"].items():
        for method in methods:
            if method != "parameters":
                assert api.ask(server, method.upper(), path, fields=foreign, **names)[0] == 403
    compressed = {"Content-Encoding": "gzip"}
    for path in ("/api/lobbies", seats, queue):
        assert api.ask(server, "POST", path, b"x" * 70_000, id="api")[0] == 413
        assert api.ask(server, "POST", path, gzip.compress(b"{}"), fields=compressed, id="api")[0] == 415
        assert api.ask(server, "POST", path, b"{", id="api")[0] == 400
        assert api.ask(server, "POST", path, {"game": "chess"}, id="~new")[0] == 404
    unfit = {"game": "arena", "options": {"roundSeconds": 1}}
    assert api.ask(server, "POST", "/api/lobbies", unfit)[0] == 422
    assert api.ask(server, "POST", seats, unfit, id="~new")[0] == 422
    assert api.ask(server, "POST", "/api/lobbies", {"id": "api", "game": "arena"})[2]["code"] == 4013
    assert api.ask(server, "POST", seats, {"password": "hush", "count": 3}, id="api")[2]["code"] == 4007
    assert api.ask(server, "POST", seats, {"password": "wrong"}, id="api")[2]["code"] == 4012
    assert api.ask(server, "GET", lobby, id="api")[0] == 403
    assert api.ask(server, "DELETE", seats + "/{ticket}", id="api", ticket="forged")[2]["code"] == 4001
    assert api.ask(server, "DELETE", seats + "/{ticket}", id="nowhere", ticket="t")[2]["code"] == 4010
    for path in (lobby, lobby + "/events", queue + "/{id}", queue + "/{id}/events"):
        assert api.ask(server, "GET", path, id="nowhere")[0] == 404
    assert api.ask(server, "DELETE", queue + "/{id}", id="nowhere")[0] == 404
    assert api.ask(server, "GET", "/api/leaderboards/{game}", game="chess")[0] == 404
    for path in ("/api/lobbies", "/api/results", "/api/leaderboards/{game}"):
        assert api.ask(server, "GET", path, query={"limit": 0}, game="arena")[0] == 400
    new = api.ok(server, "POST", "/api/lobbies", {"game": "arena"})["id"]
    assert api.ask(server, "GET", lobby + "/events", id=new, query={"hz": 0})[0] == 400


def floods_are_told(api, server):
    for method, path, body in [
        ("GET", "/api/lobbies", None), ("POST", "/api/lobbies", {"game": "arena"}),
        ("POST", "/api/lobbies/{id}/seats", {}), ("POST", "/api/queue", {"game": "arena"}),
    ]:
        for _ in range(60):
            if api.ask(server, method, path, body, fields=STRANGER, id="~quick")[0] == 429:
                break
        else:
            pytest.fail(f"{method} {path} without end")


def a_full_server_says_so(api, server):
    assert api.ask(server, "GET", "/api/results")[0] == 404
    for _ in range(2):
        lobby = api.ok(server, "POST", "/api/lobbies", {"game": "tictactoe"})["id"]
    assert api.ask(server, "POST", "/api/lobbies", {"game": "tictactoe"})[0] == 503
    assert api.ask(server, "POST", "/api/lobbies/{id}/seats", {"game": "tictactoe"}, id="~new")[0] == 503
    _, _, stream = api.ask(server, "GET", "/api/lobbies/{id}/events", id=lobby)
    assert api.ask(server, "GET", "/api/lobbies/{id}/events", id=lobby)[0] == 503
    listing = {"Accept": "text/event-stream"}
    _, _, listed = api.ask(server, "GET", "/api/lobbies", fields=listing)
    assert api.ask(server, "GET", "/api/lobbies", fields=listing)[0] == 503
    place = api.ok(server, "POST", "/api/queue", {"game": "tictactoe"})["id"]
    assert api.ask(server, "GET", "/api/queue/{id}/events", id=place)[0] == 503
    stream.close()
    listed.close()


def a_draining_server_says_so(api, server):
    async def drain():
        # Somebody plays, so that the drain takes its time.
        player = await Plain.join(server, "last", game="arena")
        connection = http.client.HTTPConnection(server.host, server.port, timeout=SECONDS)
        connection.request("GET", "/health")
        assert connection.getresponse().read() == b"ok\n"
        own = bearer(api, server)
        assert api.ask(server, "POST", ADMIN + "season", {"season": "autumn"}, fields=own)[2]["code"] == "conflict"
        server.process.send_signal(signal.SIGTERM)
        await player.expect("draining")
        status, _, refusal = api.ask(server, "POST", "/api/queue", {"game": "arena"}, connection=connection)
        assert (status, refusal["code"]) == (503, 4009)
        assert api.ask(server, "POST", ADMIN + "drain", {}, fields=own, connection=connection)[2]["code"] == "conflict"
        await player.send("leave", None, id=1)

    run(drain())
    assert server.wait() == 0


def resident(server):
    """The memory of a server, in bytes."""
    lines = pathlib.Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def test_a_hundred_thousand_openings_leave_five_lobbies_an_address_and_no_memory(start_server):
    """Abuse G-11: 100 addresses, 1,000 requests each, in pipelines of 50."""
    server = start_server("--proxies", "127.0.0.1", "--limits-lobbies", "2000", "--loops", "2")
    body = b'{"game":"tictactoe"}'
    statuses = {}

    def flood(address, requests):
        head = (
            f"POST /api/lobbies HTTP/1.1\r\nHost: {server.host}\r\nX-Forwarded-For: 198.51.100.{address}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()
        with socket.create_connection((server.host, server.port), SECONDS) as stream:
            for _ in range(requests // 50):
                stream.sendall((head + body) * 50)
                answers = b""
                while answers.count(b"\r\n\r\n{") < 50 or not answers.endswith(b"}\n"):
                    data = stream.recv(65536)
                    assert data, answers[-300:]
                    answers += data
                for line in answers.split(b"\r\n"):
                    if b"HTTP/1.1 " in line:
                        status = line[-40:].split(b"HTTP/1.1 ")[-1][:3]
                        statuses[status] = statuses.get(status, 0) + 1

    for address in range(100):
        flood(address, 50)
    before = resident(server)
    for address in range(100):
        flood(address, 950)
    assert set(statuses) == {b"201", b"429"} and sum(statuses.values()) == 100_000
    # Five at once, and more only as time goes by; of each address five are open at most.
    assert statuses[b"201"] >= 500
    grown = resident(server) - before
    assert grown < 32 << 20, f"{grown} bytes"
    rows, after = [], ""
    while page := get_page(server, after):
        rows += page
        after = page[-1]["id"]
    assert len(rows) <= 500, len(rows)


def get_page(server, after):
    connection = http.client.HTTPConnection(server.host, server.port, timeout=SECONDS)
    connection.request("GET", f"/api/lobbies?after={after}" if after else "/api/lobbies")
    page = json.loads(connection.getresponse().read())
    connection.close()
    return page
