"""What TLS costs the server: its CPU time for a message over TLS, divided by that over plain sockets, measured in turn.

The client is Python's, with asyncio and ssl: far slower than the server, which is no matter, as only the server's own CPU
time is counted. Two servers stay up, one of each kind; short slices of one and the other alternate.
"""

import asyncio
import contextlib
import os
import ssl
import statistics
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MUST = 2.0
SLICE_SECONDS = 1.0
# Name, path, connections, messages at a time of each, how often a second, what one unit is.
WORKLOADS = [
    ("echo_32", "/echo", 50, 1, 30, "message"),
    ("echo_32_x16", "/echo", 20, 16, 30, "message"),
    ("fan", "/fan", 200, 0, 0, "delivery"),
]
FAN_HZ, FAN_BYTES = 20, 512
# A masked binary frame of 32 bytes; the mask is zero, as nobody looks at it here.
FRAME = b"\x82\xa0" + bytes(4) + bytes(32)
ANSWER_BYTES = 2 + 32
FAN_FRAME_BYTES = 4 + FAN_BYTES


def cpu_microseconds(pid):
    """What the process has computed so far, all threads, user and system."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1_000


@contextlib.contextmanager
def serving(server, *flags):
    """A server of the rig's paths: its process id and port."""
    command = [server, "bench", "0", str(FAN_HZ), str(FAN_BYTES), "0", *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process.pid, int(process.stdout.readline().split()[1])
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


async def upgrade(port, path, context):
    """One WebSocket."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 "), head
    return reader, writer


async def converse(connection, depth, interval, start, end, counts):
    """Sends `depth` messages each `interval` and waits for their answers; or, with 0, counts what comes by itself.

    Both servers get the same messages at the same times: a client that sent as fast as it can would send faster over plain
    sockets, and the server would wake up for several messages at once there and for each one here.
    """
    reader, writer = connection
    clock = asyncio.get_running_loop().time
    due = start
    while clock() < end:
        if depth == 0:
            await reader.readexactly(FAN_FRAME_BYTES)
            counts[0] += 1
        else:
            await asyncio.sleep(max(0, due - clock()))
            due += interval
            writer.write(FRAME * depth)
            await reader.readexactly(ANSWER_BYTES * depth)
            counts[0] += depth


async def slice_of(pid, port, workload, context):
    """CPU microseconds of the server for one unit."""
    _, path, count, depth, rate, _ = workload
    # A few at a time: a hundred handshakes at once would only wait for each other.
    connections = []
    while len(connections) < count:
        batch = min(10, count - len(connections))
        connections += await asyncio.gather(*(upgrade(port, path, context) for _ in range(batch)))
    counts = [0]
    before = cpu_microseconds(pid)
    start = asyncio.get_running_loop().time()
    interval = 1 / rate if rate else 0
    # Spread over the interval, as players are.
    await asyncio.gather(
        *(
            converse(connection, depth, interval, start + interval * place / count, start + SLICE_SECONDS, counts)
            for place, connection in enumerate(connections)
        )
    )
    spent = cpu_microseconds(pid) - before
    for _, writer in connections:
        writer.transport.abort()
    return spent / counts[0]


def table(server, rounds):
    """The ratios as Markdown, and whether they are what they must be."""
    lines = [
        "| workload | TLS 1.3, CPU µs | plain, CPU µs | per | ratio | must | | alternations |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    good = True
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([ROOT / "scripts/dev-cert", "--out", folder], check=True, capture_output=True)
        certificate, key = Path(folder) / "certificate.pem", Path(folder) / "key.pem"
        context = ssl.create_default_context(cafile=certificate)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        with serving(server) as plain, serving(server, "--tls-certificate", certificate, "--tls-key", key) as secure:
            with contextlib.suppress(AttributeError, OSError):
                os.sched_setaffinity(plain[0], {0})
                os.sched_setaffinity(secure[0], {0})
            for workload in WORKLOADS:
                ratios, ours, bases = [], [], []
                last = asyncio.run(slice_of(*plain, workload, None))
                for _ in range(rounds):
                    encrypted = asyncio.run(slice_of(*secure, workload, context))
                    base = asyncio.run(slice_of(*plain, workload, None))
                    ratios.append(encrypted / ((last + base) / 2))
                    ours.append(encrypted)
                    bases.append(base)
                    last = base
                ratio = statistics.median(ratios)
                good = good and ratio <= MUST
                lines.append(
                    f"| `{workload[0]}` | {statistics.median(ours):.2f} | {statistics.median(bases):.2f} |"
                    f" {workload[5]} | {ratio:.2f} | ≤ {MUST:.2f} | {'met' if ratio <= MUST else '**missed**'} |"
                    f" {rounds} |"
                )
    return lines, good
