"""Runs the battery: each row's attack against a real server, what it cost, and whether all is as it was before."""

import argparse
import json
import os
import pathlib
import sys
import time
import traceback

from . import (  # noqa: F401  each enters its rows
    attacks_cluster,
    attacks_deflate,
    attacks_engine,
    attacks_frames,
    attacks_http,
    attacks_polling,
    attacks_requests,
    attacks_socketio,
    attacks_tcp,
    attacks_tls,
    attacks_websocket,
)
from .measure import cost, sample
from .rows import ROWS, Arena
from .target import ROOT, Target

RECOVERY_SECONDS = 5
# The canary's longest wait for a snapshot: it tells a gross stop of the loop, on a machine that others share.
GAP_SECONDS = 1
GROWTH_BYTES = 2 << 20
# How often a row that makes the server grow is tried.
GROWTHS_MAX = 6


class Battery:
    """The servers that run, one of a kind, and the results so far."""

    def __init__(self, binaries, calm):
        self.binaries, self.calm, self.targets, self.results = binaries, calm, {}, []

    def target(self, kind):
        """The server of a kind, started anew when the last one has died."""
        if kind not in self.targets or not self.targets[kind].alive():
            self.targets[kind] = Target(kind, self.binaries, self.calm)
        return self.targets[kind]

    def run(self, row):
        """One row's result."""
        result = {"row": row.id, "rule": row.rule, "server": row.on, "also": row.also}
        if row.covered:
            return result | {"outcome": "elsewhere", "covered": row.covered}
        result |= self.attempt(row)
        growths = [result["growth"]]
        while growths[-1] > GROWTH_BYTES and not result["failures"]:
            # What an allocator keeps it does not ask for again, sooner or later; what leaks grows each time.
            if len(growths) == GROWTHS_MAX:
                told = ", ".join(f"{growth >> 10} KiB" for growth in growths)
                result["failures"].append(f"it grew each time, by {told}")
                break
            result |= self.attempt(row)
            growths.append(result["growth"])
        if len(growths) > 1:
            result["notes"].append(f"first time {growths[0] >> 10} KiB of growth")
        result["outcome"] = "FAIL" if result["failures"] else "pass"
        return result

    def attempt(self, row):
        """Attacks once, waits until the server is as before, and compares."""
        target = self.target(row.on)
        target.settle()
        arena = Arena(target)
        seats = target.admin and before_count(target)
        if target.canary:
            target.canary.begin()
        before, sent = sample(target.pid), target.meter.sent
        try:
            row.attack(arena)
        except Exception as error:  # a row that breaks is a row that fails, and the others go on
            place = traceback.extract_tb(error.__traceback__)[-1]
            arena.failures.append(
                f"{type(error).__name__}: {error} ({pathlib.Path(place.filename).name}:{place.lineno})"
            )
        if not target.alive():
            died = f"the server DIED with {target.process.returncode}: {target.text()[-300:]}"
            return vars_of(None, arena, arena.failures + [died])
        target = self.target(row.on)
        target.settle()
        recover(target, before, seats, arena)
        after = sample(target.pid)
        spent = cost(before, after, target.meter.sent - sent, target.idle)
        if target.canary:
            arena.check("the canary gets snapshots", target.canary.sings(), target.canary.end)
            arena.check("the canary's longest wait", target.canary.gap < GAP_SECONDS, f"{target.canary.gap:.2f} s")
        return vars_of(spent, arena, arena.failures) | {"gap": target.canary.gap if target.canary else 0}

    def stop(self):
        """Stops every server; those that did not exit with 0."""
        bad = []
        for kind, target in self.targets.items():
            was = target.alive()
            code = target.stop()
            if was and code != 0:
                bad.append(f"{kind}: exit code {code}")
        return bad


def before_count(target):
    overview = target.admin.overview()
    return overview["connections"], overview["seats"]["taken"], overview["lobbyCount"]


