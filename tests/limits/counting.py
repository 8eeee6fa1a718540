"""Counts calls in sliding windows against limits that change: whether any limit was exceeded, and when."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil, inf

GRACE_S = 2.0
"""A changed limit is obeyed within so long: what is planned for the next half second still leaves."""
MINUTE_S = 60.0
CLOCK_S = 1e-5
"""How finely the carriers' clocks are read."""
LATEST_S = 0.5
"""No call that is on its way for longer is excused by the machine."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call on the wire. Times: epoch s; ended_at None: it is still up.

    held_up_s: how much longer than the quickest it was on its way from its permission to the wire.
    """

    invited_at: float
    ended_at: float | None
    gateway: str
    campaign: str
    held_up_s: float = 0.0


@dataclass(slots=True)
class Limit:
    """A limit's values: (since when, how much), oldest first."""

    values: list[tuple[float, float]] = field(default_factory=list)

    def change(self, at: float, value: float) -> None:
        """Let it be `value` from `at` on."""
        self.values.append((at, value))

    def greatest(self, since: float, until: float) -> float:
        """Return the greatest value in force between the two moments, infinity when there was none."""
        first = max(0, bisect_right(self.values, (since, inf)) - 1)
        return max((value for at, value in self.values[first:] if at <= until), default=inf)


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one gateway, one campaign or everything; what has no limit is left out."""

    per_second: Limit = field(default_factory=Limit)
    per_minute: Limit = field(default_factory=Limit)
    channels: Limit = field(default_factory=Limit)


@dataclass(frozen=True, slots=True)
class Excess:
    """A limit that was exceeded. at: epoch s."""

    scope: str
    what: str
    at: float
    counted: int
    limit: float

    def __str__(self) -> str:
        """Return it as a line for a person."""
        return f"{self.scope}: {self.counted} {self.what}, {self.limit:g} are allowed, at {self.at:.3f}"


def excesses(scope: str, calls: Iterable[Call], limits: Limits) -> list[Excess]:
    """Return every moment at which the scope's calls exceeded one of its limits."""
    ordered = sorted(calls, key=lambda call: call.invited_at)
    return [
        *_too_fast(scope, "calls per second", ordered, limits.per_second, in_a_second),
        *_too_fast(scope, "calls per minute", ordered, limits.per_minute, in_a_minute),
        *_too_many(scope, ordered, limits.channels),
    ]


def in_a_second(most: float) -> tuple[int, float]:
    """Return how many calls any window of how many seconds may hold: 2.5 a second are 3 in 1.2 s."""
    count = ceil(most)
    return count, count / most


def margin_s(calls: Iterable[Call], limit: Limit, window: Callable[[float], tuple[int, float]]) -> float:
    """Return how much later, at the least, the first call came that a window had no room for; infinity: none did."""
    ordered = sorted(calls, key=lambda call: call.invited_at)
    return min((span_s - length_s for _, _, length_s, span_s in _windows(ordered, limit, window)), default=inf)


def in_a_minute(most: float) -> tuple[int, float]:
    """Return how many calls any minute may hold, and its length."""
    return int(most), MINUTE_S


def _windows(
    calls: Sequence[Call], limit: Limit, window: Callable[[float], tuple[int, float]]
) -> Iterable[tuple[Call, int, float, float]]:
    """Yield each call that has one more after it than a window holds: how many that are, how long, and their span."""
    for first, call in enumerate(calls):
        # The window's length follows from the limit, and the limit from the window: the longest is a minute.
        most = limit.greatest(call.invited_at - GRACE_S, call.invited_at + MINUTE_S)
        if most == inf:
            continue
        count, length_s = window(limit.greatest(call.invited_at - GRACE_S, call.invited_at + window(most)[1]))
        if first + count < len(calls):
            last = calls[first + count]
            # What the machine held up on its way is counted where it would have been without.
            span_s = (last.invited_at - _excused(last)) - (call.invited_at - _excused(call))
            yield call, count, length_s, span_s


def _too_fast(
    scope: str, what: str, calls: Sequence[Call], limit: Limit, window: Callable[[float], tuple[int, float]]
) -> Iterable[Excess]:
    for call, count, length_s, span_s in _windows(calls, limit, window):
        if span_s < length_s - CLOCK_S:
            yield Excess(scope, what, call.invited_at, count + 1, count / length_s if length_s < 10 else count)


def _excused(call: Call) -> float:
    return call.held_up_s if call.held_up_s <= LATEST_S else 0.0


def _too_many(scope: str, calls: Sequence[Call], limit: Limit) -> Iterable[Excess]:
    """Look whenever a call comes: a limit that is lowered ends no call, but lets none begin."""
    ends = sorted(call.ended_at for call in calls if call.ended_at is not None)
    for begun, call in enumerate(calls, 1):
        up = begun - bisect_right(ends, call.invited_at)
        most = limit.greatest(call.invited_at - GRACE_S, call.invited_at)
        if up > most:
            yield Excess(scope, "channels", call.invited_at, up, most)


def busiest(calls: Iterable[Call], length_s: float) -> int:
    """Return the most calls that began within any `length_s`, as they came over the wire."""
    moments = sorted(call.invited_at for call in calls)
    return max((bisect_right(moments, moment + length_s - 1e-6) - at for at, moment in enumerate(moments)), default=0)


def most_at_once(calls: Iterable[Call]) -> int:
    """Return the most calls that were up at one moment."""
    ordered = sorted(calls, key=lambda call: call.invited_at)
    ends = sorted(call.ended_at for call in ordered if call.ended_at is not None)
    return max((begun - bisect_right(ends, call.invited_at) for begun, call in enumerate(ordered, 1)), default=0)
