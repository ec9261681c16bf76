"""What a scenario plays on: a server, fleets of bots, and a network of two namespaces that nothing else is in."""

import ctypes
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
ADDRESS = re.compile(r"listening on \S+:(\d+)")
PR_SET_PDEATHSIG = 1
SERVER_HOST, CLIENT_HOST = "10.203.0.1", "10.203.0.2"
START_SECONDS = 10


def environment(**settings):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MUSTER_")}
    return kept | settings


def die_with_us():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Network:
    """The clients' namespace, joined by a veth pair to ours, which is private as well."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "-n", "sleep", "infinity"], preexec_fn=die_with_us)
        deadline = time.monotonic() + 5
        while os.readlink(f"/proc/{self.holder.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
            if time.monotonic() > deadline:
                raise RuntimeError("no namespace for the clients")
            time.sleep(0.01)
        run("ip", "link", "add", "chaos0", "type", "veth", "peer", "name", "chaos1", "netns", str(self.holder.pid))
        run("ip", "address", "add", f"{SERVER_HOST}/24", "dev", "chaos0")
        run("ip", "link", "set", "chaos0", "up")
        self.client("ip", "link", "set", "lo", "up")
        self.client("ip", "address", "add", f"{CLIENT_HOST}/24", "dev", "chaos1")
        self.client("ip", "link", "set", "chaos1", "up")

    def client(self, *command):
        run(*self.inside, *command)

    @property
    def inside(self):
        return ["nsenter", "-t", str(self.holder.pid), "-n"]

    def set_link(self, state):
        run("ip", "link", "set", "chaos0", state)

    def cut(self, way):
        """Nothing arrives any more one way: `down` is to the clients, `up` to the server. Nobody is told."""
        if way == "down":
            run("ip", "route", "add", "blackhole", f"{CLIENT_HOST}/32")
        else:
            self.client("ip", "route", "add", "blackhole", f"{SERVER_HOST}/32")

    def mend(self, way):
        if way == "down":
            run("ip", "route", "del", "blackhole", f"{CLIENT_HOST}/32")
        else:
            self.client("ip", "route", "del", "blackhole", f"{SERVER_HOST}/32")

    def stop(self):
        self.holder.kill()
        self.holder.wait()


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")


class Server:
    """One `muster host`, on all addresses of this namespace."""

    def __init__(self, binary, *, port=0, descriptors=None, prefix=(), folder=None, **settings):
        self.binary, self.descriptors, self.prefix = binary, descriptors, list(prefix)
        # All bots have one address. As a proxy's it is not counted, and a proxy that names nobody speaks for itself.
        self.settings = {"MUSTER_PROXIES": f"{CLIENT_HOST}/32", "MUSTER_LOG_LEVEL": "warning"} | settings
        self.folder = folder or tempfile.mkdtemp(prefix="chaos-")
        self.port = port
        self.start()

    def start(self):
        self.log = open(pathlib.Path(self.folder) / "log", "a+")
        self.log.seek(0, 2)
        begun = self.log.tell()
        self.process = subprocess.Popen(
            [*self.prefix, self.binary, "host", "--listen", f"0.0.0.0:{self.port}"],
            cwd=self.folder,
            env=environment(**self.settings),
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            preexec_fn=self.prepare,
        )
        deadline = time.monotonic() + START_SECONDS
        while True:
            self.log.seek(begun)
            found = ADDRESS.search(self.log.read())
            if found:
                break
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError(f"the server did not start: {self.text()[-500:]}")
            time.sleep(0.005)
        self.port = int(found[1])

    def prepare(self):
        die_with_us()
        if self.descriptors:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self.descriptors, self.descriptors))

    def url(self, host="127.0.0.1"):
        return f"http://{host}:{self.port}"

    def metrics(self):
        """Every total of `/metrics`, by its name without `muster_` and `_total`."""
        with urllib.request.urlopen(self.url() + "/metrics", timeout=5) as answer:
            text = answer.read().decode()
        found = {}
        for line in text.splitlines():
            # Those with a label are of one loop, and there is one.
            if line.startswith("muster_"):
                name, value = line.partition("{")[0].split()[0], line.split()[-1]
                found[name.removeprefix("muster_").removesuffix("_total")] = float(value)
        return found

    def resident(self):
        pages = int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def signal(self, number):
        self.process.send_signal(number)

    def text(self):
        self.log.flush()
        return (pathlib.Path(self.folder) / "log").read_text(errors="replace")

    def alive(self):
        return self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.alive():
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()


class Fleet:
    """One `muster bots` with a plan, here or among the clients."""

    def __init__(self, binary, server, plan, *, network=None, seed=1):
        file = tempfile.NamedTemporaryFile("w", suffix=".json", delete=False)
        json.dump(plan, file)
        file.close()
        self.plan, self.file = plan, file.name
        host = SERVER_HOST if network else "127.0.0.1"
        self.process = subprocess.Popen(
            [
                *(network.inside if network else []), binary, "bots", "--server", server.url(host), "--scenario",
                file.name, "--seed", str(seed), "--json", "--quiet",
            ],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_us,
        )

    def signal(self, number):
        self.process.send_signal(number)

    def report(self):
        """What it has measured, once it has come to its end."""
        seconds = sum(phase["seconds"] for phase in self.plan["phases"])
        try:
            out, err = self.process.communicate(timeout=seconds + 60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise RuntimeError("the bots did not come to their end") from None
        finally:
            os.unlink(self.file)
        try:
            return Report(json.loads(out))
        except ValueError:
            raise RuntimeError(f"the bots said nothing: {err[-300:]}") from None


class Report:
    """What a fleet has measured."""

    def __init__(self, values):
        self.values = values

    def count(self, name):
        return self.values["counters"][name]

    def milliseconds(self, name, percentile="p99"):
        return self.values["milliseconds"][name][percentile]

    def phase(self, name):
        return next(phase for phase in self.values["phases"] if phase["name"] == name)

    @property
    def failures(self):
        return self.values["failures"]


def plan(seconds, bots=50, **more):
    """A plan of one phase after a second in which everyone joins."""
    lobbies = max(1, bots // 10)
    own = {name: more.pop(name) for name in ("link", "faults", "cut_every_seconds") if name in more}
    return {
        "lobbies": lobbies,
        "bots": bots,
        "ramp": 250,
        "protocol": {"websocket": 2, "socketio": 1},
        "phases": [{"name": "join", "seconds": 2}, {"name": "chaos", "seconds": seconds} | own],
    } | more
