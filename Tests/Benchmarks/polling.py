"""What a client over HTTP long polling costs the server: CPU time for an event that is posted and comes back in an answer to a GET,
20 times a second each. Another server that answers the event `echo` at /socket.io/ may be measured in turn.
"""

import asyncio
import contextlib
import os
import shlex
import socket
import statistics
import subprocess
import sys
import time

from tls import cpu_microseconds

CLIENTS = 50
RATE = 20
SLICE_SECONDS = 2.0
MUST = 0.5
EVENT = b'42["echo","' + b"x" * 32 + b'"]'


@contextlib.contextmanager
def serving(command):
    """A server that listens on a port of its own: its process id and that port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    words = [str(word).replace("{port}", str(port)) for word in command]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=sys.stderr)
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"it does not listen: {shlex.join(words)}") from None
                time.sleep(0.05)
        with contextlib.suppress(AttributeError, OSError):
            os.sched_setaffinity(process.pid, {0})
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(30)


class Poller:
    """One client: a connection for what it sends and one for what it gets, kept open as browsers do."""

    async def open(self, port):
        self.host = f"127.0.0.1:{port}"
        self.down = await asyncio.open_connection("127.0.0.1", port)
        self.up = await asyncio.open_connection("127.0.0.1", port)
        self.query = "EIO=4&transport=polling"
        opened = await self.request(self.down, "GET")
        self.query += "&sid=" + opened.split(b'"sid":"')[1].split(b'"')[0].decode()
        await self.request(self.up, "POST", b"40")
        assert (await self.request(self.down, "GET")).startswith(b"40{"), "not let in"
        return self

    async def request(self, connection, method, body=b""):
        """The body of the answer."""
        reader, writer = connection
        length = f"Content-Type: text/plain;charset=UTF-8\r\nContent-Length: {len(body)}\r\n" if method == "POST" else ""
        head = f"{method} /socket.io/?{self.query} HTTP/1.1\r\nHost: {self.host}\r\nAccept: */*\r\n{length}\r\n"
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        length = next(
            int(line.split(b":")[1]) for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        return await reader.readexactly(length)

    async def play(self, start, end):
        """How many events came back."""
        clock, due, count = asyncio.get_running_loop().time, start, 0
        while due < end:
            await asyncio.sleep(max(0, due - clock()))
            due += 1 / RATE
            poll = asyncio.create_task(self.request(self.down, "GET"))
            await self.request(self.up, "POST", EVENT)
            while EVENT not in await poll:
                poll = asyncio.create_task(self.request(self.down, "GET"))
            count += 1
        return count

    def close(self):
        for _, writer in (self.down, self.up):
            writer.transport.abort()


async def slice_of(pid, port):
    """CPU microseconds of the server for an event there and back."""
    pollers = [await Poller().open(port) for _ in range(CLIENTS)]
    before = cpu_microseconds(pid)
    start = asyncio.get_running_loop().time()
    counts = await asyncio.gather(
        *(poller.play(start + place / RATE / CLIENTS, start + SLICE_SECONDS) for place, poller in enumerate(pollers)))
    spent = cpu_microseconds(pid) - before
    for poller in pollers:
        poller.close()
    return spent / sum(counts)


def table(server, rounds, peer=None):
    """The figures as Markdown, and whether our part is what it must be."""
    with contextlib.ExitStack() as running:
        ours = running.enter_context(serving([server, "bench", "{port}", "0", "32", "25"]))
        other = running.enter_context(serving(shlex.split(peer))) if peer else None
        own, others, ratios = [], [], []
        for _ in range(rounds):
            own.append(asyncio.run(slice_of(*ours)))
            if other:
                others.append(asyncio.run(slice_of(*other)))
                ratios.append(own[-1] / others[-1])
    lines = ["| workload | muster, CPU µs per event there and back |", "| --- | --- |"]
    row = f"| polling, {CLIENTS} clients at {RATE}/s | {statistics.median(own):.1f} |"
    if not other:
        return [*lines, row], True
    ratio = statistics.median(ratios)
    lines = [lines[0] + " peer | ratio | must | | alternations |", lines[1] + " --- | --- | --- | --- | --- |"]
    verdict = "met" if ratio <= MUST else "**missed**"
    row += f" {statistics.median(others):.1f} | {ratio:.2f} | ≤ {MUST:.2f} | {verdict} | {rounds} |"
    return [*lines, row], ratio <= MUST
