"""What an attack cost a process: its CPU, memory and descriptors, from /proc."""

import dataclasses
import os
import pathlib
import time

PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclasses.dataclass
class Sample:
    """One look at a process: seconds on the monotonic clock, CPU in nanoseconds, resident bytes, descriptors."""

    at: float
    cpu: int
    resident: int
    descriptors: int


def sample(pid):
    """Looks at a process. The CPU is the sum over its threads, to the nanosecond (schedstat)."""
    process = pathlib.Path(f"/proc/{pid}")
    cpu = 0
    for task in (process / "task").iterdir():
        try:
            cpu += int((task / "schedstat").read_text().split()[0])
        except FileNotFoundError:
            pass
    resident = int((process / "statm").read_text().split()[1]) * PAGE
    return Sample(time.monotonic(), cpu, resident, len(list((process / "fd").iterdir())))


def idle_rate(pid, seconds):
    """What the process spends when nobody attacks it, in nanoseconds of CPU a second: the canary's share."""
    before = sample(pid)
    time.sleep(seconds)
    after = sample(pid)
    return (after.cpu - before.cpu) / (after.at - before.at)


@dataclasses.dataclass
class Cost:
    """What a row's attack sent, and what it cost. CPU is without what the server spends when idle."""

    sent: int = 0
    cpu_microseconds: float = 0
    growth: int = 0
    seconds: float = 0

    @property
    def nanoseconds_per_byte(self):
        return 1000 * self.cpu_microseconds / self.sent if self.sent else None

    @property
    def growth_per_byte(self):
        return self.growth / self.sent if self.sent else None


def cost(before, after, sent, idle):
    """The cost between two samples."""
    seconds = after.at - before.at
    cpu = max(0, after.cpu - before.cpu - idle * seconds)
    return Cost(sent, cpu / 1000, after.resident - before.resident, seconds)
