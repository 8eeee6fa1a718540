"""Free ports on the loopback address."""

import os
import random
import socket
from contextlib import ExitStack

LOOPBACK = "127.0.0.1"
UDP_PORTS = "DEVSTACK_UDP_PORTS"
"""Variable with the first and the last port blocks are taken from; stacks that run beside each other share none."""

BELOW_THE_EPHEMERAL = "10000-32000"

_handed_out: list[range] = []
"""UDP blocks this process has given away; whoever got one may not have bound all of it yet."""


def free_ports(count: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> list[int]:
    """Return `count` different ports that nobody listens on now; all are held until all are found."""
    with ExitStack() as held:
        found = []
        for _ in range(count):
            probe = held.enter_context(socket.socket(socket.AF_INET, kind))
            probe.bind((LOOPBACK, 0))
            found.append(int(probe.getsockname()[1]))
        return found


def free_udp_block(size: int) -> int:
    """Return the first port, even, of `size` neighbouring free UDP ports below the ephemeral range."""
    lowest, highest = map(int, os.environ.get(UDP_PORTS, BELOW_THE_EPHEMERAL).split("-"))
    for _ in range(200):
        first = random.SystemRandom().randrange(lowest, highest - size, 2)
        if any(first < block.stop and block.start < first + size for block in _handed_out):
            continue
        with ExitStack() as held:
            try:
                for port in range(first, first + size):
                    held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind((LOOPBACK, port))
            except OSError:
                continue
            _handed_out.append(range(first, first + size))
            return first
    raise OSError(f"no {size} neighbouring free UDP ports on {LOOPBACK}")


def accepts_connections(port: int) -> bool:
    """Whether somebody listens on the TCP port."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((LOOPBACK, port)) == 0
