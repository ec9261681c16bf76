"""Socket.IO for authors on a server with two loops: whoever is meant is reached, whichever loop it is on
(protocol/conformance/socketio.md, row 100)."""

import pytest

import conformance
from test_recovery import Raw, run
from test_socketio import Place, play

# The kernel spreads connections over the loops by their ports: all of these on one loop would be one case in thousands.
COUNT = 14


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with conformance.running(tmp_path_factory.mktemp("loops"), "--loops", "2") as port:
        yield Place(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("namespace", ["/", "/dyn-5"])
def test_rooms_and_broadcasts_over_two_loops(url, namespace):
    async def script(*peers):
        even, odd = peers[::2], peers[1::2]
        for peer in even:
            await peer.ask("join-room", "even")
        for peer in odd:
            await peer.ask("join-room", "odd")
        for speaker in peers:
            await speaker.say("say-room-all", "even", {"n": 1})
            for peer in even:
                assert await peer.next() == ("room-said", "even", speaker.id, {"n": 1})
            await speaker.say("broadcast", b"\x01\x02")
            for peer in peers:
                if peer is not speaker:
                    assert await peer.next() == ("broadcasted", speaker.id, b"\x01\x02")
        for peer in peers:
            assert await peer.ask("sockets-in", "odd") == sorted(other.id for other in odd)
            await peer.settle()
            assert peer.events.empty()

    play(url, script, ["websocket"], namespace, COUNT)


def test_questions_and_disconnections_over_two_loops(url):
    async def script(*peers):
        for peer in peers[1:]:
            await peer.ask("join-room", "quiz")
        answers = await peers[0].ask("ask-room", "quiz", 5_000, "?")
        assert answers == {"timedOut": False, "answers": sorted(f"peer {n}" for n in range(1, COUNT))}
        for peer in peers[1:]:
            assert await peer.next() == ("question", "?")
        await peers[0].say("kick-room", "quiz")
        for peer in peers[1:]:
            await peer.next_reason()
        assert await peers[0].ask("sockets-in", "quiz") == []

    play(url, script, ["websocket"], "/", COUNT, [f"peer {n}" for n in range(COUNT)])


def test_places_are_found_on_whichever_loop_they_are(url):
    async def script():
        watcher = Raw(url)
        await watcher.open()
        clients = [Raw(url) for _ in range(COUNT)]
        for client in clients:
            assert await client.open() == []
            await client.ask("join-room", "red")
        ids = [client.connected["sid"] for client in clients]
        # Twice: a place that has moved is found where it then is.
        for turn in range(2):
            for client in clients:
                client.cut()
            # Sent to connections that may still count as alive, and missed by all the same.
            await watcher.say("say-room-all", "red", turn)
            await watcher.ask("echo-ack", 1)
            for client, id in zip(clients, ids):
                missed = await client.open()
                assert client.connected["sid"] == id
                if turn == 0:
                    assert missed == [["room-said", "red", watcher.connected["sid"], 0]]
                who = await client.ask("whoami")
                assert who["recovered"] is True and who["rooms"] == sorted([id, "red"])

    run(script())
