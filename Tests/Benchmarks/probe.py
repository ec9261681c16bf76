"""How long after an input goes in the first snapshot that shows it comes out, as players see it.

Ten players play tap, whose snapshots come ten times a second, beside all who play pulse; each in a lobby of its own, so that none waits
while what another was sent is read.
Each sends an input at times of its own choice, not when a snapshot has come, and waits until its counter has risen. What is
measured has the way through both sockets in it.
"""

import asyncio
import json
import os
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "protocol" / "conformance"))
import decode_snapshot  # noqa: E402

PLAYERS = 10
# The mask is zero: nobody on the way looks at these bytes.
MASK = bytes(4)
TEXT, BINARY, PING, PONG = 1, 2, 9, 10


class Player:
    """One player, its counter as the newest snapshot has it, and how long its inputs took to show."""

    def __init__(self, seed):
        self.number = seed
        self.random = random.Random(seed)
        self.state = self.schema = self.sent_at = None
        self.shown = asyncio.Event()
        self.milliseconds = []

    async def open(self, port):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        self.writer.write(
            f"GET /lobby/probe-{self.number} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        self.say("join", {"name": "probe", "game": "tap"})

    def say(self, event, data):
        self.send(TEXT, json.dumps({"event": event, "data": data}).encode())

    def send(self, opcode, payload):
        assert len(payload) < 126
        self.writer.write(bytes([0x80 | opcode, 0x80 | len(payload)]) + MASK + payload)

    async def frame(self):
        first, length = await self.reader.readexactly(2)
        assert length < 127, "a frame longer than any here"
        if length == 126:
            length = int.from_bytes(await self.reader.readexactly(2), "big")
        return first & 15, await self.reader.readexactly(length)

    async def listen(self):
        while True:
            opcode, payload = await self.frame()
            now = time.monotonic()
            if opcode == BINARY:
                self.received(payload, now)
            elif opcode == PING:
                self.send(PONG, payload)
            elif opcode == TEXT:
                message = json.loads(payload)
                assert message["event"] != "exception", message
                if message["event"] == "joined":
                    self.seat = message["data"]["seat"]
                    self.schema = decode_snapshot.Schema(message["data"]["schema"])

    @property
    def counter(self):
        table = self.state["tables"][0]
        return table["rows"][table["ids"].index(self.seat)][0]

    def received(self, message, now):
        before = self.counter if self.state and self.seat in self.state["tables"][0]["ids"] else None
        self.state = decode_snapshot.apply(message, self.state, self.schema)
        if self.sent_at is not None and self.counter != before:
            self.milliseconds.append((now - self.sent_at) * 1_000)
            self.sent_at = None
            self.shown.set()

    async def play(self, seconds):
        end = time.monotonic() + seconds
        await asyncio.sleep(1)
        while time.monotonic() < end:
            await asyncio.sleep(self.random.uniform(0.1, 0.4))
            self.shown.clear()
            self.sent_at = time.monotonic()
            self.say("input", {"input": {"by": 1}})
            await asyncio.wait_for(self.shown.wait(), 5)


async def run(port, seconds):
    players = [Player(seed) for seed in range(PLAYERS)]
    for player in players:
        await player.open(port)
    listening = [asyncio.create_task(player.listen()) for player in players]
    go_ahead()
    await asyncio.gather(*(player.play(seconds) for player in players))
    for task in listening:
        task.cancel()
    times = sorted(value for player in players for value in player.milliseconds)
    return {"count": len(times), "p50": times[len(times) // 2], "p99": times[len(times) * 99 // 100], "max": times[-1]}


def go_ahead():
    """It shares a core with the bots, which are many: what it measures is not to be their delay. Not from the start: to
    start takes longer than they have to spare."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(2))
    except OSError:
        print("no real-time scheduling here: the bots' delay is in the figures", file=sys.stderr)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(int(sys.argv[1]), float(sys.argv[2])))))
