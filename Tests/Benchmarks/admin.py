"""What admins who watch cost: pages of the official Socket.IO Admin UI, our own panel and `muster monitor`, one and ten of each, over a
thousand lobbies with ten thousand players; and how long after something has happened they are told.

The players say nothing, and are sent a snapshot a second: of a server that is busy, its share would vary more by itself than admins take.
The server has one core, and the players and admins the other. A share is what the server's threads took while they watched, less
what they took before and after, over the same time.
"""

import asyncio
import contextlib
import json
import os
import random
import subprocess
import tempfile
import time

from lobbies import BOTS_CORE, LARGE_PAGES, PASSWORD, cpu_seconds, hosting, on_core, overview

ONE_MUST, TEN_MUST = 2.0, 5.0
TOLD_MUST = 1_500.0
FULL = {"bots": 10_000, "lobbies": 1_000, "seconds": 20, "probes": 100, "ramp": 500}
QUICK = {"bots": 200, "lobbies": 20, "seconds": 3, "probes": 10, "ramp": 500}
TEXT, PING, PONG = 1, 9, 10


class Socket:
    """A WebSocket of a client; the mask is zero."""

    async def open(self, port, target):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        self.writer.write(
            f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head

    def send(self, text, opcode=TEXT):
        payload = text if isinstance(text, bytes) else text.encode()
        length = bytes([0x80 | len(payload)]) if len(payload) < 126 else bytes([0xFE]) + len(payload).to_bytes(2, "big")
        self.writer.write(bytes([0x80 | opcode]) + length + bytes(4) + payload)

    async def message(self):
        """The next text message."""
        while True:
            first, length = await self.reader.readexactly(2)
            if length > 125:
                length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8), "big")
            payload = await self.reader.readexactly(length)
            if first & 15 == PING:
                self.send(payload, PONG)
            elif first & 15 == TEXT:
                return payload.decode()

    def close(self):
        self.writer.close()


class SocketAdmin(Socket):
    """An admin on the namespace: a page of the official UI, or, as `muster monitor` is, a client of ours."""

    def __init__(self, is_page):
        self.is_page, self.shown, self.rounds, self.told = is_page, 0, 0, {}

    async def start(self, port):
        await self.open(port, "/socket.io/?EIO=4&transport=websocket")
        await self.message()
        auth = {"username": "admin", "password": PASSWORD} | ({} if self.is_page else {"client": "muster"})
        self.send("40/admin," + json.dumps(auth))
        self.task = asyncio.create_task(self.listen())

    async def listen(self):
        while True:
            message = await self.message()
            if message == "2":
                self.send("3")
            elif message.startswith('42/admin,["all_sockets"'):
                self.shown = message.count('"clientId"')
            elif message.startswith('42/admin,["socket_connected"'):
                self.shown += 1
                if '"name":"probe-' in message:
                    name = message.split('"name":"', 1)[1].split('"', 1)[0]
                    self.told.setdefault(name, time.monotonic())
            elif message.startswith(('42/admin,["server_stats"', '42/admin,["overview"')):
                self.rounds += 1

    async def settle(self, players):
        """Waits until all is shown that there is."""
        for _ in range(600):
            if self.rounds > 1 and (not self.is_page or self.shown >= players):
                return
            await asyncio.sleep(0.5)
        raise SystemExit(f"an admin was shown {self.shown} of {players} players")

    def stop(self):
        self.task.cancel()
        self.close()


