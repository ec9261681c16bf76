"""Starts `muster-conformance` for a test."""

import contextlib
import os
import socket
import subprocess

import pytest

from conftest import BINARY

PROGRAM = BINARY.with_name("muster-conformance")
LISTENERS = 7
STOP_SECONDS = 10


def free_ports(count):
    """The first of `count` neighbouring ports that nobody listens on; below those given to clients."""
    for first in range(20_000 + os.getpid() % 1000 * 10, 32_000, count):
        listeners = []
        try:
            for port in range(first, first + count):
                listeners.append(socket.create_server(("127.0.0.1", port)))
            return first
        except OSError:
            pass
        finally:
            for listener in listeners:
                listener.close()
    pytest.fail("no free ports")


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
