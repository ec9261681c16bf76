"""The scenarios C-01 to C-16: what befalls a server and its players, and what must hold (docs/chaos.md)."""

import dataclasses
import pathlib
import signal
import time
import typing

from .stage import Fleet, Network, Server, plan, run

SCENARIOS = []
# The arena steps thirty times a second.
TICK_MS = 1000 / 30
SHORT_HEARTBEATS = {"MUSTER_HEARTBEAT_INTERVAL_SECONDS": "6", "MUSTER_HEARTBEAT_TIMEOUT_SECONDS": "6"}


@dataclasses.dataclass
class Scenario:
    id: str
    what: str
    figure: str
    play: typing.Callable = None
    elsewhere: str = ""


def scenario(number, what, figure):
    def enter(play):
        SCENARIOS.append(Scenario(number, what, figure, play))
        return play

    return enter


def elsewhere(number, what, figure, where):
    SCENARIOS.append(Scenario(number, what, figure, elsewhere=where))


class Scene:
    """One scenario's servers, fleets and network, and what was found."""

    def __init__(self, binary, is_long):
        self.binary, self.is_long = binary, is_long
        self.found, self.broken, self._props = [], [], []
        self._network = None

    def seconds(self, short, long):
        return long if self.is_long else short

    @property
    def network(self):
        if not self._network:
            self._network = Network()
        return self._network

    def server(self, **options):
        server = Server(self.binary, **options)
        self._props.append(server)
        return server

    def fleet(self, server, told, **options):
        fleet = Fleet(self.binary, server, told, **options)
        self._props.append(fleet.process)
        return fleet

    def note(self, text):
        self.found.append(text)

    def check(self, what, holds, found=""):
        if found:
            self.note(f"{what}: {found}")
        if not holds:
            self.broken.append(f"{what} {found}".strip())

    def strike(self):
        for prop in reversed(self._props):
            if isinstance(prop, Server):
                prop.signal(signal.SIGCONT) if prop.alive() else None
                prop.stop()
            elif prop.poll() is None:
                prop.kill()
                prop.wait()
        if self._network:
            self._network.stop()


def in_step(scene, report):
    """No client has had a state that was not the server's."""
    wrong = report.count("hashMismatches") + report.count("wrongSnapshots")
    scene.check("hashes checked", report.count("hashChecks") > 0, str(report.count("hashChecks")))
    scene.check("wrong states", wrong == 0, str(wrong))


@scenario("C-01", "50 ± 20 ms, 2 % loss", "0 disconnects; input to effect p99 ≤ base + 2 ticks + RTT + two losses")
def lossy_line(scene):
    # A lost segment costs a retransmission, up and down: TCP has no other way.
    told = plan(scene.seconds(15, 600), 50, link={"delay_ms": 25, "jitter_ms": 20, "loss": 0.02, "retransmit_ms": 200})
    server = scene.server()
    base = scene.fleet(server, plan(5, 50), seed=2).report().milliseconds("inputToEffect")
    report = scene.fleet(server, told).report()
    scene.check("disconnects", report.count("unexpectedCloses") == 0, str(report.count("unexpectedCloses")))
    bound = base + 2 * TICK_MS + 90 + 400
    effect = report.milliseconds("inputToEffect")
    scene.check("input to effect p99", effect <= bound, f"{effect:.0f} of {bound:.0f} ms")
    in_step(scene, report)


@scenario("C-02", "5 % loss in bursts", "≤ 0.5 % disconnects, all resumed, every hash right")
def bursts(scene):
    told = plan(scene.seconds(15, 600), 50, link={"delay_ms": 25, "jitter_ms": 30, "loss": 0.05, "burst": 0.4})
    report = scene.fleet(scene.server(), told).report()
    closes = report.count("unexpectedCloses") + report.count("heartbeatsMissed")
    scene.check("disconnects", closes <= 0.005 * 50, str(closes))
    scene.check("seats lost", report.count("seatLost") == 0, str(report.count("seatLost")))
    in_step(scene, report)


@scenario("C-03", "256 kbit/s for each client", "newest only: age p99 ≤ 500 ms, no growth")
def thin_line(scene):
    server = scene.server()
    told = plan(scene.seconds(20, 120), 50, link={"delay_ms": 20, "down_bytes_per_second": 32_000})
    fleet = scene.fleet(server, told)
    time.sleep(8)
    before = server.resident()
    report = fleet.report()
    growth = (server.resident() - before) / 50
    age = report.milliseconds("snapshotAge")
    scene.check("snapshot age p99", age <= 500, f"{age:.0f} ms")
    scene.check("growth of each client", growth <= 65_536, f"{max(0, growth) / 1024:.0f} KiB")
    in_step(scene, report)


# How long after the line is there again everyone must be back. Where the clients were not heard, each has a connection under way whose SYN
# the kernel sends again 1, 2 and 4 s after the last: nobody is told that the line is there again.
BACK_AGAIN_SECONDS = {"down": 2, "up": 5}


