"""A call centre, second by second: callees answer or not, ask for an operator, wait, give up, talk."""

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from dialer.adaptive_pacing import Decision, Live, News, PacingRules, PacingState, decide

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TICK_S = 0.5
PATIENCE_S = 2.0
"""Who has waited so long for an operator is abandoned, as the rules of several countries count it."""
RING_S = (6.0, 26.0)
NO_ANSWER_S = 30.0
TALK_S = 120.0
LEAST_TALK_S = 10.0

Decide = Callable[[PacingRules, Live, News, PacingState, int, datetime], Decision]


@dataclass(frozen=True, slots=True)
class Scene:
    """What happens. hit_rates: (from second, share of calls that ask for an operator); lines: the trunk's channels."""

    seconds: int
    hit_rates: Sequence[tuple[int, float]]
    lines: int
    seed: int = 7


@dataclass(slots=True)
class Minute:
    """Means and sums of one simulated minute."""

    busy: float = 0.0
    waiting: float = 0.0
    transferred: int = 0
    abandoned: int = 0
    by: str = ""


@dataclass(slots=True)
class Run:
    """What came of it. minutes: one after the other."""

    rules: PacingRules
    minutes: list[Minute] = field(default_factory=list)
    state: PacingState = field(default_factory=PacingState)

    @property
    def occupancy(self) -> float:
        """The share of the operators' time spent talking."""
        return sum(m.busy for m in self.minutes) / len(self.minutes) / self.rules.operators if self.minutes else 0.0

    @property
    def abandoned(self) -> float:
        """The share of those who asked for an operator and got none in time; 1 when nobody asked."""
        asked = sum(m.transferred for m in self.minutes)
        return sum(m.abandoned for m in self.minutes) / asked if asked else 1.0


def simulate(rules: PacingRules, scene: Scene, decide_: Decide = decide) -> Run:
    """Run the scene under these rules."""
    chance = random.Random(scene.seed)
    run, events = Run(rules), list[tuple[float, int, str, float]]()
    lines = talking = number = 0
    waiting: list[tuple[float, float]] = []  # (since, reach)
    ended: list[tuple[bool, bool, float, float]] = []  # (transferred, abandoned, reach, talk)
    for tick in range(int(scene.seconds / TICK_S)):
        now = tick * TICK_S
        minute = int(now // 60)
        if minute == len(run.minutes):
            run.minutes.append(Minute())
        here = run.minutes[minute]
        while events and events[0][0] <= now:
            _, _, what, value = heapq.heappop(events)
            if what == "talked":
                talking -= 1
                continue
            lines -= 1
            if what == "asked":
                here.transferred += 1
                waiting.append((now, value))
            else:
                ended.append((False, False, 0.0, 0.0))
        while waiting and talking < rules.operators:
            _, reach = waiting.pop(0)
            talk = LEAST_TALK_S + chance.expovariate(1 / (TALK_S - LEAST_TALK_S))
            talking, number = talking + 1, number + 1
            heapq.heappush(events, (now + talk, number, "talked", 0.0))
            ended.append((True, False, reach, talk))
        for since, reach in [one for one in waiting if now - one[0] >= PATIENCE_S]:
            waiting.remove((since, reach))
            here.abandoned += 1
            ended.append((True, True, reach, 0.0))
        decision = decide_(
            rules,
            Live(lines, talking, len(waiting)),
            _news(ended),
            run.state,
            scene.lines - lines - talking - len(waiting),
            BEGIN + timedelta(seconds=now),
        )
        run.state, here.by = decision.state, decision.by.value
        ended.clear()
        hit_rate = [rate for since, rate in scene.hit_rates if since <= now][-1]
        for _ in range(decision.start):
            number, lines = number + 1, lines + 1
            reach = chance.uniform(*RING_S)
            asks = chance.random() < hit_rate
            heapq.heappush(
                events,
                (
                    now + reach if asks else now + chance.uniform(RING_S[0], NO_ANSWER_S),
                    number,
                    "asked" if asks else "no",
                    reach,
                ),
            )
        here.busy += talking * TICK_S / 60
        here.waiting += len(waiting) * TICK_S / 60
    return run


def _news(ended: Sequence[tuple[bool, bool, float, float]]) -> News:
    asked = [one for one in ended if one[0]]
    talks = [one[3] for one in asked if not one[1]]
    return News(
        len(ended),
        len(asked),
        sum(one[1] for one in asked),
        sum(one[2] for one in asked) / len(asked) if asked else None,
        sum(talks) / len(talks) if talks else None,
    )
