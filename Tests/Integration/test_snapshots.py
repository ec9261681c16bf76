"""`muster snapshots` and `muster tables` as a user runs them, on small recordings of a hundred bodies that move among 901."""

import json
import random
import shutil
import struct
import subprocess

import pytest
from conftest import BINARY, ROOT, clean_environment

BODIES = 901
RECORD = struct.Struct("<8i")


def muster(*arguments, cwd):
    return subprocess.run(
        [BINARY, *map(str, arguments)], cwd=cwd, env=clean_environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=90)


def recording(path, seed, frames=24):
    """Bodies of which every ninth moves, each at a speed of its own; body 0 goes anywhere."""
    chance = random.Random(seed)
    bodies = [[chance.randrange(4), 256, 256, 256, 10 * (body % 30) - 150, 10 * (body // 30), 100, 0]
              for body in range(BODIES)]
    speeds = [[chance.randint(-4, 4) for _ in range(3)] for _ in range(BODIES)]
    with open(path, "wb") as file:
        for _ in range(frames):
            for body, fields in enumerate(bodies):
                if body == 0:
                    fields[4], fields[5] = chance.randint(-16000, 16000), chance.randint(-16000, 16000)
                elif body % 9 == 0:
                    fields[1] = (fields[1] + 1) % 512
                    fields[4:7] = [value + speed for value, speed in zip(fields[4:7], speeds[body])]
                file.write(RECORD.pack(*fields))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("snapshots")
    recording(folder / "a.bin", 1)
    recording(folder / "b.bin", 2)
    return folder


def measured(folder, *arguments):
    result = muster("snapshots", "measure", "a.bin", *arguments, "--json", cwd=folder)
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    assert figures["exact"] is True
    assert figures["bytes_p50"] <= figures["bytes_p95"] <= figures["bytes_max"]
    for name in ("encode", "decode"):
        ratio = figures[f"{name}_ns_per_entity"] / figures["plain_ns_per_entity"]
        assert figures[f"{name}_to_plain"] == pytest.approx(ratio, rel=0.01)
    return figures


def test_every_frame_is_sent_from_the_one_before_it(folder):
    trained = measured(folder, "--train", "b.bin")
    generic = measured(folder)
    plain = measured(folder, "--codec", "0")
    assert trained["messages"] == generic["messages"] == plain["messages"] == 23
    assert trained["bytes_per_message"] < generic["bytes_per_message"] < plain["bytes_per_message"]


def test_older_baselines_fewer_frames_and_keyframes(folder):
    assert measured(folder, "--baseline", "6")["messages"] == 18
    assert measured(folder, "--every", "3")["messages"] == 7
    keyframes = measured(folder, "--baseline", "0", "--train", "b.bin", "--train", "a.bin")
    assert keyframes["messages"] == 24
    assert keyframes["bytes_per_message"] > measured(folder, "--train", "b.bin")["bytes_per_message"]


def test_who_is_behind_is_sent_one_message_and_then_one_that_is_a_little_larger(folder):
    figures = measured(folder, "--train", "b.bin", "--behind", "6")
    assert figures["messages"] == 16
    assert figures["catch_up_bytes"] == pytest.approx(figures["bytes_per_message"] + figures["step_bytes"])
    assert "step_bytes" not in measured(folder, "--baseline", "6")


def test_without_json_there_is_a_line_for_each_figure(folder):
    result = muster("snapshots", "measure", "a.bin", cwd=folder)
    assert result.returncode == 0 and "exact: true\n" in result.stdout and "messages: 23\n" in result.stdout


def parts(text):
    lines = [line.rsplit("  ", 1) for line in text.splitlines()]
    return {name: float(rest.split()[0].replace(",", "")) for name, rest in lines}


def test_what_messages_cost_is_told_by_field_and_by_entity(folder):
    result = muster("snapshots", "inspect", "a.bin", "--train", "b.bin", "--entities", "1000", cwd=folder)
    assert result.returncode == 0, result.stderr
    costs = parts(result.stdout)
    fields = {name: cost for name, cost in costs.items() if name.startswith("body.")}
    assert set(fields) == {"body.orientation", "body.x", "body.y", "body.z", "body.interacting"}
    entities = {name: cost for name, cost in costs.items() if name.startswith("body ") and name[5:].isdigit()}
    moving = {f"body {body}" for body in range(0, BODIES, 9)}
    assert set(entities) == moving, "what is at rest costs nothing"
    assert next(iter(entities)) == "body 0" == max(entities, key=entities.get), "the dearest is first"
    rest = costs["body changes"] + costs["body ids"]
    assert sum(entities.values()) == pytest.approx(sum(fields.values()), abs=1)
    assert costs["all"] == pytest.approx(sum(fields.values()) + rest, abs=0.1)


def test_one_message_alone_is_looked_into(folder):
    whole = parts(muster("snapshots", "inspect", "a.bin", "--baseline", "0", "--frame", "5", cwd=folder).stdout)
    assert whole["body ids"] > 0 and whole["body changes"] == 0
    assert len([name for name in whole if name.startswith("body ") and name[5:].isdigit()]) == 10
    none = muster("snapshots", "inspect", "a.bin", "--frame", "24", cwd=folder)
    assert none.returncode == 2 and "there is no such message" in none.stderr


def test_tables_are_written_under_their_hash(folder, tmp_path):
    result = muster("tables", "train", folder / "a.bin", folder / "b.bin", "--folder", tmp_path, cwd=folder)
    assert result.returncode == 0, result.stderr
    name, size, _ = result.stdout.split()
    tables = (tmp_path / f"{name}.tables").read_bytes()
    assert len(tables) == int(size) and tables[0] == 1
    value = 0xCBF29CE484222325
    for byte in tables:
        value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    assert name == f"{value:016x}"
    nowhere = muster("tables", "train", "a.bin", "--folder", tmp_path / "none", cwd=folder)
    assert nowhere.returncode == 1 and "cannot be written" in nowhere.stderr


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["snapshots", "measure", "none.bin"], "none.bin: it cannot be read"),
        (["snapshots", "inspect", "none.bin"], "none.bin: it cannot be read"),
        (["tables", "train", "none.bin"], "none.bin: it cannot be read"),
        (["snapshots", "measure", "short.bin"], "no whole number of frames"),
        (["snapshots", "measure", "empty.bin"], "no whole number of frames"),
        (["snapshots", "measure", "wrong.bin"], "body 900 of frame 0 has a number out of its range"),
        (["snapshots", "measure", "a.bin", "--train", "short.bin"], "no whole number of frames"),
        (["snapshots", "measure", "a.bin", "--codec", "2"], "--codec is 0 or 1"),
        (["snapshots", "measure", "a.bin", "--baseline", "-1"], "--baseline is 0 to 100000"),
        (["snapshots", "measure", "a.bin", "--every", "0"], "--every is 1 to 100000"),
        (["snapshots", "measure", "a.bin", "--behind", "0"], "--behind is 1 to 100000"),
        (["snapshots", "measure", "a.bin", "--behind", "6", "--baseline", "6"], "--behind or --baseline"),
        (["snapshots", "inspect", "a.bin", "--entities", "-1"], "--entities is 0 to 65535"),
        (["snapshots", "inspect", "a.bin", "--frame", "x"], "--frame"),
        (["snapshots", "measure"], "recording"),
        (["snapshots", "weigh", "a.bin"], "weigh"),
        (["tables", "train"], "recordings"),
    ],
)
def test_what_is_asked_wrongly_is_answered_in_words_and_with_2(folder, arguments, words):
    good = (folder / "a.bin").read_bytes()
    (folder / "short.bin").write_bytes(good[:-1])
    (folder / "empty.bin").write_bytes(b"")
    (folder / "wrong.bin").write_bytes(good[: 900 * 32] + RECORD.pack(4, 0, 0, 0, 0, 0, 0, 0))
    result = muster(*arguments, cwd=folder)
    assert result.returncode == 2, (result.returncode, result.stderr)
    assert words in result.stderr and "Fatal" not in result.stderr


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("options", [[], ["--baseline", "6"], ["--every", "3"], ["--behind", "4"], ["--baseline", "0"]])
def test_messages_are_read_in_javascript(folder, options):
    result = muster("snapshots", "encode", "a.bin", "--train", "b.bin", *options, cwd=folder)
    assert result.returncode == 0, result.stderr
    (folder / "messages").write_text(result.stdout)
    command = ["node", ROOT / "Tests/Benchmarks/decode.js", folder / "messages"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout
    figures = json.loads(said)
    assert figures["exact"] is True and figures["messages"] == result.stdout.count("\n") - 1