def recover(target, before, seats, arena):
    """Descriptors, connections, seats and lobbies must be back within 5 s."""
    deadline = time.monotonic() + RECOVERY_SECONDS
    while True:
        descriptors = sample(target.pid).descriptors
        counts = target.admin and before_count(target)
        if descriptors <= before.descriptors and (not seats or all(now <= then for now, then in zip(counts, seats))):
            return
        if time.monotonic() > deadline:
            arena.check(
                "descriptors, (connections, seats, lobbies) are back",
                False,
                f"{descriptors} {counts}, before {before.descriptors} {seats}",
            )
            return
        time.sleep(0.05)


def vars_of(spent, arena, failures):
    """A result's figures."""
    return {
        "failures": list(failures),
        "notes": arena.notes,
        "cases": arena.cases,
        "sent": spent.sent if spent else 0,
        "cpu_us": round(spent.cpu_microseconds) if spent else 0,
        "ns_per_byte": spent and spent.nanoseconds_per_byte,
        "growth": spent.growth if spent else 0,
        "growth_per_byte": spent and spent.growth_per_byte,
        "seconds": round(spent.seconds, 2) if spent else 0,
    }


def line(result):
    """A result as a row of a Markdown table."""
    if result["outcome"] == "elsewhere":
        return f"| {result['row']} | {result['rule']} | – | – | – | – | – | – | covered by {result['covered']} |"
    each = "–" if result["ns_per_byte"] is None else f"{result['ns_per_byte']:,.0f}"
    grown = "–" if result["growth_per_byte"] is None else f"{result['growth_per_byte']:.2f}"
    words = [result["outcome"], *result["notes"], *([f"and {result['also']}"] if result["also"] else [])]
    return (
        f"| {result['row']} | {result['rule']} | {result['cases']} | {result['sent']:,} | {result['cpu_us']:,} | "
        f"{each} | {result['growth']:,} | {grown} | {'; '.join(words)} |"
    )


HEAD = (
    "| row | rule | cases | bytes sent | CPU, µs | CPU, ns per byte | RSS growth, bytes | growth per byte | outcome |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


def arguments(given):
    parser = argparse.ArgumentParser(prog="python -m Tests.Abuse", description=__doc__)
    parser.add_argument("--row", action="append", help="a row's id, or how it begins; may be repeated")
    parser.add_argument(
        "--server",
        default=os.environ.get("MUSTER_BINARY", ROOT / ".build/release/muster"),
        help="the muster to attack; muster-conformance stands beside it",
    )
    parser.add_argument("--quick", action="store_true", help="leaves out the rows that wait or send most")
    parser.add_argument("--json", action="store_true", help="one JSON object a row, instead of the table")
    return parser.parse_args(given)


def main(given=None):
    asked = arguments(given)
    server = pathlib.Path(asked.server).resolve()
    battery = Battery(
        {name: str(server.with_name(name)) for name in ("muster", "muster-conformance")}, 0.3 if asked.quick else 2
    )
    wanted = [row for row in ROWS.values() if not asked.row or any(row.id.startswith(one) for one in asked.row)]
    wanted = sorted(
        (row for row in wanted if row.quick or not asked.quick), key=lambda row: ("THWDESR".index(row.id[0]), row.id)
    )
    if not asked.json:
        print(HEAD, flush=True)
    bad = []
    began = time.monotonic()
    try:
        for row in wanted:
            result = battery.run(row)
            battery.results.append(result)
            print(json.dumps(result, ensure_ascii=False) if asked.json else line(result), flush=True)
            for failure in result.get("failures", [])[:20]:
                print(f"  {row.id} FAIL {failure}", file=sys.stderr, flush=True)
    finally:
        bad = battery.stop()
    failed = [result["row"] for result in battery.results if result["outcome"] == "FAIL"]
    counts = {
        name: sum(result["outcome"] == name for result in battery.results) for name in ("pass", "FAIL", "elsewhere")
    }
    summary = (
        f"{counts['pass']} rows pass, {counts['FAIL']} fail, {counts['elsewhere']} covered elsewhere, "
        f"{sum(result.get('cases', 0) for result in battery.results)} cases, {time.monotonic() - began:.0f} s"
    )
    print("\n" + summary if not asked.json else summary, file=sys.stderr if asked.json else sys.stdout)
    for problem in [*bad, *failed]:
        print(f"FAIL {problem}", file=sys.stderr)
    return 1 if failed or bad else 0
