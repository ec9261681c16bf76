"""What lobbies cost and how late their steps are: many small ones, many busy ones, and a crowd that comes at once.

The server has one core and the bots the other. Bots decode every snapshot and check every state hash; what they say at
the end decides as much as the figures do. They are joined by a cable (cable.py) where the machine allows one. Allocations are counted by a library that is loaded before the C library's. In
the first workload a few players of probe.py's measure how long an input takes to show.
"""

import base64
import contextlib
import hashlib
import json
import mmap
import os
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cable
from cable import PLAYERS, SERVER

HERE = Path(__file__).resolve().parent
SERVER_CORE, BOTS_CORE = 0, 1
# Ahead of what else the machine does, and of nothing here.
PRIORITY = 1
PASSWORD = "measured here alone"
# The memory of both in large pages: what belongs to thousands of players lies far apart, and is looked up page by page otherwise.
LARGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
# A step of a lobby in which nobody comes or goes and nothing is said allocates nothing. What else goes on in the server meanwhile does:
# a heartbeat of a player now and then. What pulse's players say is text, made and encoded anew.
ALLOCATIONS_MUST = 0.1
# An input is shown after one tick of tap and a millisecond.
SHOWN_MUST = 101.0
# Name, game, bots, lobbies, steps a second, seconds, joins per second, the most late that may be (percentile, milliseconds).
WORKLOADS = [
    ("pulse", "pulse", 10_000, 1_000, 10, 180, 500, ("p99", 2.0)),
    ("swarm", "swarm", 4_000, 500, 30, 60, 500, ("p999", 5.0)),
    ("veil", "veil", 1_000, 125, 30, 30, 500, ("p999", 5.0)),
    ("storm", "hoard", 1_000, 8, 10, 10, 1_000, ("p99", 5.0)),
]
QUICK = {"pulse": (500, 50, 5), "swarm": (200, 25, 5), "veil": (200, 25, 5), "storm": (200, 2, 5)}


def on_core(core, ahead=False):
    """Has a child run on one core, where there are two; ahead of what else the machine does there, where that is allowed."""

    def place():
        os.sched_setaffinity(0, {core} & os.sched_getaffinity(0) or os.sched_getaffinity(0))
        if ahead:
            # A niceness would not do: the kernel shares a core between sessions first.
            with contextlib.suppress(OSError):
                os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))

    return place


def preload(name, folder):
    """The setting that has a library of this folder loaded ahead of the C library's; none where it can't be compiled."""
    library = Path(folder) / f"{name}.so"
    command = ["cc", "-O2", "-shared", "-fPIC", "-o", library, HERE / f"{name}.c"]
    return {"LD_PRELOAD": str(library)} if subprocess.run(command).returncode == 0 else {}


class Allocations:
    """How often the server's process has called malloc and its like, read while it runs."""

    def __init__(self, folder):
        # In memory: whoever counts in a file's page waits now and then until the disk has written it.
        self.file = tempfile.NamedTemporaryFile(dir="/dev/shm" if os.path.isdir("/dev/shm") else folder)
        self.path = Path(self.file.name)
        self.path.write_bytes(bytes(8))
        self.environment = {**preload("count_allocations", folder), "ALLOCATIONS_FILE": str(self.path)}

    def count(self):
        with self.path.open("rb") as file, mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ) as memory:
            return struct.unpack("<Q", memory[:8])[0]


def cheap_hash(password):
    """The setting for a password that is checked within a millisecond: the usual 90 would hold the only core of a loop whose
    lateness is measured."""
    salt = os.urandom(16)
    key = hashlib.scrypt(password.encode(), salt=salt, n=1_024, r=1, p=1, dklen=32)
    return "scrypt$1024$1$1$" + "$".join(base64.b64encode(part).decode() for part in (salt, key))


@contextlib.contextmanager
def hosting(bench, environment, path=cable.Loopback()):
    """The bench's server at its end of a path: its process and port."""
    environment = {
        **os.environ, "MUSTER_LISTEN": "127.0.0.1:0", "MUSTER_ADMIN_PASSWORD": cheap_hash(PASSWORD),
        "MUSTER_LIMITS_LOBBIES": "4096", "MUSTER_LIMITS_CONNECTIONS": "20000",
        **LARGE_PAGES, **environment,
    }
    process = subprocess.Popen(
        [*path.end(SERVER), bench, "host"], stdout=subprocess.PIPE, text=True, env=environment, preexec_fn=on_core(SERVER_CORE, ahead=True)
    )
    try:
        yield process, int(process.stdout.readline().split()[1])
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def cpu_seconds(pid):
    """What the process has computed so far, all threads, user and system."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def modes(pid):
    """The seconds of user and of system mode so far, all threads; counted by the kernel's timer, so of long spans only."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return [int(field) / os.sysconf("SC_CLK_TCK") for field in fields[11:13]]


def overview(muster, port, path=cable.Loopback()):
    """What the server says of itself. Tried again where it had no time for that: an overload is to be reported."""
    command = [*path.end(SERVER), muster, "monitor", "--server", f"http://127.0.0.1:{port}", "--password", PASSWORD, "--once", "--json"]
    for left in (2, 1, 0):
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, preexec_fn=on_core(BOTS_CORE))
        if done.returncode == 0 or not left:
            return json.loads(done.stdout)


