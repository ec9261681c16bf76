"""Runs the measuring rig and the whole game, prints what came out, and writes it into docs/performance.md.

Called by scripts/bench, which builds what is measured. Standard library only.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import admin
import bots
import lobbies
import polling
import tls

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- scripts/bench writes from here -->", "<!-- to here -->"
ROUNDS_MIN = 9

# What is measured of each workload: the figure's name, how it is got from the results, what must be and what is aimed at.
RATIO, BYTES = "ratio", "bytes"
GOALS = [
    ("echo_32", RATIO, 1.10, 1.03),
    ("echo_1k", RATIO, 1.10, 1.03),
    ("echo_32_x16", RATIO, 1.30, 1.05),
    ("input_6000", RATIO, 1.10, 1.00),
    ("fan_500", RATIO, 1.10, 1.03),
    ("fan_2000", RATIO, 1.10, 1.03),
    ("burst_500", RATIO, None, None),
    ("churn", RATIO, 1.70, 1.30),
    ("idle_10k", RATIO, 1.20, 0.80),
    ("idle_10k", BYTES, 1024, 640),
    ("sio_echo_32", RATIO, 1.60, 1.25),
    ("sio_ack_32", RATIO, 1.60, 1.25),
    ("sio_echo_1k", RATIO, 1.60, 1.25),
    ("sio_echo_32_x16", RATIO, 6.00, 3.00),
    ("sio_room_500", RATIO, 1.12, 1.04),
    ("sio_room_bin_500", RATIO, 1.15, 1.05),
    ("sio_churn", RATIO, 2.50, 1.80),
    ("sio_idle_10k", RATIO, None, None),
    ("sio_idle_10k", BYTES, 2048, 1400),
]


def output(*command):
    """What a command prints, or "unknown"."""
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def circumstances():
    """Machine, versions and commit, as Markdown."""
    model = next(
        (line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown CPU"
    )
    swift = re.search(r"Swift version (\S+)", output("swift", "--version"))
    changed = output("git", "status", "--porcelain", "--untracked-files=no")
    return [
        f"- Commit {output('git', 'rev-parse', '--short=12', 'HEAD')}{', with changes' if changed else ''}, release build.",
        f"- {model}, {os.cpu_count()} CPUs, Linux {platform.release()}.",
        f"- Swift {swift.group(1) if swift else 'unknown'}, libuv {output('pkg-config', '--modversion', 'libuv')}.",
    ]


# The rig


def run_rig(rig, server, workloads, rounds):
    """Alternates the floor and our server, and returns every result."""
    servers = {
        "floor": {"cmd": ["build/floor_server", "{port}", "{hz}", "{size}", "{hb}"], "proto": ["ws", "sio"]},
        "muster": {"cmd": [str(server), "bench", "{port}", "{hz}", "{size}", "{hb}"], "proto": ["ws", "sio"]},
    }
    with tempfile.TemporaryDirectory() as folder:
        names, results = Path(folder) / "servers.json", Path(folder) / "results.jsonl"
        names.write_text(json.dumps(servers))
        idle = [name for name in workloads if "idle" in name]
        # A slice of the idle workload takes half a minute, and its memory is the same each time.
        for names_of, count in (([name for name in workloads if name not in idle], rounds), (idle, min(rounds, 3))):
            if not names_of:
                continue
            command = [sys.executable, "abrun.py", "--servers", names, "--work", "workloads.json", "--out", results]
            command += ["--rounds", str(count), "--only-work", ",".join(names_of)]
            # On a machine of one CPU both share it, and the figures say less.
            command += ["--client-cpu", str(min(1, (os.cpu_count() or 1) - 1))]
            subprocess.run(command, cwd=rig, check=True, stdout=sys.stderr)
        return [json.loads(line) for line in results.read_text().splitlines()]


def figure(results, workload, kind):
    """Our median, the two absolute medians, and how many alternations they are of."""
    ours = [r for r in results if (r["workload"], r["server"]) == (workload, "muster") and "error" not in r]
    floor = [r for r in results if (r["workload"], r["server"]) == (workload, "floor") and "error" not in r]
    if kind == BYTES:
        name, values = "rss_bytes_per_conn", [r["rss_bytes_per_conn"] for r in ours if "rss_bytes_per_conn" in r]
    else:
        name = f"cpu_us_per_{ours[0]['unit']}" if ours else ""
        values = [r[name] / r["control"] for r in ours if r.get(name) and r.get("control")]
    if not values:
        return None
    median = [statistics.median([r[name] for r in rows if name in r] or [0]) for rows in (ours, floor)]
    return statistics.median(values), *median, len(values)


def rig_table(results, goals):
    """The table of the rig's results, as Markdown, and whether every goal that must be met is."""
    lines = [
        "| workload | figure | muster | floor | ratio | must | reach | | alternations |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    good = True
    for workload, kind, must, reach in goals:
        found = figure(results, workload, kind)
        if found is None:
            good = False
            error = next((r["error"] for r in results if r["workload"] == workload and "error" in r), "no result")
            lines.append(f"| `{workload}` | {kind} | | | | | | failed: {error[:80]} | 0 |")
            continue
        value, ours, floor, count = found
        if must is None:
            verdict, bounds = "", " | "
        else:
            verdict = "reached" if value <= reach else "met" if value <= must else "**missed**"
            bounds = f"≤ {must:,} | {reach:,}" if kind == BYTES else f"≤ {must:.2f} | {reach:.2f}"
            good = good and value <= must
        if kind == BYTES:
            row = f"resident bytes per connection | {ours:,.0f} | {floor:,.0f} | "
        else:
            unit = next(r["unit"] for r in results if r["workload"] == workload and "unit" in r)
            row = f"CPU µs per {unit} | {ours:.2f} | {floor:.2f} | {value:.2f}"
        lines.append(f"| `{workload}` | {row} | {bounds} | {verdict} | {count} |")
    return lines, good


# The whole game


def cpu_seconds(pid):
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def play(muster, count, seconds):
    """Bots play arena on a server over loopback: the server's CPU time, and what the bots say."""
    host = subprocess.Popen(
        [muster, "host", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        address = next(
            (line.split()[-1] for line in host.stdout if line.startswith("listening on ")), None
        )
        if address is None:
            raise SystemExit("muster host did not start")
        before = cpu_seconds(host.pid)
        command = [muster, "bots", "--server", address, "--count", str(count), "--lobbies", str(max(1, count // 10))]
        command += ["--seconds", str(seconds), "--json", "--quiet"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 120)
        return cpu_seconds(host.pid) - before, json.loads(done.stdout)
    finally:
        host.terminate()
        host.communicate(timeout=30)


def game_table(muster, quick):
    """The table of the whole game, as Markdown, and whether the bots were content."""
    lines = [
        "| bots | seconds | snapshots | server CPU | CPU µs per snapshot | snapshot interval p50, p99 ms | join p99 ms | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    good = True
    for count in [100] if quick else [100, 500]:
        cpu, result = play(muster, count, 5 if quick else 20)
        snapshots, times = result["counters"]["snapshots"], result["milliseconds"]
        good = good and result["passed"]
        interval = times["snapshotInterval"]
        lines.append(
            f"| {count} | {result['seconds']:.0f} | {snapshots:,} | {100 * cpu / result['seconds']:.0f} % of one |"
            f" {1e6 * cpu / max(1, snapshots):.1f} | {interval['p50']:.1f}, {interval['p99']:.1f} |"
            f" {times['joinTime']['p99']:.1f} | {'passed' if result['passed'] else 'failed'} |"
        )
    return lines, good


def write(lines):
    """Replaces the part of the document that is ours."""
    text = DOCUMENT.read_text()
    head, rest = text.split(BEGIN)
    DOCUMENT.write_text(head + BEGIN + "\n\n" + "\n".join(lines) + "\n\n" + END + rest.split(END)[1])
    print(f"written to {DOCUMENT.relative_to(ROOT)}")


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures the server.")
    parser.add_argument("--quick", action="store_true", help="3 rounds and a short game; writes nothing")
    parser.add_argument(
        "--only", help="tls, polling, lobbies, bots, admin, or workloads of the rig, separated by commas; writes nothing"
    )
    parser.add_argument("--peer", help="a command with {port}: another Socket.IO server, for the comparison over polling")
    parser.add_argument(
        "--loopback", action="store_true", help="lobbies and their players over loopback, where the server does a part of its players' TCP"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS_MIN, help=f"alternations; written from {ROUNDS_MIN} on")
    parser.add_argument("--muster", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rig", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--server", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--lobbies", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    only = arguments.only.split(",") if arguments.only else None
    goals = [goal for goal in GOALS if only is None or goal[0] in only]
    if not goals and only not in (["tls"], ["polling"], ["lobbies"], ["bots"], ["admin"]):
        workloads = ", ".join(dict.fromkeys(goal[0] for goal in GOALS))
        parser.error(f"--only takes tls, polling, lobbies, bots, admin, or some of {workloads}")

    lines, good = circumstances(), True
    if arguments.rig and goals:
        rounds = 3 if arguments.quick else arguments.rounds
        workloads = list(dict.fromkeys(goal[0] for goal in goals))
        results = run_rig(arguments.rig, arguments.server.resolve(), workloads, rounds)
        table, good = rig_table(results, goals)
        lines += ["", "### Against the floor", ""] + table
    if arguments.server and (only is None or only == ["tls"]):
        table, cheap = tls.table(arguments.server.resolve(), 3 if arguments.quick else arguments.rounds)
        good = good and cheap
        lines += ["", "### TLS", ""] + table
    if arguments.server and (only is None or only == ["polling"]):
        table, cheap = polling.table(arguments.server.resolve(), 3 if arguments.quick else arguments.rounds, arguments.peer)
        good = good and cheap
        lines += ["", "### Long polling", ""] + table
    if arguments.lobbies and (only is None or only == ["lobbies"]):
        table, prompt = lobbies.table(arguments.muster, arguments.lobbies.resolve(), arguments.quick, arguments.loopback)
        good = good and prompt
        lines += ["", "### Lobbies", ""] + table
    if arguments.lobbies and (only is None or only == ["bots"]):
        table, light = bots.table(arguments.lobbies.resolve(), 3 if arguments.quick else 5)
        good = good and light
        lines += ["", "### Bots", ""] + table
    if arguments.lobbies and (only is None or only == ["admin"]):
        table, cheap = admin.table(arguments.muster, arguments.lobbies.resolve(), arguments.quick)
        good = good and cheap
        lines += ["", "### Admins", ""] + table
    if only is None:
        table, content = game_table(arguments.muster, arguments.quick)
        good = good and content
        lines += ["", "### The whole game", ""] + table
    print("\n".join(lines))
    if arguments.rig and not only and not arguments.quick and arguments.rounds >= ROUNDS_MIN:
        write(lines)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
