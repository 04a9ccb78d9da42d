"""Ports of this machine for the servers of tests."""

from __future__ import annotations

import random
import socket
from pathlib import Path

_LOWEST = 10_000
_DRAWN_FROM = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that nobody has, and that nobody is given who does not ask for it by its number.

    The kernel draws the ports of connections, and of servers that name none, from a range of its
    own. A port of that range could be taken by anybody as long as its server is not there yet or is
    away; even by a client of ours that calls it, and would then speak to itself.
    """
    drawn_from = int(_DRAWN_FROM.read_text().split()[0])
    chance = random.SystemRandom()  # tests seed the other
    for _ in range(1000):
        port = chance.randrange(_LOWEST, drawn_from)
        with socket.socket(socket.AF_INET, kind) as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("there is no free port")