def measure(muster, bench, workload, quick, path):
    """One workload: what it costs in the middle third, and how late steps were from the start on until nearly the end."""
    name, game, bots, lobbies, rate, seconds, ramp, _ = workload
    if quick:
        bots, lobbies, seconds = QUICK[name]
    with (
        tempfile.TemporaryDirectory() as folder,
        hosting(bench, (allocations := Allocations(folder)).environment, path) as (host, port),
    ):
        command = [*path.end(PLAYERS), bench, "bots", str(port), game, str(bots), str(lobbies), str(seconds), "--ramp", str(ramp)]
        players = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **LARGE_PAGES, **preload("gather_wakeups", folder)},
            preexec_fn=on_core(BOTS_CORE, ahead=True),
        )
        time.sleep(bots / ramp + seconds / 3)
        probe = start_probe(port, seconds / 3, path) if name == "pulse" else None
        before = Reading(host, players, allocations, path)
        time.sleep(seconds / 3)
        after = Reading(host, players, allocations, path)
        time.sleep(seconds / 4)
        # Once, at the end: to write down a thousand lobbies holds up a loop for longer than a step may be late.
        last = overview(muster, port, path)
        said, complaints = players.communicate(timeout=seconds + 120)
        shown = json.loads(probe.communicate(timeout=60)[0]) if probe else None
    passed = after.at - before.at
    user, system = ((after.modes[mode] - before.modes[mode]) / passed for mode in (0, 1))
    return {
        "name": name, "bots": bots, "lobbies": lobbies, "seconds": seconds,
        "load": (after.server - before.server) / passed, "user": user / (user + system),
        "botsLoad": (after.players - before.players) / passed,
        "late": last["tickLatenessMilliseconds"],
        "missed": last["counters"]["stepsDropped"],
        "allocations": (after.allocations - before.allocations) / (lobbies * rate * passed),
        "shown": shown, "result": json.loads(said), "complaints": complaints,
    }


class Reading:
    """Where everything stands at one moment."""

    def __init__(self, host, players, allocations, path):
        self.at = time.monotonic()
        # A core carries what receives for its process, too.
        self.server = cpu_seconds(host.pid) + path.receiving_seconds(SERVER)
        self.players = cpu_seconds(players.pid) + path.receiving_seconds(PLAYERS)
        self.modes = modes(host.pid)
        self.allocations = allocations.count()


def start_probe(port, seconds, path):
    """Players who measure how long an input takes to show."""
    command = [*path.end(SERVER), sys.executable, HERE / "probe.py", str(port), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=on_core(BOTS_CORE))


def table(muster, bench, quick, over_loopback):
    """The table of lobbies, as Markdown, and whether all that must hold does."""
    cores = {SERVER: SERVER_CORE, PLAYERS: BOTS_CORE}
    with contextlib.nullcontext(cable.Loopback()) if over_loopback else cable.laid(cores, PRIORITY) as path:
        return table_over(path, muster, bench, quick)


def table_over(path, muster, bench, quick):
    lines = [
        f"Over {path.name}, {time.strftime('%Y-%m-%d')}.",
        "",
        "| workload | players, lobbies | seconds | server core | steps missed | lateness p50, p99, p99.9 ms | must |"
        " input to snapshot p50, p99 ms | join p50, p99, last ms | allocations per step | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    good = True
    for workload in WORKLOADS:
        figures = measure(muster, bench, workload, quick, path)
        print(
            f"{figures['name']}: {100 * figures['load']:.0f} % of a core, {100 * figures['user']:.0f} % of the process in user mode;"
            f" the bots {100 * figures['botsLoad']:.0f} % of theirs; {figures['complaints'].strip()}",
            flush=True,
        )
        late, (percentile, must) = figures["late"], workload[-1]
        join, shown = figures["result"]["milliseconds"]["joinTime"], figures["shown"]
        holds = late[percentile] <= must and figures["missed"] == 0 and figures["result"]["passed"]
        holds = holds and (shown is None or shown["p99"] <= SHOWN_MUST)
        holds = holds and (workload[0] in ("pulse", "storm") or figures["allocations"] <= ALLOCATIONS_MUST)
        good = good and (holds or quick)
        lines.append(
            f"| `{figures['name']}` | {figures['bots']:,}, {figures['lobbies']:,} | {figures['seconds']} |"
            f" {100 * figures['load']:.0f} % | {figures['missed']} | {late['p50']:.2f}, {late['p99']:.2f},"
            f" {late['p999']:.2f} | {percentile} ≤ {must:.0f} |"
            f" {'%.1f, %.1f' % (shown['p50'], shown['p99']) if shown else ''} |"
            f" {join['p50']:.1f}, {join['p99']:.1f}, {join['max']:.1f} |"
            f" {figures['allocations']:.1f} | {'met' if holds else '**missed**'} |"
        )
    return lines, good
