"""The examples of docs/cluster.md: nginx and HAProxy in front of two servers, with clients over long polling, over a WebSocket, and
moving from one to the other."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess

import aiohttp
import pytest

import redis_server
from conftest import ROOT
from test_cluster import Node, joined
from test_socketio import SECONDS, TRANSPORTS, Peer

PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
# nginx spreads addresses by a hash, with the servers' ports in it: so many more may be needed until both servers have clients.
COUNT = 6
ADDRESSES = 64


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def example(name, nodes, listen, port):
    """The example with our ports in place of its own."""
    text = (ROOT / "docs/examples" / name).read_text()
    for own, real in (("127.0.0.1:7777", nodes[0].port), ("127.0.0.1:7778", nodes[1].port)):
        assert own in text
        text = text.replace(own, f"127.0.0.1:{real}")
    assert listen in text
    return text.replace(listen, listen.replace(":80", f"127.0.0.1:{port}").replace(" 80", f" 127.0.0.1:{port}"))


def nginx(folder, nodes, port):
    text = example("nginx.conf", nodes, "listen 80", port)
    # Where this user may write.
    places = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    text = text.replace("http {", "http {\n" + "".join(f"{place}_temp_path {folder}/{place};\n" for place in places) + "access_log off;\n")
    (folder / "nginx.conf").write_text(text)
    program = shutil.which("nginx", path=PATH)
    assert program, "nginx is not installed: scripts/setup installs nginx-light"
    return [
        program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr",
        "-g", f"daemon off; master_process off; pid {folder}/nginx.pid;"]


def haproxy(folder, nodes, port):
    (folder / "haproxy.cfg").write_text(example("haproxy.cfg", nodes, "bind :80", port))
    program = shutil.which("haproxy", path=PATH)
    assert program, "haproxy is not installed: scripts/setup installs it"
    return [program, "-f", str(folder / "haproxy.cfg"), "-db"]


@pytest.fixture(scope="module", params=[nginx, haproxy], ids=["nginx", "haproxy"])
def url(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("balancer")
    with redis_server.running(folder) as redis:
        nodes = [Node(folder, redis, name) for name in ("a", "b")]
        port = free_port()
        with open(folder / "balancer.log", "w") as log:
            balancer = subprocess.Popen(
                request.param(folder, nodes, port), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            while True:
                assert balancer.poll() is None, (folder / "balancer.log").read_text()
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=SECONDS).close()
                    break
                except ConnectionRefusedError:
                    pass
            yield f"http://127.0.0.1:{port}"
        finally:
            balancer.send_signal(signal.SIGTERM)
            balancer.wait(SECONDS)
            for node in nodes:
                node.process.kill()
                node.process.communicate()


@pytest.mark.parametrize("transports", TRANSPORTS, ids=["polling", "websocket", "upgrade"])
def test_clients_of_both_servers_through_a_balancer(url, transports):
    async def run():
        peers, sessions, places = [], [], []
        try:
            for number in range(ADDRESSES):
                # Each has an address and cookies of its own, as clients have.
                session = aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(local_addr=(f"127.0.0.{number + 10}", 0)),
                    cookie_jar=aiohttp.CookieJar(unsafe=True))
                sessions.append(session)
                peer = Peer("/")
                peer.eio.http, peer.eio.external_http = session, True
                peers.append(await peer.open(url, transports))
                await peer.say("local-say", number)
                while (event := await peer.next())[2] != number:
                    pass
                places.append(event[1])
                if len(peers) >= COUNT and set(places) == {"a", "b"}:
                    break
            assert set(places) == {"a", "b"}
            for peer, place in zip(peers, places, strict=True):
                await joined(peer, ["b" if place == "a" else "a"])
                await peer.ask("join-room", "red")
            for peer in peers:
                await peer.settle()
                while not peer.events.empty():
                    peer.events.get_nowait()
            for speaker in peers:
                await speaker.say("say-room-all", "red", "hello")
                for peer in peers:
                    assert await peer.next() == ("room-said", "red", speaker.id, "hello")
            who = await peers[0].ask("whoami")
            assert who["transport"] == ("polling" if transports == ["polling"] else "websocket")
        finally:
            for peer in peers:
                await peer.disconnect()
            for session in sessions:
                await session.close()

    asyncio.run(asyncio.wait_for(run(), 6 * SECONDS))
