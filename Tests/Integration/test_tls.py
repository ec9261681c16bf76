"""`muster host` over TLS, with clients that are not ours: curl, Python's ssl and websockets, python-socketio.

Handshakes that need hand-made records (renegotiation, weak offers, floods, early data) are in Tests/TLSTests.
"""

import asyncio
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import time

import pytest
import socketio
from aiohttp import ClientSession, TCPConnector
from conftest import ROOT, run_muster
from test_bots import muster
from websockets.exceptions import ConnectionClosedOK
from websockets.sync.client import connect

SECONDS = 10


def make_certificate(folder, *names):
    """A certificate of scripts/dev-cert: the paths of certificate and key."""
    subprocess.run(
        [ROOT / "scripts/dev-cert", "--force", "--out", folder, *names], check=True, capture_output=True, timeout=30
    )
    return folder / "certificate.pem", folder / "key.pem"


def flags(*pairs):
    """The flags of a server with TLS and those certificates."""
    return [
        flag
        for certificate, key in pairs
        for flag in ("--tls-certificate", str(certificate), "--tls-key", str(key))
    ]


def trusting(*certificates):
    context = ssl.create_default_context()
    for certificate in certificates:
        context.load_verify_locations(certificate)
    return context


@pytest.fixture
def pair(tmp_path):
    return make_certificate(tmp_path / "tls")


@pytest.fixture
def secure(start_server, pair):
    """A server with TLS, and a client's context that trusts it."""
    server = start_server(*flags(pair), listen="https://127.0.0.1:0")
    assert server.url.startswith("https://")
    return server, trusting(pair[0])


def handshake(server, context, name="127.0.0.1"):
    """The TLS connection, which the caller closes."""
    plain = socket.create_connection((server.host, server.port), timeout=SECONDS)
    return context.wrap_socket(plain, server_hostname=name)


def serial(server, context, name="127.0.0.1"):
    """Which certificate a new connection is shown."""
    with handshake(server, context, name) as connection:
        return connection.getpeercert()["serialNumber"]


def is_closed(connection):
    """Reads until the server's end; what came before it is returned."""
    connection.settimeout(SECONDS)
    received = b""
    try:
        while piece := connection.recv(4096):
            received += piece
    except ConnectionResetError:
        pass
    return received


