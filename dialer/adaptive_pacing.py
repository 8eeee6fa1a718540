"""How many calls a campaign that puts callees through to people may start now: one pure decision for every mode."""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class PacingMode(StrEnum):
    """How calls are kept in proportion to the people who take them. The SQL type `pacing_mode` has the same members."""

    FIXED = "fixed"
    """As many calls as the limits allow, whoever is free."""
    PROGRESSIVE = "progressive"
    """So many lines for each free operator."""
    PREDICTIVE = "predictive"
    """As many lines as will, by what was seen, leave no more callees without an operator than the cap."""


WARM_UP_CALLS = 50
"""Before so many calls have ended nobody can say how many will need an operator: progressive until then."""
HALF_LIFE_CALLS, QUICK_HALF_LIFE_CALLS = 60, 20
"""Of so many ended calls what is newer weighs as much as everything before. The higher of the two means is believed:
more callees that ask than expected are noticed soon, fewer not before it is sure."""
HALF_LIFE_TRANSFERS = 60
STALE_AFTER = timedelta(minutes=30)
"""What was learnt before so long a silence (the night) is learnt anew."""
AIM = 0.6
"""The share of the cap that is aimed at: chance alone must not reach the cap."""
LEAST_CAUTION, FIRST_CAUTION, MOST_CAUTION = 1.0, 4.0, 20.0
MORE_CAUTION, LESS_CAUTION = 1.25, 0.995
"""Caution divides what is aimed at: it grows with each callee left without an operator, and fades with each served."""
HALF_LIFE_ABANDONED = 400
TRIPS_AFTER_TRANSFERS = 150
"""The kill switch needs evidence: one unlucky callee of the first ten is no rate."""
RE_ARMS_AT = 0.5
"""Once reset, the kill switch lets predictive back only below this share of the cap."""
LONGEST_SEARCH = 2000
MANY_OPERATORS = 100
"""With more, chances are taken as normal ones, which find the same to two lines in 400. Summing them up took 10 ms for
200 operators, seconds for thousands, and overflowed at a thousand."""


@dataclass(frozen=True, slots=True)
class PacingRules:
    """What an admin set. lines_per_operator: of progressive; abandon_cap: share of those who asked for an operator."""

    mode: PacingMode
    operators: int
    lines_per_operator: float = 1.0
    abandon_cap: float = 0.03


@dataclass(frozen=True, slots=True)
class Live:
    """What is going on now. lines: calls that have reached no operator and are not waiting for one.

    talking: operators in a call; waiting: callees who asked for an operator and have none yet.
    """

    lines: int
    talking: int
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class News:
    """What has ended since the last decision. ended: calls in all; transferred: those who asked for an operator.

    abandoned: those of them who got none; reach_s, talk_s: mean seconds from the originate to the asking, and in talk,
    None when there is none to say.
    """

    ended: int = 0
    transferred: int = 0
    abandoned: int = 0
    reach_s: float | None = None
    talk_s: float | None = None


@dataclass(frozen=True, slots=True)
class PacingState:
    """What was learnt. hit_rate: share of calls that ask for an operator; abandon_rate: of those, who got none.

    is_tripped: the kill switch holds until an admin resets it; is_reset: it was, and re-arms once the rate is low.
    """

    calls: int = 0
    transfers: int = 0
    hit_rate: float = 0.0
    quick_hit_rate: float = 0.0
    abandon_rate: float = 0.0
    reach_s: float = 20.0
    talk_s: float = 120.0
    caution: float = FIRST_CAUTION
    is_tripped: bool = False
    is_reset: bool = False
    heard_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """start: how many calls may start now; by: the mode that decided; predictive leaves it to progressive at times."""

    start: int
    by: PacingMode
    state: PacingState


def decide(rules: PacingRules, live: Live, news: News, state: PacingState, most: int, now: datetime) -> Decision:
    """Decide how many calls may start, 0 to `most`, and what is known from now on.

    Predictive steps back to progressive while it warms up, and from the moment the kill switch trips.
    """
    learnt = learn(rules, news, state, now)
    if rules.mode is PacingMode.FIXED:
        return Decision(most, rules.mode, learnt)
    free = rules.operators - live.talking - live.waiting
    by, lines = PacingMode.PROGRESSIVE, int(max(0, free) * rules.lines_per_operator)
    if rules.mode is PacingMode.PREDICTIVE:
        if learnt.is_tripped or learnt.is_reset:
            lines = min(lines, max(0, free))  # never more than one line each: nobody can be left without
        elif learnt.calls >= WARM_UP_CALLS and learnt.hit_rate > 0:
            by, lines = rules.mode, max(free, _lines(rules, live, learnt))  # a line each leaves nobody without
    return Decision(max(0, min(most, lines - live.lines)), by, learnt)


