"""`muster host --record` and `muster replay` as a user runs them: bots play, and what was recorded is played again."""

import json
import subprocess

import pytest
from conftest import ADDRESS, BINARY, STOP_SECONDS, Server, clean_environment


def muster(*arguments, cwd):
    return subprocess.run(
        [BINARY, *arguments], cwd=cwd, env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=90)


def replay(*arguments, cwd):
    result = muster("replay", *arguments, "--json", cwd=cwd)
    return result.returncode, json.loads(result.stdout)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """What was recorded of three lobbies on two loops, whose players were cut again and again."""
    folder = tmp_path_factory.mktemp("recordings")
    server = Server("--record", "into/here", "--loops", "2", cwd=folder)
    played = muster(
        "bots", "--server", server.url, "--count", "12", "--lobbies", "3", "--seconds", "6", "--cut-every", "2",
        cwd=folder)
    assert played.returncode == 0, played.stdout + played.stderr
    assert server.stop() == 0
    return sorted((folder / "into/here").iterdir())


def test_every_lobby_is_a_file_that_is_played_again_bit_for_bit_100_times_as_fast_as_it_was(recordings, tmp_path):
    assert len(recordings) == 3
    for file in recordings:
        assert file.stat().st_mode & 0o077 == 0, "names of players are nobody else's affair"
        code, report = replay(str(file), cwd=tmp_path)
        assert code == 0 and report["passed"] is True
        assert report["game"] == "arena" and report["ticks"] > 100 and report["inputs"] > 100
        assert report["end"] and not report["isCut"]
        assert report["timesRealTime"] > 100


def test_tables_are_trained_on_recordings_and_named_by_their_hash(recordings, tmp_path):
    def train(*files):
        return muster("tables", "train", *map(str, files), "--folder", ".", cwd=tmp_path)

    trained = train(*recordings)
    assert trained.returncode == 0, trained.stderr
    name, size, _ = trained.stdout.split()
    tables = (tmp_path / f"{name}.tables").read_bytes()
    assert len(tables) == int(size) and tables[0] == 1
    value = 0xCBF29CE484222325
    for byte in tables:
        value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    assert name == f"{value:016x}"
    assert train(*recordings).stdout == trained.stdout, "the same recordings teach the same"
    fewer = train(recordings[0])
    assert fewer.returncode == 0 and fewer.stdout.split()[0] != name
    assert (tmp_path / f"{fewer.stdout.split()[0]}.tables").read_bytes()[:9] == tables[:9], "of the same schema"
    (tmp_path / "text.recording").write_text("hello\n")
    for files, word in [(["text.recording"], "text.recording"), (["absent.recording"], "absent.recording")]:
        refused = train(recordings[0], *files)
        assert refused.returncode == 2 and word in refused.stderr and "Fatal" not in refused.stderr


def test_a_tick_is_sought_and_its_state_printed(recordings, tmp_path):
    result = muster("replay", str(recordings[0]), "--seek", "60", cwd=tmp_path)
    state = json.loads(result.stdout)
    assert state["tick"] == 60 and "player" in state["state"]
    beyond = muster("replay", str(recordings[0]), "--seek", "1000000", cwd=tmp_path)
    assert beyond.returncode == 1 and "ends after tick" in beyond.stderr


def test_two_recordings_are_compared(recordings, tmp_path):
    assert replay(str(recordings[0]), "--compare", str(recordings[0]), cwd=tmp_path)[0] == 0
    code, report = replay(str(recordings[0]), "--compare", str(recordings[1]), cwd=tmp_path)
    assert code == 1 and report["header"] == ["seed"] and report["same"] is False
    assert report["state"]["tick"] >= 1 and report["state"]["type"]


def test_a_changed_recording_is_found_out_and_a_cut_one_is_good_up_to_there(recordings, tmp_path):
    whole = recordings[0].read_bytes()
    cut = tmp_path / "cut.recording"
    cut.write_bytes(whole[:-100])
    code, report = replay(str(cut), cwd=tmp_path)
    assert code == 0 and report["end"] is None
    changed = tmp_path / "changed.recording"
    seed = whole.index(b'"seed":"') + 8
    changed.write_bytes(whole[:seed] + (b"1" if whole[seed:seed + 1] == b"0" else b"0") + whole[seed + 1:])
    code, report = replay(str(changed), cwd=tmp_path)
    assert code == 1 and "tick 1 is the first" in report["failure"]


def test_what_is_no_recording_is_refused_with_2(tmp_path):
    (tmp_path / "text").write_text("hello\n")
    assert muster("replay", "text", cwd=tmp_path).returncode == 2
    assert muster("replay", "absent", cwd=tmp_path).returncode == 2
    assert muster("replay", cwd=tmp_path).returncode == 2
    assert muster("replay", "text", "--seek", "0", cwd=tmp_path).returncode == 2


def test_a_folder_that_cannot_be_made_is_one_line_and_1(tmp_path):
    (tmp_path / "file").write_text("")
    result = muster("host", "--listen", "127.0.0.1:0", "--record", "file/below", cwd=tmp_path)
    assert result.returncode == 1 and "record" in result.stderr and len(result.stderr.strip().splitlines()) == 1


def test_a_full_disk_raises_one_alarm_and_the_matches_go_on(tmp_path):
    """No file may grow beyond 8 KiB here, which the kernel answers as it does for a full disk."""
    command = f"ulimit -f 8; trap '' XFSZ; exec {BINARY} host --listen 127.0.0.1:0 --record here"
    host = subprocess.Popen(
        ["sh", "-c", command], cwd=tmp_path, env=clean_environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        while not (match := ADDRESS.search(line := host.stdout.readline())):
            assert line, host.stderr.read()
        played = muster(
            "bots", "--server", match[1], "--count", "16", "--lobbies", "2", "--seconds", "6", cwd=tmp_path)
        assert played.returncode == 0, played.stdout + played.stderr
    finally:
        host.terminate()
        errors = host.communicate(timeout=STOP_SECONDS)[1]
    assert host.returncode == 0
    alarms = [line for line in errors.splitlines() if "is given up" in line]
    assert len(alarms) == 1 and "its match goes on" in alarms[0], errors
    for file in (tmp_path / "here").iterdir():
        assert replay(str(file), cwd=tmp_path)[0] == 0, "it is good up to there"