@scenario("C-04", "nothing arrives one way: for 4 s, then for 25 s", "4 s: same connections; 25 s: no seat lost, back ≤ 2 s (down), 5 s (up)")
def one_way(scene):
    network, server = scene.network, scene.server(**SHORT_HEARTBEATS)
    for way in ("down", "up"):
        fleet = scene.fleet(server, plan(50, 20), network=network, seed=1 if way == "down" else 2)
        time.sleep(6)
        connects = server.metrics()["connections_accepted"]
        network.cut(way)
        time.sleep(4)
        network.mend(way)
        time.sleep(4)
        # The one that asks is new.
        again = server.metrics()["connections_accepted"] - connects - 1
        scene.check(f"new connections after 4 s without {way}", again == 0, f"{again:.0f}")
        network.cut(way)
        time.sleep(25)
        missed = server.metrics()["heartbeats_missed"]
        network.mend(way)
        began = time.monotonic()
        while server.metrics()["seats_connected"] < 20 and time.monotonic() < began + 10:
            time.sleep(0.05)
        back = time.monotonic() - began
        report = fleet.report()
        scene.check(f"all back after {way} was there again", back <= BACK_AGAIN_SECONDS[way], f"{back:.1f} s")
        scene.check(f"back after 25 s without {way}", report.count("resumes") >= 20, f"{report.count('resumes')} of 20")
        scene.check("seats lost", report.count("seatLost") == 0, str(report.count("seatLost")))
        scene.note(f"heartbeats missed {missed:.0f}, slowest to be back {report.milliseconds('reconnectTime', 'max'):.0f} ms")
        in_step(scene, report)


@scenario("C-05", "10 % of the clients stop reading", "others' snapshots in time; the frozen gone ≤ 25 s; memory ≤ 10 % × cap")
def frozen_readers(scene):
    server = scene.server(**SHORT_HEARTBEATS)
    players = scene.fleet(server, plan(45, 90), seed=1)
    frozen = scene.fleet(server, plan(60, 10), seed=2)
    time.sleep(6)
    before, resident = server.metrics(), server.resident()
    frozen.signal(signal.SIGSTOP)
    began = time.monotonic()
    while server.metrics()["connections"] > before["connections"] - 10 and time.monotonic() < began + 40:
        time.sleep(0.2)
    gone = time.monotonic() - began
    growth = server.resident() - resident
    frozen.signal(signal.SIGKILL)
    report = players.report()
    scene.check("the frozen are gone after", gone <= 25, f"{gone:.1f} s")
    scene.check("growth", growth <= 10 * 262_144 + (2 << 20), f"{growth >> 10} KiB")
    age = report.milliseconds("snapshotAge")
    scene.check("others' snapshot age p99", age <= 2 * TICK_MS + 20, f"{age:.1f} ms")
    scene.check("others' losses", report.count("unexpectedCloses") == 0, str(report.count("unexpectedCloses")))


@scenario("C-06", "one byte in a segment", "nothing wrong; server CPU ≤ 3 × that of whole segments")
def sliced(scene):
    spent = {}
    for name, link in (("whole", {"delay_ms": 1}), ("sliced", {"delay_ms": 1, "segment_bytes": 1, "slice": 1})):
        server = scene.server()
        told = plan(scene.seconds(10, 60), 20, behaviour="wander", link=link)
        report = scene.fleet(server, told).report()
        spent[name] = server.cpu_seconds()
        server.stop()
        scene.check(f"failures {name}", not report.failures, "; ".join(report.failures))
    scene.check(
        "CPU", spent["sliced"] <= 3 * spent["whole"] + 0.2, f"{spent['sliced']:.2f} s, whole {spent['whole']:.2f} s"
    )


@scenario("C-07", "connections are reset at random", "each resumed ≤ 1.5 s p99; no leak")
def resets(scene):
    server = scene.server()
    told = plan(scene.seconds(20, 300), 50, cut_every_seconds=10)
    report = scene.fleet(server, told).report()
    back = report.milliseconds("reconnectTime")
    scene.check("reconnect p99", back <= 1_500, f"{back:.0f} ms")
    scene.check("resumes", report.count("resumes") >= report.count("cuts") * 0.98, f"{report.count('resumes')} of {report.count('cuts')}")
    scene.check("seats lost", report.count("seatLost") == 0, str(report.count("seatLost")))
    time.sleep(2)
    left = server.metrics()["connections"]
    # The one that asks is there.
    scene.check("connections left", left <= 1, f"{left:.0f}")


