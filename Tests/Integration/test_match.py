"""Foreign clients before, in and after a match (protocol/spec/lobby.md §2.4, §4.1 and §4.2): `websockets` and python-socketio in
one lobby of the example `team-tag`, which has a ready check, teams and a rematch."""

import asyncio
import re
import subprocess
import types

import pytest
from conftest import ROOT, clean_environment
from test_lobby import SECONDS, Plain, Player, run

PROGRAM = ROOT / ".build/debug/tag"
ADDRESS = re.compile(r"listening on (http://(\S+?):(\d+))")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server that hosts `tag` and `team-tag`."""
    process = subprocess.Popen(
        ["stdbuf", "-oL", PROGRAM], cwd=tmp_path_factory.mktemp("tag"), env=clean_environment(MUSTER_LISTEN="127.0.0.1:0"),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        match = None
        while match is None:
            line = process.stdout.readline()
            assert line, "it ended before it listened"
            match = ADDRESS.search(line)
        yield types.SimpleNamespace(url=match[1], host=match[2], port=int(match[3]))
        process.terminate()
        assert process.wait(SECONDS) == 0
    finally:
        process.kill()
        process.wait()


async def until(next_event, name, is_meant=lambda data: True):
    """The data of the next event of that name that is meant; others are passed over."""

    async def search():
        while True:
            found, data = await next_event()
            if found == name and is_meant(data):
                return data

    return await asyncio.wait_for(search(), SECONDS)


def plain_events(player):
    async def next_event():
        name, message = await player.events.get()
        return name, message["data"]

    return next_event


def phase(name, count):
    return lambda data: data["phase"] == name and data["round"] == count


def test_ready_teams_chat_and_a_rematch_in_both_dialects(server):
    async def play():
        ann = await Plain.join(server, "match", game="team-tag", name="Ann", options={"seconds": 1})
        bob = await Player.join(server, "match", name="Bob")
        assert ann.joined["phase"] == "waiting" and ann.joined["host"] == 0
        assert (ann.joined["team"], bob.joined["team"]) == (0, 1)
        of_ann, of_bob = plain_events(ann), bob.received.get

        assert await bob.call("team", {"team": 0}, namespace=bob.lobby) is None
        told = await until(of_ann, "players", lambda data: [row["team"] for row in data["players"]] == [0, 0])
        assert [row["name"] for row in told["players"]] == ["Ann", "Bob"]
        refusal = await bob.call("kick", {"seat": 0}, namespace=bob.lobby)
        assert refusal["code"] == "not-host"
        assert await bob.call("team", {"team": 1}, namespace=bob.lobby) is None

        said = await bob.call("chat", {"text": "good\u202e luck\u0007"}, namespace=bob.lobby)
        assert said == {"text": "good luck"}
        assert await until(of_ann, "chat") == {"seat": 1, "name": "Bob", "text": "good luck"}
        await ann.send("chat", {"text": "you too", "to": 1})
        assert (await until(of_bob, "chat", lambda data: data["seat"] == 0))["to"] == 1

        for count in [1, 2]:
            if count == 1:
                await ann.send("ready", {})
                assert await bob.call("ready", {}, namespace=bob.lobby) is None
            else:
                assert await bob.call("rematch", {}, namespace=bob.lobby) is None
                await ann.send("rematch", {})
            for next_event in [of_ann, of_bob]:
                await until(next_event, "phase", phase("running", count))
            for next_event in [of_ann, of_bob]:
                await until(next_event, "finished")
                await until(next_event, "phase", phase("finished", count))
        await ann.socket.close()
        await bob.disconnect()

    run(play())


def test_two_who_wait_are_matched_whatever_their_dialect(server):
    async def play():
        ann = await Plain.connect(server, "~match")
        await ann.send("join", {"game": "team-tag", "name": "Ann", "match": {"rank": 1200, "players": 2}})
        assert (await ann.expect("queued"))["players"] == 2
        bob = Player("~match")
        wish = {"game": "team-tag", "name": "Bob", "match": {"rank": 1250, "players": 2}}
        await bob.connect(
            server.url, transports=["websocket"], namespaces=[bob.lobby], auth=wish, wait_timeout=SECONDS)
        joined = [await until(plain_events(ann), "joined"), await until(bob.received.get, "joined")]
        assert joined[0]["lobby"] == joined[1]["lobby"] and joined[0]["team"] != joined[1]["team"]
        await ann.send("ready", {})
        assert await bob.call("ready", {}, namespace=bob.lobby) is None
        for next_event in [plain_events(ann), bob.received.get]:
            await until(next_event, "phase", phase("running", 1))
        late = await Plain.connect(server, joined[0]["lobby"])
        await late.send("join", {})
        assert (await late.expect("exception"))["code"] == 4007
        await ann.socket.close()
        await bob.disconnect()

    run(play())
