"""Ports for servers that cannot choose their own."""

import os
import socket


def free_ports(count):
    """The first of `count` neighbouring ports that nobody listens on; below those given to clients."""
    for first in range(20_000 + os.getpid() % 1000 * 10, 32_000, count):
        listeners = []
        try:
            for port in range(first, first + count):
                listeners.append(socket.create_server(("127.0.0.1", port)))
            return first
        except OSError:
            continue
        finally:
            for listener in listeners:
                listener.close()
    raise RuntimeError("there are no free ports")
