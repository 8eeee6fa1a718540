"""Whether another machine's clock was set: its distance from ours has jumped, which no running clock's does."""

from dataclasses import dataclass, replace

TOLERANCE_S = 0.2
"""So much may go unnoticed: the limit of a minute is kept with more to spare."""
DRIFT = 1e-3
"""Clocks are corrected by half of this at most unless they are set."""


@dataclass(frozen=True, slots=True)
class Distance:
    """How far the other clock is ahead of ours: at least low_s, at most high_s. seen_s: when, by ours."""

    low_s: float
    high_s: float
    seen_s: float


def distance(theirs_s: float, asked_s: float, answered_s: float) -> Distance:
    """Return what an answer says: it was given some time between our question and its arrival."""
    return Distance(theirs_s - answered_s, theirs_s - asked_s, answered_s)


def follow(known: Distance | None, seen: Distance) -> tuple[Distance, float]:
    """Return what is known from now on, and by how many seconds the other clock was set, 0.0: it was not.

    An answer that took long says little: what was known more exactly stays.
    """
    if known is None:
        return seen, 0.0
    drift_s = DRIFT * max(0.0, seen.seen_s - known.seen_s)
    low_s, high_s = known.low_s - drift_s, known.high_s + drift_s
    if seen.low_s <= high_s and low_s <= seen.high_s:
        return replace(seen, low_s=max(low_s, seen.low_s), high_s=min(high_s, seen.high_s)), 0.0
    by_s = seen.low_s - high_s if seen.low_s > high_s else seen.high_s - low_s
    return seen, by_s if abs(by_s) > TOLERANCE_S else 0.0
