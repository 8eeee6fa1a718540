"""Free ports on the loopback address."""

import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

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
_locked: dict[int, BinaryIO] = {}
"""Share → its lock, held until its blocks are given back or this process ends."""


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
    # Side by side with our own: a process with many middling blocks, each anywhere, had no room for a large one.
    beside = [
        at for block in reversed(_handed_out) for at in (block.stop + block.stop % 2, block.start - size - size % 2)
    ]
    for attempt in range(2 * TRIES):
        # Many small blocks all over the range would leave no room for a large one.
        begin, end = (small_ones, highest) if size < SHARE else (lowest, small_ones)
        if end - begin <= size or attempt >= TRIES:
            begin, end = lowest, highest
        first = random.SystemRandom().randrange(begin, end - size, 2)
        if attempt < len(beside) and begin <= beside[attempt] < end - size:
            first = beside[attempt]
        if any(first < block.stop and block.start < first + size for block in _handed_out):
            continue
        block = range(first, first + size)
        # Locked first: looking whether they are free takes each of them, and its owner may want it just then.
        if not _lock(block) and attempt < TRIES:
            continue
        if _are_free(first, size):
            _handed_out.append(block)
            return first
        _unlock(block)
    raise OSError(f"no {size} neighbouring free UDP ports on {LOOPBACK}")


def _are_free(first: int, size: int) -> bool:
    with ExitStack() as held:
        try:
            for port in range(first, first + size):
                held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _shares(block: range) -> range:
    return range(block.start // SHARE, (block.stop - 1) // SHARE + 1)


def _lock(block: range) -> bool:
    """Lock every share of the block; False, and nothing is locked, when another process has one of them."""
    with ExitStack() as taken:
        locks = {}
        for share in set(_shares(block)) - set(_locked):
            path = Path(tempfile.gettempdir()) / f"dialer-udp-{os.getuid()}-{share}.lock"
            locks[share] = taken.enter_context(path.open("ab"))
            try:
                fcntl.flock(locks[share], fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        taken.pop_all()
    _locked.update(locks)
    return True


def _unlock(block: range) -> None:
    """Unlock the shares of the block that no block of ours is in."""
    still_needed = {share for other in _handed_out for share in _shares(other)}
    for share in set(_shares(block)) - still_needed:
        if share in _locked:
            _locked.pop(share).close()


@contextmanager
def used_block(first: int, size: int) -> Iterator[None]:
    """Give a block of `free_udp_block` back when its user has ended; until then it is his, also a second time."""
    block = range(first, first + size)
    if block not in _handed_out:
        _handed_out.append(block)
    try:
        yield
    finally:
        _handed_out[:] = [other for other in _handed_out if other != block]
        _unlock(block)


def accepts_connections(port: int) -> bool:
    """Whether somebody listens on the TCP port."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((LOOPBACK, port)) == 0
