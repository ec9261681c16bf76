"""`muster host --loops 2` as a user runs it: bots in every lobby from every loop, one overview, one drain."""

import json
import subprocess
import urllib.request

import pytest

from conftest import BINARY, clean_environment, run_muster

PASSWORD = "correct horse battery"


@pytest.fixture
def server(start_server):
    return start_server("--loops", "2", MUSTER_ADMIN_PASSWORD=PASSWORD)


def overview(server, cwd):
    result = run_muster(
        "monitor", "--server", server.url, "--once", "--json", cwd=cwd, MUSTER_ADMIN_PASSWORD=PASSWORD)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_a_hundred_bots_play_in_lobbies_of_both_loops(server, tmp_path):
    bots = subprocess.Popen(
        [BINARY, "bots", "--server", server.url, "--count", "100", "--lobbies", "7", "--seconds", "10",
         "--cut-every", "3", "--json"],
        cwd=tmp_path, env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    seen = overview(server, tmp_path)
    while seen["seats"]["connected"] < 80 and bots.poll() is None:
        seen = overview(server, tmp_path)
    with urllib.request.urlopen(server.url + "/api/lobbies") as answer:
        lobbies = json.load(answer)
    output, _ = bots.communicate(timeout=60)
    report = json.loads(output)
    assert bots.returncode == 0 and report["passed"] is True, output

    assert len(lobbies) == len(seen["lobbies"]) == seen["lobbyCount"] == 7
    loops = seen["loops"]
    assert len(loops) == 2
    for loop in loops:
        assert loop["connections"] > 0 and loop["lobbyCount"] >= 3 and loop["seats"]["taken"] > 0, loops
    assert {row["loop"] for row in seen["lobbies"]} == {0, 1}
    assert sum(loop["connections"] for loop in loops) == seen["connections"]


def test_an_admin_kicks_from_whichever_loop_it_is_on(server, tmp_path):
    bots = subprocess.Popen(
        [BINARY, "bots", "--server", server.url, "--count", "8", "--lobbies", "2", "--seconds", "20"],
        cwd=tmp_path, env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        seen = overview(server, tmp_path)
        while seen["seats"]["connected"] < 8:
            seen = overview(server, tmp_path)
        for row in seen["lobbies"]:
            result = run_muster(
                "monitor", "--server", server.url, "--kick", f"{row['id']}/0", "--reason", "test", cwd=tmp_path,
                MUSTER_ADMIN_PASSWORD=PASSWORD)
            assert result.returncode == 0, result.stderr
        assert overview(server, tmp_path)["counters"]["kicks"] == 2
    finally:
        bots.terminate()
        bots.wait(10)


def test_one_signal_drains_every_loop(start_server):
    server = start_server("--loops", "3", "--drain-seconds", "0")
    assert server.stop() == 0


def test_a_second_server_on_the_same_port_is_refused(start_server, tmp_path):
    server = start_server("--loops", "2")
    address = server.url.removeprefix("http://")
    second = run_muster("host", "--listen", address, "--loops", "2", cwd=tmp_path)
    assert second.returncode == 1 and "the address is in use" in second.stdout + second.stderr
