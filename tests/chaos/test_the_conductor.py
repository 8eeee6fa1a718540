"""Each fault comes in its turn, a random while after enough calls were up, and what lasts ends in its time."""

from types import SimpleNamespace

import pytest

from chaos.conductor import SPARE_SHARE, Conductor
from chaos.plan import Act, Fault, Part
from tests.verifier.strikes import StrikeLog, read_strikes

LEAST_UP = 20
ENOUGH = int(LEAST_UP * (1 + SPARE_SHARE))


class Kept:
    """Stands where a keeper does."""

    def __init__(self):
        self.is_ready, self.done = True, []

    def kill(self):
        self.done.append("kill")
        return 2.0, 2.1

    def freeze(self):
        self.done.append("freeze")
        return 1.0

    def thaw(self):
        self.done.append("thaw")


@pytest.fixture
def world(tmp_path):
    made = SimpleNamespace(
        now=0.0, part=Kept(), log=StrikeLog(tmp_path / "strikes.jsonl"), file=tmp_path / "strikes.jsonl"
    )
    made.carrier = SimpleNamespace(rung=100, up=ENOUGH)
    made.stack = SimpleNamespace(keepers=dict.fromkeys(Part, made.part))
    made.conduct = lambda *plan: Conductor(
        made.stack, plan, made.carrier, made.log, LEAST_UP, 1000, clock=lambda: made.now
    )
    return made


KILL = Fault(1, Act.KILL, Part.SCHEDULER, after_calls=100, delay_s=1.0)


def at(world, conductor, now):
    world.now = now
    conductor.tick()
    return world.part.done


def test_a_fault_comes_its_delay_after_enough_calls_were_up(world):
    conductor = world.conduct(KILL)
    assert at(world, conductor, 0) == []
    assert at(world, conductor, 0.9) == []
    assert at(world, conductor, 1.0) == ["kill"]
    assert conductor.is_over


@pytest.mark.parametrize("what", ["up", "rung", "ready"])
def test_the_delay_begins_anew_when_too_few_were_up_in_between(world, what):
    conductor = world.conduct(KILL)
    at(world, conductor, 0)
    for is_enough, now in ((False, 0.5), (True, 1.5)):
        world.carrier.up = ENOUGH - (what == "up" and not is_enough)
        world.carrier.rung = 100 - (what == "rung" and not is_enough)
        world.part.is_ready = is_enough or what != "ready"
        assert at(world, conductor, now) == []
    assert at(world, conductor, 2.4) == []
    assert at(world, conductor, 2.5) == ["kill"]


def test_what_lasts_ends_before_the_next_begins_and_is_written_down(world):
    conductor = world.conduct(Fault(1, Act.FREEZE, Part.REDIS, 100, 0.0, lasts_s=10), KILL)
    at(world, conductor, 0)
    assert at(world, conductor, 0.1) == ["freeze"]
    assert at(world, conductor, 10.0) == ["freeze"]
    assert not conductor.is_over
    assert at(world, conductor, 10.1) == ["freeze", "thaw"]
    at(world, conductor, 10.2)
    assert at(world, conductor, 11.2) == ["freeze", "thaw", "kill"]
    frozen, killed = sorted(read_strikes(world.file), key=lambda strike: strike.is_kill)
    assert (frozen.act, frozen.up, killed.act, killed.part) == ("freeze", ENOUGH, "kill", "scheduler")
    assert frozen.until is not None
