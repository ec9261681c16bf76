"""`muster simulate --seeds`, `--replay` and the bug that only a process of its own can have."""

import subprocess

import pytest
from conftest import BINARY, clean_environment


def simulate(*arguments, cwd):
    return subprocess.run(
        [BINARY, "simulate", *arguments], cwd=cwd, env=clean_environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=120)


def test_each_seed_has_a_line_and_the_last_one_sums_up(tmp_path):
    result = simulate("--seeds", "1..3", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    lines = result.stdout.splitlines()
    assert [line.split()[:3] for line in lines[:3]] == [["seed", str(seed), "ok"] for seed in (1, 2, 3)]
    assert lines[3].startswith("3 seeds, ") and lines[3].endswith("0 failed")


def test_a_trap_is_told_with_its_seed_and_the_next_seed_is_run(tmp_path):
    result = simulate("--seeds", "1..2", "--plant", "trap", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stdout.count("I-1 does not hold") == 2 and "2 failed: 1 2" in result.stdout


@pytest.mark.parametrize("bug, invariant", [("echo", "I-3"), ("wrong-hash", "I-5")])
def test_a_breach_is_told_with_its_number_and_ends_with_1(bug, invariant, tmp_path):
    result = simulate("--seed", "5", "--plant", bug, cwd=tmp_path)
    assert result.returncode == 1 and f"  {invariant} does not hold" in result.stdout


def test_a_replay_has_a_column_for_each_process_and_the_same_trace(tmp_path):
    line = simulate("--seeds", "2..2", cwd=tmp_path).stdout.splitlines()[0]
    replay = simulate("--replay", "2", cwd=tmp_path)
    assert replay.returncode == 0, replay.stdout[-500:]
    heading, *_, last = replay.stdout.splitlines()
    assert heading.split()[:3] == ["seconds", "world", "crew-0"] and "server" in heading
    trace = line.split("trace ")[1].split(";")[0]
    assert f"trace {trace};" in last


@pytest.mark.parametrize("seeds", ["3..1", "x", "1..", "1...5"])
def test_seeds_that_are_none_are_refused(seeds, tmp_path):
    assert simulate("--seeds", seeds, cwd=tmp_path).returncode == 2
