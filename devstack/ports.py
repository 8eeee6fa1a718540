"""Free ports on the loopback address."""

import fcntl
import os
import random
import socket
import tempfile
from contextlib import ExitStack
from pathlib import Path

LOOPBACK = "127.0.0.1"
UDP_PORTS = "DEVSTACK_UDP_PORTS"
"""Variable with the first and the last port blocks are taken from; stacks that run beside each other share none."""

BELOW_THE_EPHEMERAL = "10000-32000"
TRIES = 200
SHARE = 100
"""Ports of one lock file, by which processes of ours on this machine keep out of each other's blocks."""
SMALL_ONES = 4
"""Blocks smaller than a share come from the last quarter of the range."""

_handed_out: list[range] = []
"""UDP blocks this process has given away; whoever got one may not have bound all of it yet."""
_locked: dict[int, ExitStack] = {}
"""Share → its lock, held for as long as this process lives."""


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
    """Return the first port, even, of `size` neighbouring free UDP ports below the ephemeral range.

    RTP ports are bound when calls come, long after they were found free: so other processes of ours are kept from
    them by locks, unless the machine is so full that none are left.
    """
    lowest, highest = map(int, os.environ.get(UDP_PORTS, BELOW_THE_EPHEMERAL).split("-"))
    lowest += lowest % 2
    small_ones = highest - (highest - lowest) // SMALL_ONES
    small_ones -= small_ones % 2
    for attempt in range(2 * TRIES):
        # Many small blocks all over the range would leave no room for a large one.
        begin, end = (small_ones, highest) if size < SHARE else (lowest, small_ones)
        if end - begin <= size or attempt >= TRIES:
            begin, end = lowest, highest
        first = random.SystemRandom().randrange(begin, end - size, 2)
        if any(first < block.stop and block.start < first + size for block in _handed_out):
            continue
        if _are_free(first, size) and (_lock(first, size) or attempt >= TRIES):
            _handed_out.append(range(first, first + size))
            return first
    raise OSError(f"no {size} neighbouring free UDP ports on {LOOPBACK}")


def _are_free(first: int, size: int) -> bool:
    with ExitStack() as held:
        try:
            for port in range(first, first + size):
                held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _lock(first: int, size: int) -> bool:
    """Lock every share of the block; False, and nothing is locked, when another process has one of them."""
    shares = [share for share in range(first // SHARE, (first + size - 1) // SHARE + 1) if share not in _locked]
    with ExitStack() as taken:
        for share in shares:
            path = Path(tempfile.gettempdir()) / f"dialer-udp-{os.getuid()}-{share}.lock"
            lock = taken.enter_context(path.open("ab"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        kept = taken.pop_all()
    _locked.update(dict.fromkeys(shares, kept))
    return True


def accepts_connections(port: int) -> bool:
    """Whether somebody listens on the TCP port."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((LOOPBACK, port)) == 0
