"""Who a player is, and seats that are kept: JWTs of PyJWT, and foreign clients that come with them
(protocol/spec/lobby.md §2.2, §2.3)."""

import asyncio
import base64
import json
import re
import signal
import time
import urllib.error
import urllib.request

import jwt
import pytest
import socketio
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from conftest import run_muster
from test_lobby import SECONDS, Plain, run

SECRET = b"s" * 32


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make_keys():
    """The private key, or the secret, of each algorithm."""
    return {"HS256": SECRET, "ES256": ec.generate_private_key(ec.SECP256R1()), "EdDSA": ed25519.Ed25519PrivateKey.generate()}


def key_set(keys):
    """The JWK Set of keys, as PyJWT writes their public halves."""
    point = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(keys["ES256"].public_key()))
    edwards = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(keys["EdDSA"].public_key()))
    shared = {"kty": "oct", "k": base64url(keys["HS256"])}
    sets = {"HS256": shared, "ES256": point, "EdDSA": edwards}
    return {"keys": [{**key, "kid": algorithm} for algorithm, key in sets.items()]}


def token(keys, algorithm, subject, **claims):
    claims = {"sub": subject, "aud": "muster", "exp": int(time.time()) + 600, **claims}
    return jwt.encode(claims, keys[algorithm], algorithm=algorithm, headers={"kid": algorithm})


@pytest.fixture
def known(start_server, tmp_path):
    """A server that lets in whoever has a JWT, and the keys of who signs them."""
    keys = make_keys()
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(key_set(keys)))
    server = start_server(
        "--auth-keys", str(path), "--auth-audience", "muster", "--auth-guests", "false", "--auth-duplicates", "replace",
        "--loops", "2")
    server.keys, server.key_path = keys, path
    return server


async def refused(server, lobby, **request):
    """The code with which a join is refused."""
    player = await Plain.connect(server, lobby)
    await player.send("join", request)
    code = (await player.expect("exception"))["code"]
    assert (await player.expect("closed by")) == code
    return code


def post(server, path, body):
    request = urllib.request.Request(
        f"{server.url}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.parametrize("algorithm", ["HS256", "ES256", "EdDSA"])
def test_a_jwt_of_each_algorithm_brings_its_player_in(known, algorithm):
    async def play():
        shown = token(known.keys, algorithm, "u1", name="Ann")
        player = await Plain.join(known, "x", game="arena", jwt=shown, name="Somebody")
        assert player.joined["name"] == "Ann"
        client = socketio.AsyncClient(reconnection=False)
        joined = asyncio.get_running_loop().create_future()
        client.on("joined", lambda data: joined.set_result(data), namespace="/lobby/x")
        await client.connect(known.url, auth={"jwt": shown}, namespaces=["/lobby/x"], wait_timeout=SECONDS)
        data = await joined
        # The same subject again: it takes the seat over.
        assert data["seat"] == player.joined["seat"] and data["resumed"] is True
        assert (await player.expect("replaced"))["reason"]
        assert (await player.expect("closed by")) == 4006
        await client.disconnect()

    run(play())


def test_guests_and_what_is_wrong_with_a_jwt_are_told(known):
    async def play():
        assert await refused(known, "x", game="arena") == 4001
        forged = {**known.keys, "HS256": b"f" * 32}
        for shown in [
            "nonsense",
            token(forged, "HS256", "u1"),
            token(known.keys, "HS256", "u1", exp=int(time.time()) - 60),
            token(known.keys, "ES256", "u1", aud="somebody else"),
            token(known.keys, "EdDSA", "u1", lobby="y"),
            jwt.encode({"sub": "u1", "aud": "muster", "exp": int(time.time()) + 60}, None, algorithm="none"),
        ]:
            assert await refused(known, "x", game="arena", jwt=shown) == 4001
        await Plain.join(known, "x", game="arena", jwt=token(known.keys, "EdDSA", "u1", lobby="x"))

    run(play())


def test_keys_are_read_anew_on_sighup(known):
    async def play():
        fresh = make_keys()
        known.key_path.write_text(json.dumps(key_set(fresh)))
        known.process.send_signal(signal.SIGHUP)
        known.expect_output(re.compile("keys of JWTs read anew"), SECONDS)
        assert await refused(known, "x", game="arena", jwt=token(known.keys, "ES256", "u1")) == 4001
        await Plain.join(known, "x", game="arena", jwt=token(fresh, "ES256", "u1"))

    run(play())


def test_a_seat_is_kept_by_ticket_and_taken_once(known):
    async def play():
        def join(subject, **more):
            return {"game": "arena", "jwt": token(known.keys, "EdDSA", subject), **more}

        await Plain.join(known, "x", **join("u1"))
        assert post(known, "/api/lobbies/x/seats", {"count": 1})[0] == 403, "who keeps seats has to be known, too"
        status, answer = post(known, "/api/lobbies/x/seats", join("u2", players=[{"subject": "u2"}, {"name": "Bob"}]))
        assert status == 201 and [entry["seat"] for entry in answer["tickets"]] == [1, 2]
        own, open_to_all = [entry["ticket"] for entry in answer["tickets"]]
        assert await refused(known, "x", **join("u3", ticket=own)) == 4001
        assert await refused(known, "x", **join("u3", ticket=own[:-2] + "AA")) == 4001
        assert await refused(known, "y", **join("u2", ticket=own)) == 4001
        second = await Plain.join(known, "x", **join("u2", ticket=own))
        assert second.joined["seat"] == 1
        third = await Plain.join(known, "x", **join("u3", ticket=open_to_all))
        assert third.joined["seat"] == 2 and third.joined["name"] == "Bob"
        assert await refused(known, "x", **join("u4", ticket=open_to_all)) == 4015
        assert post(known, "/api/lobbies/nowhere/seats", join("u2"))[0] == 404

    run(play())


def test_a_server_with_keys_that_are_none_does_not_start(tmp_path):
    path = tmp_path / "keys.json"
    path.write_text('{"keys": [{"kty": "RSA"}]}')
    ended = run_muster("host", "--listen", "127.0.0.1:0", "--auth-keys", str(path), cwd=tmp_path)
    assert ended.returncode != 0 and "auth.keys" in ended.stderr + ended.stdout
