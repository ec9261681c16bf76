"""Starts `muster-conformance` for a test."""

import contextlib
import subprocess

from conftest import BINARY
from Tests.ports import free_ports

PROGRAM = BINARY.with_name("muster-conformance")
LISTENERS = 7
STOP_SECONDS = 10


@contextlib.contextmanager
def running(folder, *arguments):
    """The first port of a server that runs in that folder, and must end cleanly at SIGTERM."""
    port = free_ports(LISTENERS)
    process = subprocess.Popen(
        [PROGRAM, "--port", str(port), *arguments], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout.readline() == f"ready {port}\n"
        yield port
        assert process.poll() is None, f"it ended during the tests; it printed:\n{process.stdout.read()}"
        process.terminate()
        assert process.wait(STOP_SECONDS) == 0
    finally:
        process.kill()
        process.wait()