@scenario("C-08", "the link is down for 3 s, for all 500", "all back ≤ 10 s; nobody refused")
def link_down(scene):
    network, server = scene.network, scene.server()
    fleet = scene.fleet(server, plan(25, 500), network=network)
    time.sleep(8)
    sent = server.metrics()["snapshots_sent"]
    time.sleep(1)
    rate = server.metrics()["snapshots_sent"] - sent
    network.set_link("down")
    time.sleep(3)
    network.set_link("up")
    began = time.monotonic()
    while True:
        before = server.metrics()["snapshots_sent"]
        time.sleep(0.5)
        if (server.metrics()["snapshots_sent"] - before) * 2 >= 0.95 * rate:
            break
        if time.monotonic() > began + 20:
            break
    back = time.monotonic() - began
    report = fleet.report()
    scene.check("back at full rate after", back <= 10, f"{back:.1f} s")
    scene.check("refused", server.metrics()["connections_refused"] == 0)
    scene.check("seats lost", report.count("seatLost") == 0, str(report.count("seatLost")))
    in_step(scene, report)


elsewhere(
    "C-09", "the address changes every 30 s", "resume ≤ 1.5 s p99, seat kept",
    "a seat is not bound to an address, so it is C-07 with another address: Tests/ServerCoreTests",
)
elsewhere("C-10", "Redis is killed, frozen, slow, apart", "lobbies unaffected", "several nodes: Tests/Integration/test_cluster.py")


@scenario("C-11", "the server is stopped for 1, 5 and 20 s", "nobody timed out by ≤ 5 s; steps dropped and declared")
def stopped(scene):
    server = scene.server()
    fleet = scene.fleet(server, plan(40, 50))
    time.sleep(4)
    for seconds in (1, 5, 20):
        before = server.metrics()
        server.signal(signal.SIGSTOP)
        time.sleep(seconds)
        server.signal(signal.SIGCONT)
        time.sleep(2)
        after = server.metrics()
        drops, dropped = after["drops"] - before["drops"], after["steps_dropped"] - before["steps_dropped"]
        scene.check(f"lost after {seconds} s", drops == 0, f"{drops:.0f}")
        owed = 5 * seconds * 30
        scene.check(f"steps dropped after {seconds} s", owed * 0.8 <= dropped <= owed * 1.1, f"{dropped:.0f} of {owed}")
    report = fleet.report()
    scene.check("seats lost", report.count("seatLost") == 0, str(report.count("seatLost")))
    in_step(scene, report)


@scenario("C-12", "the server is killed and started again", "accepting ≤ 1 s; ≥ 99.9 % back ≤ 15 s")
def killed(scene):
    server = scene.server(port=0)
    times = scene.seconds(3, 60)
    fleet = scene.fleet(server, plan(times * 10 + 5, 100))
    time.sleep(5)
    slowest = 0
    for _ in range(times):
        server.kill()
        began = time.monotonic()
        server.start()
        server.metrics()
        slowest = max(slowest, time.monotonic() - began)
        while server.metrics()["seats_connected"] < 100 and time.monotonic() < began + 15:
            time.sleep(0.1)
        playing, back = server.metrics()["seats_connected"], time.monotonic() - began
        scene.check("back", playing >= 100, f"{playing:.0f} in {back:.1f} s")
        time.sleep(max(0, began + 10 - time.monotonic()))
    scene.check("slowest start", slowest <= 1, f"{slowest * 1000:.0f} ms")
    report = fleet.report()
    in_step(scene, report)


@scenario("C-13", "128 descriptors for 200 players", "who is in plays on, others are refused, never killed")
def few_descriptors(scene):
    server = scene.server(descriptors=128)
    told = plan(15, 200)
    report = scene.fleet(server, told).report()
    scene.check("the server is there", server.alive())
    scene.check("players", 60 <= report.count("botsJoined") < 200, f"{report.count('botsJoined')} of 200")
    scene.check("lost while playing", report.count("unexpectedCloses") == 0, str(report.count("unexpectedCloses")))
    in_step(scene, report)
    scene.check("somebody is let in afterwards", not scene.fleet(server, plan(3, 20), seed=2).report().failures)


elsewhere("C-14", "a rolling restart with hand-over", "0 refused", "the server hands no listening socket to a successor: a gap")


@scenario("C-15", "the process begins with clocks an hour on", "no effect")
def other_clocks(scene):
    server = scene.server(prefix=("unshare", "--time", "--monotonic", "3600", "--boottime", "3600", "--fork", "--kill-child"))
    report = scene.fleet(server, plan(8, 20)).report()
    scene.check("failures", not report.failures, "; ".join(report.failures))
    in_step(scene, report)


@scenario("C-16", "the disk of the recordings is full", "the service goes on; an alarm, and not one for each write")
def full_disk(scene):
    folder = pathlib.Path("/mnt/chaos")
    run("mount", "-t", "tmpfs", "-o", "size=64k", "none", "/mnt")
    folder.mkdir()
    server = scene.server(MUSTER_RECORD=str(folder))
    report = scene.fleet(server, plan(12, 40)).report()
    broken = server.metrics()["recordings_broken"]
    server.stop()
    alarms = sum("recording" in line for line in server.text().splitlines())
    run("umount", "-l", "/mnt")
    scene.check("failures", not report.failures, "; ".join(report.failures))
    scene.check("recordings given up", broken > 0, f"{broken:.0f}")
    scene.check("alarms", 1 <= alarms <= 4, str(alarms))
