"""`muster bots` with plans, lines, habits and reports, against a real server."""

import html.parser
import json
import pathlib
import re
import subprocess
import xml.etree.ElementTree

import pytest
from conftest import BINARY, clean_environment

SCENARIOS = pathlib.Path(__file__).resolve().parents[2] / "simulator/scenarios"
SECONDS = 90


def bots(*arguments, cwd):
    return subprocess.run(
        [BINARY, "bots", *arguments], cwd=cwd, env=clean_environment(), capture_output=True, text=True, timeout=SECONDS
    )


def scenario(folder, **plan):
    path = folder / "plan.json"
    path.write_text(json.dumps(plan))
    return path


class Resources(html.parser.HTMLParser):
    """What a page would load, and which elements it leaves open."""

    def __init__(self):
        super().__init__()
        self.loaded = []
        self.open = []

    def handle_starttag(self, tag, attributes):
        self.loaded += [value for name, value in attributes if name in ("src", "href", "srcset")]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_a_plan_with_phases_is_played_and_reported_in_every_form(server, tmp_path):
    plan = scenario(
        tmp_path,
        name="all <forms>",
        lobbies=2,
        ramp=50,
        protocol={"websocket": 1, "socketio": 1, "polling": 1},
        phases=[
            {"name": "join", "seconds": 1.5, "bots": 9},
            {"name": "more", "seconds": 3, "bots": 12, "link": "wifi", "behaviour": "wander"},
            {"name": "storm", "seconds": 4, "faults": [{"fault": "cut"}], "expect": {"resumes_min": 12}},
        ],
        expect={"snapshots_min": 100, "join_p99_ms": 5000, "rtt_p50_ms": 2000},
    )
    result = bots(
        "--server", server.url, "--scenario", plan, "--json", "--html", "r.html", "--junit", "r.xml", cwd=tmp_path
    )
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.loads(result.stdout)
    assert report["passed"] is True and report["counters"]["hashMismatches"] == 0
    phases = {phase["name"]: phase for phase in report["phases"]}
    assert list(phases) == ["join", "more", "storm"]
    assert phases["join"]["milliseconds"]["joinTime"]["count"] == 9
    assert phases["more"]["milliseconds"]["joinTime"]["count"] == 3
    assert phases["storm"]["milliseconds"]["reconnectTime"]["count"] == 12
    for name in ("snapshotAge", "snapshotJitter", "inputToEffect", "roundTrip"):
        assert phases["more"]["milliseconds"][name]["count"] > 0, name
    # The bad line shows: a way there and back is 24 ms at least.
    assert phases["more"]["milliseconds"]["roundTrip"]["p50"] >= 20
    assert phases["storm"]["bytesIn"] > 0 and len(report["samples"]) >= 7

    suite = xml.etree.ElementTree.parse(tmp_path / "r.xml").getroot()
    assert suite.get("failures") == "0" and int(suite.get("tests")) == len(suite.findall(".//testcase")) == 5

    page = (tmp_path / "r.html").read_text()
    resources = Resources()
    resources.feed(page)
    assert resources.loaded == [] and resources.open == [] and "url(" not in page and "@import" not in page
    assert page.count("<svg") == 7 and "all &lt;forms&gt;" in page and "passed" in page


def test_a_threshold_that_is_not_met_decides_the_exit_code_and_says_why(server, tmp_path):
    plan = scenario(
        tmp_path, bots=4, lobbies=1, phases=[{"name": "short", "seconds": 2, "expect": {"snapshot_interval_p50_ms": 1}}]
    )
    result = bots("--server", server.url, "--scenario", plan, "--quiet", "--junit", "r.xml", cwd=tmp_path)
    assert result.returncode == 1
    assert re.search(
        r"^FAILED: snapshot_interval_p50_ms of short is [\d.]+, and must be 1 or less\.$", result.stderr, re.M
    )
    suite = xml.etree.ElementTree.parse(tmp_path / "r.xml").getroot()
    assert suite.get("failures") == "1" and "must be 1 or less" in suite.find(".//failure").get("message")


def test_a_file_that_is_wrong_is_told_line_by_line_and_nothing_is_played(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text('{"bots": 4,\n "phases": [\n  {"seconds": 2, "bot": 3},\n  {"seconds": "x"}\n ],\n "expect": {"age": 1}}')
    result = bots("--scenario", path, cwd=tmp_path)
    assert result.returncode == 2
    for place in (":3: \"phases[0].bot\" is unknown", ":4: \"phases[1].seconds\" must be", ":6: \"expect.age\" is unknown"):
        assert f"plan.json{place}" in result.stderr
    assert bots("--scenario", "nowhere.json", cwd=tmp_path).returncode == 2
    assert bots("--scenario", path, "--count", "3", cwd=tmp_path).returncode == 2
    assert bots("--seconds", "1", "--html", "nowhere/r.html", cwd=tmp_path).returncode == 2


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.json")), ids=lambda path: path.stem)
def test_shipped_scenarios_are_plans(path, tmp_path):
    result = bots("--scenario", path, "--dry-run", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    for phase in json.loads(path.read_text())["phases"]:
        assert phase["name"] in result.stdout
        for name, bound in phase.get("expect", {}).items():
            assert f"{name} {bound:,} in {phase['name']}\n" in result.stdout


def test_whoever_misbehaves_gets_its_verdict_and_the_players_are_not_harmed(start_server, tmp_path):
    server = start_server("--heartbeat-interval-seconds", "2", "--heartbeat-timeout-seconds", "1")
    habits = ["spam", "cheat", "slow", "silent", "late", "early", "unsolicited"]
    plan = scenario(
        tmp_path,
        lobbies=3,
        ramp=50,
        protocol="mixed",
        phases=[
            {"name": "players", "seconds": 1.5, "bots": 9},
            {"name": "company", "seconds": 12, "bots": 23, "behaviour": {habit: 1 for habit in habits}},
        ],
    )
    result = bots("--server", server.url, "--scenario", plan, "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.loads(result.stdout)
    assert {culprit["behaviour"]: (culprit["met"], culprit["count"]) for culprit in report["culprits"]} == {
        habit: (2, 2) for habit in habits
    }
    assert report["counters"]["unexpectedCloses"] == 0 and report["counters"]["botsServed"] == 9


def test_two_processes_play_one_plan_beside_each_other(server, tmp_path):
    plan = scenario(tmp_path, bots=6, lobbies=2, phases=[{"seconds": 3}])
    running = [
        subprocess.Popen(
            [BINARY, "bots", "--server", server.url, "--scenario", plan, "--seed", seed, "--json", "--quiet"],
            cwd=tmp_path,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("101", "102")
    ]
    reports = [json.loads(process.communicate(timeout=SECONDS)[0]) for process in running]
    assert all(report["passed"] for report in reports), [report["failures"] for report in reports]
    assert len({report["options"]["lobbyPrefix"] for report in reports}) == 2
