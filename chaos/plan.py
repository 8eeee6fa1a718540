"""What goes wrong, and when: the same seed makes the same plan."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle


class Part(StrEnum):
    """What something is done to."""

    SCHEDULER = "scheduler"
    SECOND_SCHEDULER = "second scheduler"
    SWITCH = "switch"
    POSTGRES = "postgres"
    REDIS = "redis"
    PANEL = "panel"


class Act(StrEnum):
    """What is done to it."""

    KILL = "kill"
    """SIGKILL to all of its processes; the supervisor starts it again."""
    STOP = "stop"
    """It ends in good order and stays away for a while."""
    FREEZE = "freeze"
    """SIGSTOP, and SIGCONT a while later: connections stay open and nobody answers."""
    FILL = "fill"
    """PostgreSQL stops, and while it is away the spool's quota is filled."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    after_calls: not before the carrier was rung so often. delay_s: and so long after enough calls were up.
    lasts_s: how long the part stays away, 0 for a kill.
    """

    number: int
    act: Act
    part: Part
    after_calls: int
    delay_s: float
    lasts_s: float = 0.0

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.act} {self.part}" + (f" for {self.lasts_s:.0f} s" if self.lasts_s else "")


@dataclass(frozen=True, slots=True)
class Scale:
    """How large a run is.

    kills_each: of each part; both schedulers share theirs. least_up: calls that must be up at every fault. *_s: how
    long parts stay away; stall_s: a scheduler, longer than the other one waits before it believes that a call of it
    never left. stops_within_s: after a store went away, calls may leave for so long; a second, but where other programs
    take the machine's time.
    """

    contacts: int = 2000
    kills_each: int = 5
    least_up: int = 20
    stop_s: float = 20.0
    freeze_s: float = 10.0
    stall_s: float = 15.0
    fill_s: float = 8.0
    stops_within_s: float = 1.0


FIRST_SHARE, LAST_SHARE = 0.03, 0.8
"""Faults come between these shares of the campaign's calls: there must be calls to hit, also by the last."""
LONGEST_DELAY_S = 2.0
CALLS_PER_CONTACT = 1.2
"""With retries; what is more comes on top of the last faults."""


def make_plan(seed: int, scale: Scale) -> tuple[Fault, ...]:
    """Return every fault in order: each part killed `kills_each` times, the outages and both stalls once each."""
    chance = random.Random(seed)
    wanted = list(_wanted(scale))
    chance.shuffle(wanted)
    shares = sorted(chance.uniform(FIRST_SHARE, LAST_SHARE) for _ in wanted)
    return tuple(
        Fault(
            number,
            act,
            part,
            int(share * scale.contacts * CALLS_PER_CONTACT),
            round(chance.uniform(0, LONGEST_DELAY_S), 3),
            lasts_s,
        )
        for number, ((act, part, lasts_s), share) in enumerate(zip(wanted, shares, strict=True), 1)
    )


def _wanted(scale: Scale) -> Iterator[tuple[Act, Part, float]]:
    schedulers = (Part.SCHEDULER, Part.SECOND_SCHEDULER)
    for part in Part:
        if part not in schedulers:
            yield from ((Act.KILL, part, 0.0) for _ in range(scale.kills_each))
    # In turn, so that the one that dies is now and then the one that leads.
    yield from ((Act.KILL, part, 0.0) for part, _ in zip(cycle(schedulers), range(scale.kills_each), strict=False))
    for part in schedulers:
        yield Act.FREEZE, part, scale.stall_s
    yield Act.STOP, Part.POSTGRES, scale.stop_s
    yield Act.FREEZE, Part.POSTGRES, scale.freeze_s
    yield Act.FREEZE, Part.REDIS, scale.freeze_s
    yield Act.FILL, Part.POSTGRES, scale.fill_s