def learn(rules: PacingRules, news: News, state: PacingState, now: datetime) -> PacingState:
    """Return the state with the news in it. What was latched stays latched."""
    if state.heard_at is not None and now - state.heard_at > STALE_AFTER:
        state = replace(state, calls=0, caution=max(state.caution, FIRST_CAUTION))
    if not news.ended:
        return state
    share = news.transferred / news.ended
    hit_rate = _blend(state.hit_rate, share, news.ended, HALF_LIFE_CALLS, state.calls)
    quick_hit_rate = _blend(state.quick_hit_rate, share, news.ended, QUICK_HALF_LIFE_CALLS, state.calls)
    abandon_rate, caution = state.abandon_rate, state.caution
    if news.transferred:
        unserved = news.abandoned / news.transferred
        abandon_rate = _blend(abandon_rate, unserved, news.transferred, HALF_LIFE_ABANDONED, state.transfers)
        caution *= MORE_CAUTION**news.abandoned * LESS_CAUTION ** (news.transferred - news.abandoned)
    transfers = state.transfers + news.transferred
    trips = transfers >= TRIPS_AFTER_TRANSFERS and abandon_rate > _surely_above(rules.abandon_cap, transfers)
    return replace(
        state,
        calls=state.calls + news.ended,
        transfers=transfers,
        hit_rate=hit_rate,
        quick_hit_rate=quick_hit_rate,
        abandon_rate=abandon_rate,
        reach_s=_blend(state.reach_s, news.reach_s, news.transferred, HALF_LIFE_TRANSFERS, state.transfers),
        talk_s=_blend(state.talk_s, news.talk_s, news.transferred, HALF_LIFE_TRANSFERS, state.transfers),
        caution=min(MOST_CAUTION, max(LEAST_CAUTION, caution)),
        is_tripped=state.is_tripped or (trips and not state.is_reset),
        is_reset=state.is_reset and abandon_rate > RE_ARMS_AT * rules.abandon_cap,
        heard_at=now,
    )


def _surely_above(cap: float, transfers: int) -> float:
    """Return the rate that chance alone, at the cap, would seldom show in so many."""
    return cap + math.sqrt(cap * (1 - cap) / min(transfers, HALF_LIFE_ABANDONED))


def reset(state: PacingState) -> PacingState:
    """Release the kill switch, as an admin does; it re-arms by itself once the rate has fallen well below the cap."""
    return replace(state, is_tripped=False, is_reset=True) if state.is_tripped else state


def _blend(known: float, found: float | None, count: int, half_life: float, seen: int) -> float:
    """Return the moving mean; while little was seen, the plain one."""
    if found is None or count <= 0:
        return known
    weight = max(1 - math.pow(0.5, count / half_life), count / (seen + count))
    return known + (found - known) * min(1.0, weight)


def _lines(rules: PacingRules, live: Live, state: PacingState) -> int:
    """Return the most lines of which, as expected, no greater share than aimed at finds nobody free.

    Each line will ask for an operator with the probability seen so far; until then some of those who talk will have
    ended, each with the chance its mean talk gives. Both are chance, so both are summed over, not averaged.
    """
    aim = AIM * rules.abandon_cap / state.caution
    seen = max(state.hit_rate, state.quick_hit_rate)
    hit_rate = min(1.0, seen + math.sqrt(seen * (1 - seen) / state.calls))  # as high as few calls may hide
    # A call that asks does so some time within its reach; on the mean, half of it is left to run.
    ends = 1 - math.exp(-0.5 * max(0.0, state.reach_s) / max(1.0, state.talk_s))
    free = rules.operators - live.talking - live.waiting
    is_small = rules.operators <= MANY_OPERATORS
    chances = _binomial(live.talking, ends) if is_small else []
    longest = max(LONGEST_SEARCH, 10 * rules.operators)
    low, high = 0, min(longest, math.ceil(4 * rules.operators / hit_rate))
    while low < high:
        lines = (low + high + 1) // 2
        asking = lines * hit_rate
        if is_small:
            left = sum(chance * _overflow(asking, free + ended) for ended, chance in enumerate(chances))
        else:
            left = _overflow_of_many(asking, free, live.talking, ends)
        low, high = (lines, high) if left <= aim * asking else (low, lines - 1)
    return low


def _overflow(mean: float, room: int) -> float:
    """Return the expected number that find no room, when a Poisson number of this mean comes."""
    if room <= 0:
        return mean - room
    term = below = math.exp(-mean)  # P(X = 0), P(X <= 0)
    for k in range(1, room):
        term *= mean / k
        below += term
    at_room = term * mean / room
    return max(0.0, mean * (1 - below) - room * (1 - below - at_room))


def _overflow_of_many(mean: float, free: int, talking: int, ends: float) -> float:
    """Return about the expected number that find no room among `free` and those of `talking` who become free."""
    excess, deviation = mean - free - talking * ends, math.sqrt(mean + talking * ends * (1 - ends))
    z = excess / deviation
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return max(0.0, deviation * density + excess * 0.5 * math.erfc(-z / math.sqrt(2)))


def _binomial(count: int, chance: float) -> list[float]:
    """Return the probability of 0, 1, … count successes."""
    return [math.comb(count, k) * math.pow(chance, k) * math.pow(1 - chance, count - k) for k in range(count + 1)]