class Panel:
    """What the panel's page asks each second on the page of lobbies, and of events."""

    def __init__(self):
        self.rounds, self.told = 0, {}

    async def start(self, port):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        self.token = ""
        self.token = (await self.ask("POST", "login", {"username": "admin", "password": PASSWORD}))["token"]
        self.task = asyncio.create_task(self.listen())

    async def ask(self, method, target, body=None):
        data = json.dumps(body).encode() if body else b""
        lines = [f"{method} /api/admin/{target} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"Authorization: Bearer {self.token}"] if self.token else []
        lines += [f"Content-Length: {len(data)}"] if body else []
        self.writer.write("\r\n".join(lines + ["", ""]).encode() + data)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert " 200 " in head.split("\r\n")[0], head
        length = next(int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("content-length"))
        return json.loads(await self.reader.readexactly(length))

    async def listen(self):
        after = None
        while True:
            began = time.monotonic()
            await self.ask("GET", "overview?lobbies=false")
            await self.ask("GET", "lobbies?sort=players&limit=50")
            events = await self.ask("GET", "events?kind=joined&limit=500" + (f"&after={after}" if after else ""))
            after = events["next"]
            for entry in events["entries"]:
                if entry.get("name", "").startswith("probe-"):
                    self.told.setdefault(entry["name"], time.monotonic())
            self.rounds += 1
            await asyncio.sleep(max(0, 1 - (time.monotonic() - began)))

    async def settle(self, _):
        while self.rounds < 2:
            await asyncio.sleep(0.2)

    def stop(self):
        self.task.cancel()
        self.writer.close()


KINDS = {"page of the official UI": lambda: SocketAdmin(True), "panel": Panel, "monitor": lambda: SocketAdmin(False)}


async def load(pid, seconds):
    """The share of a core that the server takes, in hundredths."""
    began, before = time.monotonic(), cpu_seconds(pid)
    await asyncio.sleep(seconds)
    return 100 * (cpu_seconds(pid) - before) / (time.monotonic() - began)


async def watched(pid, port, kind, count, size):
    """What that many admins take: before, meanwhile, after."""
    before = await load(pid, size["seconds"])
    admins = [KINDS[kind]() for _ in range(count)]
    for admin in admins:
        await admin.start(port)
    for admin in admins:
        await admin.settle(size["bots"])
    meanwhile = await load(pid, size["seconds"])
    for admin in admins:
        admin.stop()
    await asyncio.sleep(4)
    after = await load(pid, size["seconds"])
    return {"kind": kind, "count": count, "base": (before + after) / 2, "share": meanwhile - (before + after) / 2}


async def told(port, kind, size):
    """Milliseconds from a join to its being told to an admin."""
    admin = KINDS[kind]()
    await admin.start(port)
    await admin.settle(size["bots"])
    joined, random_source = {}, random.Random(7)

    async def probe(number):
        await asyncio.sleep(random_source.uniform(0, 10 if size is FULL else 2))
        player = Socket()
        await player.open(port, f"/lobby/told-{number}")
        player.send(json.dumps({"event": "join", "data": {"name": f"probe-{kind[:3]}-{number}", "game": "pulse"}}))
        await player.message()
        joined[f"probe-{kind[:3]}-{number}"] = time.monotonic()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.create_task(drain(player)), 5)
        player.close()

    async def drain(player):
        while True:
            await player.message()

    await asyncio.gather(*(probe(number) for number in range(size["probes"])))
    await asyncio.sleep(2)
    admin.stop()
    times = sorted(1_000 * (admin.told[name] - at) for name, at in joined.items() if name in admin.told)
    assert len(times) == size["probes"], f"{kind}: {len(times)} of {size['probes']} were told"
    return {"kind": kind, "p50": times[len(times) // 2], "p99": times[min(len(times) - 1, len(times) * 99 // 100)]}


async def measure(process, port, size):
    rows = [
        await watched(process.pid, port, kind, count, size) for kind in KINDS for count in (1, 10)]
    return rows, [await told(port, kind, size) for kind in list(KINDS)[:2]]


def table(muster, bench, quick):
    """The table of admins, as Markdown, and whether all that must hold does."""
    size = QUICK if quick else FULL
    os.sched_setaffinity(0, {BOTS_CORE} & os.sched_getaffinity(0) or os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(), hosting(bench, {"MUSTER_ADMIN_MODE": "development"}) as (process, port):
        command = [bench, "bots", str(port), "pulse", str(size["bots"]), str(size["lobbies"]), "3600"]
        players = subprocess.Popen(
            command + ["--ramp", str(size["ramp"]), "--idle"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, **LARGE_PAGES}, preexec_fn=on_core(BOTS_CORE, ahead=True))
        try:
            time.sleep(size["bots"] / size["ramp"] + size["seconds"] / 2)
            before = overview(muster, port)
            rows, times = asyncio.run(measure(process, port, size))
            last = overview(muster, port)
        finally:
            players.terminate()
            players.wait(60)
    lines = [
        f"{size['bots']:,} players in {size['lobbies']:,} lobbies.", "",
        "| admins | server core without | more with them | must | |", "| --- | --- | --- | --- | --- |",
    ]
    good = True
    for row in rows:
        must = ONE_MUST if row["count"] == 1 else TEN_MUST
        holds = row["share"] <= must
        good = good and (holds or quick)
        lines.append(
            f"| {row['count']} × {row['kind']} | {row['base']:.1f} % | {row['share']:.2f} % | ≤ {must:.0f} % |"
            f" {'met' if holds else '**missed**'} |")
    lines += ["", "| a join is told to a | p50, p99 ms | must | |", "| --- | --- | --- | --- |"]
    for row in times:
        holds = row["p99"] <= TOLD_MUST
        good = good and (holds or quick)
        lines.append(
            f"| {row['kind']} | {row['p50']:.0f}, {row['p99']:.0f} | p99 < {TOLD_MUST:,.0f} | {'met' if holds else '**missed**'} |")
    late = last["tickLatenessMilliseconds"]
    missed = last["counters"]["stepsDropped"] - before["counters"]["stepsDropped"]
    lines += ["", f"Steps missed meanwhile: {missed}; lateness since the start p99 {late['p99']:.2f}, p99.9 {late['p999']:.2f} ms."]
    return lines, good and (missed == 0 or quick)
