"""`muster bots` and `muster simulate` as a user runs them."""

import json
import subprocess

from conftest import BINARY, clean_environment


def muster(*arguments, cwd):
    return subprocess.run(
        [BINARY, *arguments], cwd=cwd, env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=90)


def test_bots_of_both_dialects_play_are_cut_and_resume_their_seats(server, tmp_path):
    result = muster(
        "bots", "--server", server.url, "--count", "20", "--lobbies", "4", "--seconds", "8", "--cut-every", "2",
        "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.loads(result.stdout)
    assert report["passed"] is True


def test_bots_that_offer_compression_are_understood_by_a_host_with_it_and_by_one_without(
    server, start_server, tmp_path
):
    with_it = start_server("--compression", "true")
    arguments = ["--count", "8", "--lobbies", "2", "--seconds", "3", "--cut-every", "1", "--json", "--compression"]
    for host, agrees in ((with_it, True), (server, False)):
        result = muster("bots", "--server", host.url, *arguments, cwd=tmp_path)
        assert result.returncode == 0, result.stdout + result.stderr
        bots = json.loads(result.stdout)
        assert (bots["connectionsCompressed"] == bots["counters"]["connects"]) is agrees
        assert (bots["messagesCompressed"] > 0) is agrees


def test_bots_that_find_no_server_fail_with_exit_code_1(tmp_path):
    result = muster("bots", "--server", "http://127.0.0.1:1", "--count", "2", "--seconds", "2", cwd=tmp_path)
    assert result.returncode == 1


def test_a_simulated_world_gives_the_same_trace_for_the_same_seed(tmp_path):
    runs = [
        json.loads(muster("simulate", "--seed", seed, "--seconds", "20", "--json", cwd=tmp_path).stdout)
        for seed in ["7", "7", "8"]
    ]
    assert runs[0]["traceHash"] == runs[1]["traceHash"] != runs[2]["traceHash"]