def test_curl_verifies_and_is_answered(secure, pair):
    server, _ = secure
    command = ["curl", "-sS", "--max-time", str(SECONDS), server.url + "/health"]
    done = subprocess.run([*command, "--cacert", pair[0]], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr
    assert subprocess.run(command, capture_output=True).returncode == 60, "trusted without reason"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_are_spoken(secure, version):
    server, context = secure
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    with handshake(server, context) as connection:
        assert connection.version() == version.name.replace("_", ".")
        assert connection.selected_alpn_protocol() == "http/1.1"
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert is_closed(connection).endswith(b"\r\n\r\nok\n")


def test_a_player_joins_over_wss(secure):
    server, context = secure
    with connect(f"wss://{server.host}:{server.port}/lobby/tls", ssl=context) as player:
        player.send(json.dumps({"event": "join", "data": {"game": "arena", "name": "a"}}))
        assert json.loads(player.recv(timeout=SECONDS))["event"] == "joined"
        snapshots = [player.recv(timeout=SECONDS) for _ in range(5)]
        assert any(isinstance(message, bytes) for message in snapshots)


def test_socket_io_connects_over_wss(secure):
    server, context = secure

    async def play():
        async with ClientSession(connector=TCPConnector(ssl=context)) as session:
            client = socketio.AsyncClient(http_session=session, reconnection=False)
            await client.connect(
                server.url, transports=["websocket"], namespaces=["/lobby/tls"],
                auth={"game": "arena", "name": "b"}, wait_timeout=SECONDS)
            connected = client.connected
            await client.disconnect()
            return connected

    assert asyncio.run(play())


def test_the_name_that_is_asked_for_picks_the_certificate(start_server, tmp_path):
    first = make_certificate(tmp_path / "first", "a.example")
    second = make_certificate(tmp_path / "second", "b.example")
    server = start_server(*flags(first, second), listen="https://127.0.0.1:0")
    context = trusting(first[0], second[0])
    serials = [serial(server, context, name) for name in ("a.example", "b.example", "127.0.0.1")]
    assert serials[0] == serials[2] != serials[1]


def test_sighup_changes_the_certificate_and_drops_nobody(start_server, tmp_path):
    old = make_certificate(tmp_path / "tls")
    context = trusting(old[0])
    server = start_server(*flags(old), listen="https://127.0.0.1:0")
    before = serial(server, context)
    with connect(f"wss://{server.host}:{server.port}/lobby/tls", ssl=context) as player:
        player.send(json.dumps({"event": "join", "data": {"game": "arena"}}))
        assert json.loads(player.recv(timeout=SECONDS))["event"] == "joined"
        new = make_certificate(tmp_path / "tls")
        context = trusting(new[0])
        server.process.send_signal(signal.SIGHUP)
        server.expect_output(re.compile("certificates read anew"), SECONDS)
        after = serial(server, context)
        assert after != before
        # A file that is none leaves the newest good certificate in place, and says so.
        new[1].write_text("no key")
        server.process.send_signal(signal.SIGHUP)
        line = server.expect_output(re.compile("certificates stay as they were.*"), SECONDS)
        assert str(new[1]) in line[0]
        assert serial(server, context) == after
        player.send(json.dumps({"event": "leave", "data": {}}))
        with pytest.raises(ConnectionClosedOK, match="left"):
            for _ in range(1_000):
                player.recv(timeout=SECONDS)


def test_half_a_client_hello_is_gone_in_time(start_server, pair):
    server = start_server(*flags(pair), "--timeouts-handshake-seconds", "0.5", listen="https://127.0.0.1:0")
    begun = time.monotonic()
    connections = []
    for opening in (b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"):
        connection = socket.create_connection((server.host, server.port), timeout=SECONDS)
        connection.sendall(opening)
        connections.append(connection)
    for connection in connections:
        assert is_closed(connection) == b""
        connection.close()
    assert 0.4 < time.monotonic() - begun < 5


def test_plain_http_at_the_port_of_tls_is_closed_counted_and_logged_once(secure, tmp_path):
    server, _ = secure
    for _ in range(3):
        with socket.create_connection((server.host, server.port), timeout=SECONDS) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
            assert b"HTTP/1.1 200" not in is_closed(connection)
    server.expect_output(re.compile("the peer does not speak TLS"), SECONDS)
    assert sum("does not speak TLS" in line for line in server.output) == 1


def test_tls_at_the_plain_port_is_a_bad_request(server):
    with pytest.raises(ssl.SSLError):
        handshake(server, ssl.create_default_context())


def test_bots_play_over_tls_and_only_where_they_trust(secure, pair, tmp_path):
    server, _ = secure
    arguments = ["bots", "--server", server.url, "--count", "6", "--lobbies", "2", "--seconds", "2", "--json"]
    trusted = muster(*arguments, "--ca", str(pair[0]), cwd=tmp_path)
    assert trusted.returncode == 0 and json.loads(trusted.stdout)["passed"], trusted.stdout + trusted.stderr
    assert muster(*arguments, "--insecure", cwd=tmp_path).returncode == 0
    refused = muster(*arguments, cwd=tmp_path)
    assert refused.returncode == 1 and "certificate" in refused.stdout + refused.stderr
    nowhere = muster(*arguments, "--ca", "no/such.pem", cwd=tmp_path)
    assert nowhere.returncode == 2 and "no/such.pem" in nowhere.stderr


def test_the_monitor_speaks_tls(start_server, pair, tmp_path):
    server = start_server(*flags(pair), listen="https://127.0.0.1:0", MUSTER_ADMIN_PASSWORD="correct horse")
    shown = run_muster(
        "monitor", "--server", server.url, "--once", "--json", "--ca", str(pair[0]), cwd=tmp_path,
        MUSTER_ADMIN_PASSWORD="correct horse")
    assert shown.returncode == 0 and "connections" in shown.stdout, shown.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--listen", "https://127.0.0.1:0"], ["tls.certificate", "https://127.0.0.1:0"]),
        (["--tls-certificate", "CERT", "--tls-key", "KEY"], ["tls.certificate", "https://"]),
        (["--listen", "https://127.0.0.1:0", "--tls-certificate", "CERT"], ["tls.key"]),
        (["--listen", "https://127.0.0.1:0", "--tls-certificate", "CERT", "--tls-key", "nowhere.pem"], ["nowhere.pem"]),
        (["--listen", "https://127.0.0.1:0", "--tls-certificate", "KEY", "--tls-key", "KEY"], ["tls.certificate"]),
    ],
)
def test_contradictions_and_bad_files_are_refused_by_name(arguments, words, pair, tmp_path):
    named = [str(pair[0]) if a == "CERT" else str(pair[1]) if a == "KEY" else a for a in arguments]
    refused = run_muster("host", *named, cwd=tmp_path)
    assert refused.returncode == 2, refused.stdout + refused.stderr
    lines = refused.stderr.strip().splitlines()
    assert len(lines) == 1 and all(word in lines[0] for word in words), refused.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_key_that_may_not_be_read_is_refused_by_name(pair, tmp_path):
    pair[1].chmod(0)
    refused = run_muster("host", "--listen", "https://127.0.0.1:0", *flags(pair), cwd=tmp_path)
    assert refused.returncode == 2 and str(pair[1]) in refused.stderr and "ermission" in refused.stderr


def test_a_key_that_anyone_may_read_is_warned_of(start_server, pair):
    pair[1].chmod(0o644)
    server = start_server(*flags(pair), listen="https://127.0.0.1:0")
    assert any("warning" in line and "every user" in line and str(pair[1]) in line for line in server.output)


def test_the_address_of_a_listed_proxy_is_the_clients(start_server, pair):
    """Behind the PROXY header comes TLS; a login that is refused is logged with the client's address."""
    server = start_server(
        *flags(pair), "--proxies", "127.0.0.0/8", "--proxy-protocol", "true", listen="https://127.0.0.1:0")
    header = b"\r\n\r\n\0\r\nQUIT\n" + bytes([0x21, 0x11, 0, 12, 192, 0, 2, 7, 192, 0, 2, 2, 0x1F, 0x90, 1, 0xBB])
    plain = socket.create_connection((server.host, server.port), timeout=SECONDS)
    plain.sendall(header)
    url = f"wss://{server.host}:{server.port}/socket.io/?EIO=4&transport=websocket"
    with connect(url, sock=plain, ssl=trusting(pair[0]), server_hostname="127.0.0.1") as admin:
        admin.recv(timeout=SECONDS)
        admin.send('40/admin,{"username":"admin","password":"wrong password"}')
        server.expect_output(re.compile(r"admin login refused from 192\.0\.2\.7\b"), SECONDS)
    with socket.create_connection((server.host, server.port), timeout=SECONDS) as silent:
        silent.sendall(b"GET / HTTP/1.1\r\n")
        assert is_closed(silent) == b""
