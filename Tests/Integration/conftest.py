"""Runs the built `muster` as a user would, and talks to it over loopback with clients that are not ours.

No fixed ports (`--listen 127.0.0.1:0`) and no sleeps: every wait is for an event, with a deadline.
"""

import os
import pathlib
import queue
import re
import signal
import subprocess
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("MUSTER_BINARY", ROOT / ".build/release/muster"))
ADDRESS = re.compile(r"listening on (https?://(\S+):(\d+))")
START_SECONDS = 10
STOP_SECONDS = 15


def clean_environment(**extra):
    """The environment without anybody's MUSTER_ settings, but with `extra`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MUSTER_")}
    return kept | extra


def run_muster(*arguments, cwd, **environment):
    """Runs `muster` to its end: for commands that answer and exit."""
    return subprocess.run(
        [BINARY, *arguments],
        cwd=cwd,
        env=clean_environment(**environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
    )


class Server:
    """One `muster host` on a free port of 127.0.0.1, from its address line to its exit."""

    def __init__(self, *arguments, cwd, listen="127.0.0.1:0", **environment):
        self.output = []
        self._lines = queue.Queue()
        self.process = subprocess.Popen(
            [BINARY, "host", "--listen", listen, *arguments],
            cwd=cwd,
            env=clean_environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()
        try:
            match = self.expect_output(ADDRESS, START_SECONDS)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        self.url, self.host, self.port = match[1], match[2], int(match[3])

    def _read(self):
        for line in self.process.stdout:
            self.output.append(line)
            self._lines.put(line)
        self._lines.put(None)

    def expect_output(self, pattern, seconds):
        """The match of the next line, not looked at before, in which `pattern` is found."""
        while True:
            try:
                line = self._lines.get(timeout=seconds)
            except queue.Empty:
                line = None
            if line is None:
                pytest.fail(f"no line with {pattern.pattern!r}; the server printed:\n{''.join(self.output)}")
            if match := pattern.search(line):
                return match

    def stop(self):
        """SIGTERM, then the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self):
        """The exit code; a server that does not exit in time is killed and fails the test."""
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            pytest.fail(f"still running {STOP_SECONDS} s after SIGTERM; it printed:\n{''.join(self.output)}")


@pytest.fixture
def start_server(tmp_path):
    """Starts servers with settings of the test's own; those still running at its end must exit cleanly."""
    servers = []

    def start(*arguments, **settings):
        servers.append(Server(*arguments, cwd=tmp_path, **settings))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            code = server.stop()
            assert code == 0, f"exit code {code}; it printed:\n{''.join(server.output)}"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server with the default settings, shared by the tests of a file."""
    shared = Server(cwd=tmp_path_factory.mktemp("server"))
    yield shared
    assert shared.process.poll() is None, f"it ended during the tests; it printed:\n{''.join(shared.output)}"
    assert shared.stop() == 0, "".join(shared.output)
