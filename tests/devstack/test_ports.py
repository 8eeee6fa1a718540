"""Blocks of UDP ports are one stack's alone, also while nothing in them is bound."""

import subprocess
import sys
from contextlib import ExitStack

import pytest

from devstack import ports
from devstack.environment import ROOT
from devstack.ports import UDP_PORTS, free_udp_block, used_block

PRINT_A_BLOCK = "from devstack.ports import free_udp_block; print(free_udp_block(400), flush=True); input()"


@pytest.fixture
def other_process():
    process = subprocess.Popen(
        [sys.executable, "-c", PRINT_A_BLOCK], cwd=ROOT, env={UDP_PORTS: "32100-32700"}, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    yield process
    process.kill()
    process.wait()


def test_two_blocks_of_one_process_share_no_port():
    first, second = free_udp_block(50), free_udp_block(50)
    assert abs(first - second) >= 50


def test_another_process_is_kept_from_a_block_until_its_owner_has_ended(other_process):
    first = int(other_process.stdout.readline())
    assert not ports._lock(range(first, first + 400))
    assert not ports._lock(range(first + 399, first + 401))
    other_process.kill()
    other_process.wait()
    assert ports._lock(range(first, first + 400))
    ports._unlock(range(first, first + 400))


def test_ports_of_another_process_are_not_even_tried(other_process, monkeypatch):
    """A switch that binds a port of its own for a call must not find that somebody tries it just then."""
    theirs = int(other_process.stdout.readline())
    monkeypatch.setenv(UDP_PORTS, "32100-33300")
    tried, are_free = [], ports._are_free
    monkeypatch.setattr(ports, "_are_free", lambda first, size: tried.append(first) or are_free(first, size))
    for _ in range(30):
        with used_block(free_udp_block(100), 100):
            pass
    assert [first for first in tried if theirs - 100 < first < theirs + 400] == []


def test_a_block_that_is_not_free_is_left_to_others(monkeypatch):
    monkeypatch.setenv(UDP_PORTS, "1200-1900")
    monkeypatch.setattr(ports, "_are_free", lambda *_: False)
    with pytest.raises(OSError, match="no 500"):
        free_udp_block(500)
    assert _another_process_locks(1200)


def test_where_all_are_locked_a_block_is_found_all_the_same(other_process, monkeypatch):
    monkeypatch.setenv(UDP_PORTS, "32100-32700")
    other_process.stdout.readline()
    assert 32100 <= free_udp_block(400) < 32300


def test_many_small_blocks_leave_room_for_a_large_one(monkeypatch):
    monkeypatch.setenv(UDP_PORTS, "2000-9000")  # where no other test has blocks
    small = [free_udp_block(8) for _ in range(100)]
    assert len(set(small)) == 100
    assert 2000 <= free_udp_block(4000) <= 3250


def test_middling_blocks_leave_room_for_a_large_one(monkeypatch):
    monkeypatch.setenv(UDP_PORTS, "61000-65500")  # where no other test has blocks
    with ExitStack() as given_back:
        for _ in range(40):
            given_back.enter_context(used_block(free_udp_block(8), 8))
        for _ in range(5):
            with ExitStack() as these:
                for _ in range(8):
                    these.enter_context(used_block(free_udp_block(192), 192))
                these.enter_context(used_block(free_udp_block(800), 800))


def test_a_block_that_is_given_back_is_free_again(monkeypatch):
    monkeypatch.setenv(UDP_PORTS, "1200-1900")  # where no other test has blocks
    first = free_udp_block(500)
    assert not _another_process_locks(first)
    with used_block(first, 500), pytest.raises(OSError, match="no 500"):
        free_udp_block(500)
    assert _another_process_locks(first)
    assert 1200 <= free_udp_block(500) < 1400


def _another_process_locks(first: int) -> bool:
    code = f"from devstack import ports; print(ports._lock(range({first}, {first + 500})))"
    other = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return other.stdout.strip() == "True"
