"""What was killed is started again; what is kept down is not."""

import sys
import time

import pytest

from chaos.keeper import Keeper
from devstack.supervise import spawn

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def keeper():
    made = Keeper("sleeper", lambda: spawn("sleeper", SLEEP), lambda: True)
    yield made
    made.end()


def tick_until(keeper, is_done):
    deadline = time.monotonic() + 60
    while not is_done():
        keeper.tick()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_starts_again_what_was_killed(keeper):
    tick_until(keeper, lambda: keeper.is_ready)
    first = keeper.child.pid
    keeper.kill()
    assert not keeper.is_ready
    tick_until(keeper, lambda: keeper.is_ready)
    assert keeper.child.pid != first
    assert keeper.child.is_running()


def test_it_leaves_down_what_is_kept_down(keeper):
    tick_until(keeper, lambda: keeper.is_ready)
    keeper.keep_down()
    tick_until(keeper, lambda: not keeper.child.is_running())
    ended_at = time.monotonic()
    tick_until(keeper, lambda: time.monotonic() > ended_at + 1.5)
    assert keeper.starts == 1
    keeper.let_up()
    tick_until(keeper, lambda: keeper.is_ready)
    assert keeper.starts == 2


def test_a_frozen_program_is_ended_too(keeper):
    keeper.freeze()
    keeper.end()
    assert not keeper.child.is_running()
