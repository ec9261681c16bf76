"""What bots cost: the CPU time of their process, the kernel's share in it, for each snapshot that they decode and check.

The server has one core and the bots the other, as in lobbies.py. The first workload is as many bots as one core is to carry; the others
are fewer than it carries: with more, each of the loop's turns brings more of them at once, which is cheaper.
"""

import json
import os
import statistics
import subprocess
import time

from lobbies import BOTS_CORE, LARGE_PAGES, cpu_seconds, hosting, on_core

# Name, game, protocol, bots, lobbies, snapshots a second.
WORKLOADS = [
    ("tap", "tap", "websocket", 5_000, 500, 20),
    ("swarm", "swarm", "websocket", 2_000, 250, 20),
    ("swarm", "swarm", "socketio", 2_000, 250, 20),
]
# Of each workload that has the protocol with which fleets are measured.
MUST_PER_SECOND = 100_000
RAMP, SETTLE, SECONDS = 1_000, 2, 6


def measure(bench, workload):
    """CPU seconds for a snapshot, once all have joined, and what the bots say at the end."""
    _, game, protocol, bots, lobbies, rate = workload
    rates = {"TAP_RATE": str(rate)}
    with hosting(bench, rates) as (_, port):
        lasts = SETTLE + SECONDS + 2
        command = [bench, "bots", str(port), game, str(bots), str(lobbies), str(lasts)]
        command += ["--ramp", str(RAMP), "--protocol", protocol]
        players = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, **LARGE_PAGES, **rates},
            preexec_fn=on_core(BOTS_CORE, ahead=True),
        )
        time.sleep(bots / RAMP + SETTLE)
        begun, before = time.monotonic(), cpu_seconds(players.pid)
        time.sleep(SECONDS)
        passed, used = time.monotonic() - begun, cpu_seconds(players.pid) - before
        said, _ = players.communicate(timeout=lasts + 60)
    return used / (bots * rate * passed), json.loads(said)


def table(bench, rounds):
    """The table of bots, as Markdown, and whether all that must hold does."""
    lines = [
        "| workload | protocol | bots, lobbies | snapshots/s | CPU µs per verified snapshot | so many a second on one core | must | |"
        " rounds |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    good = True
    results = [[measure(bench, workload) for workload in WORKLOADS] for _ in range(rounds)]
    for index, (name, _, protocol, bots, lobbies, rate) in enumerate(WORKLOADS):
        rows = [row[index] for row in results]
        cost = statistics.median(used for used, _ in rows)
        # Whoever is sent fewer than the rate has verified fewer than are counted here.
        content = all(said["passed"] and not said["counters"]["snapshotsSkipped"] for _, said in rows)
        must = MUST_PER_SECOND if protocol == "websocket" else None
        holds = content and (must is None or 1 / cost >= must)
        good = good and holds
        verdict = "" if must is None and content else "met" if holds else "**missed**" if content else "**failed**"
        lines.append(
            f"| `{name}` | {protocol} | {bots:,}, {lobbies:,} | {bots * rate:,} | {1e6 * cost:.1f} |"
            f" {1 / cost:,.0f} | {f'≥ {must:,}' if must else ''} | {verdict} | {rounds} |"
        )
    return lines, good
