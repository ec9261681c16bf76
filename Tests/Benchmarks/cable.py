"""Server and players as on two machines: a network namespace each, and a cable between them.

On loopback whoever sends does the receiver's part of TCP as well: a third of what a server spends there is its players' work. At
the ends of a veth pair whose devices have a thread of their own to receive with (NAPI's threaded mode), each does its own part, on
its own core, many packets at a time, as with a network card. What a core has to do for its machine is then the process on it and
that thread.
"""

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

SERVER, PLAYERS = "server", "players"
# The server's address is one of its own machine to players, too, so that nothing is counted by address.
ADDRESSES = {SERVER: "127.0.0.3/24", PLAYERS: "127.0.0.2/24"}
# As much as a card takes at once and cuts up by itself; these devices hand out packets singly otherwise.
LARGEST_PACKET = 65_000
PACKETS_WAITING = 20_000
SIOCETHTOOL, SET_SEGMENTATION, SET_SEGMENTATION_IN_SOFTWARE, SET_GATHERING = 0x8946, 0x1F, 0x24, 0x2C


class Loopback:
    """Both in one namespace."""

    name = "loopback"

    def end(self, _):
        return []

    def receiving_seconds(self, _):
        return 0.0


class Cable:
    """Two namespaces and what joins them, until it is taken away."""

    name = "a cable"

    def __init__(self, cores, priority):
        before = receivers()
        self.holders = {side: hold() for side in ADDRESSES}
        run("ip", "link", "add", SERVER, "netns", str(self.holders[SERVER].pid), "type", "veth",
            "peer", "name", PLAYERS, "netns", str(self.holders[PLAYERS].pid))
        for side, address in ADDRESSES.items():
            # Addresses of loopback that are sent to a device: only this machine's own are not counted by address.
            self.at(side, f"sysctl -qw net.ipv4.conf.all.route_localnet=1 && ip link set lo up && ip address del 127.0.0.1/8 dev lo"
                    f" && ip address add {address} dev {side} && ip link set {side} mtu {LARGEST_PACKET} up")
            run(*self.end(side), sys.executable, __file__, side)
            # Between both ends there is room for 256 packets; what comes while the other side computes waits here, and is not lost.
            self.at(side, f"tc qdisc replace dev {side} root pfifo limit {PACKETS_WAITING}")
        self.at(SERVER, "ip address add 127.0.0.1/32 dev lo")
        self.threads = {}
        for side in ADDRESSES:
            # The names of devices in a folder of the kernel are those of the namespace in which it was mounted.
            self.at(side, f"mount -t sysfs none /sys && echo 1 > /sys/class/net/{side}/threaded")
            self.threads[side] = next(pid for pid, name in receivers().items() if pid not in before and name.startswith(f"napi/{side}"))
            os.sched_setaffinity(self.threads[side], {cores[side]})
            os.sched_setscheduler(self.threads[side], os.SCHED_FIFO, os.sched_param(priority))

    def end(self, side):
        """What a command begins with that is to run on this side."""
        return ["nsenter", "-t", str(self.holders[side].pid), "-n"]

    def at(self, side, commands):
        run(*self.end(side), "unshare", "--mount", "sh", "-c", commands)

    def receiving_seconds(self, side):
        """The CPU time of the thread that receives for this side, so far."""
        return int(Path(f"/proc/{self.threads[side]}/schedstat").read_text().split()[0]) / 1e9

    def remove(self):
        for holder in self.holders.values():
            holder.kill()
            holder.wait()


@contextlib.contextmanager
def laid(cores, priority):
    """A cable, where this machine allows one; else loopback."""
    try:
        cable = Cable(cores, priority)
    except (OSError, subprocess.CalledProcessError, StopIteration) as error:
        print(f"no cable between namespaces ({error}), so over loopback", file=sys.stderr)
        yield Loopback()
        return
    try:
        yield cable
    finally:
        cable.remove()


def hold():
    """A process that does nothing but keep a namespace of its own."""
    holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
    while os.readlink(f"/proc/{holder.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
        if holder.poll() is not None:
            raise OSError("unshare --net is refused")
        time.sleep(0.01)
    return holder


def receivers():
    """The kernel's threads that receive for a device: process ids and names."""
    found = {}
    for comm in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            if (name := comm.read_text()).startswith("napi/"):
                found[int(comm.parent.name)] = name
    return found


def run(*command):
    subprocess.run(command, check=True, capture_output=True)


def receive_in_a_thread(device):
    """Has packets to this device gathered, which is what makes it receive as cards do; senders must not cut up for it."""
    with socket.socket() as any_socket:
        for option, value in ((SET_GATHERING, 1), (SET_SEGMENTATION, 0), (SET_SEGMENTATION_IN_SOFTWARE, 0)):
            setting = bytearray(struct.pack("II", option, value))
            address = ctypes.addressof(ctypes.c_char.from_buffer(setting))
            fcntl.ioctl(any_socket, SIOCETHTOOL, struct.pack("16sP", device.encode(), address))


if __name__ == "__main__":
    receive_in_a_thread(sys.argv[1])
