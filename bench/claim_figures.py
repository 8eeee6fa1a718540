"""The figures of `bench.claim`, their limits, and the last line."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

MOST_RATIO = 1.3
MOST_P99_S = 0.015
MOST_ROWS_PER_CLAIMED = 3.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Durations in seconds. rows: of contacts read per contact claimed. bare_s, bare_p99_s: of the bare insert.

    Of claims in the large campaign, worked_s, worked_p99_s: the server on a core, core_p99_s: waiting for one. mark_s,
    mark_p99_s: marking them as sent, whose commit waits for the disk. whole: tables that a plan reads as a whole.
    """

    large_s: float
    small_s: float
    p99_s: float
    rows: float
    bare_s: float = 0.0
    bare_p99_s: float = 0.0
    core_p99_s: float = 0.0
    worked_s: float = 0.0
    worked_p99_s: float = 0.0
    mark_s: float = 0.0
    mark_p99_s: float = 0.0
    whole: tuple[str, ...] = ()

    @property
    def ratio(self) -> float:
        """How many times longer the claim takes in the large campaign."""
        return self.large_s / self.small_s

    @property
    def broken(self) -> list[str]:
        """Name the limits that are not kept."""
        return [f"sequential scan of {table}" for table in self.whole] + [
            name
            for name, value, limit in (
                ("ratio", self.ratio, MOST_RATIO),
                ("p99", self.p99_s, MOST_P99_S),
                ("rows read per contact claimed", self.rows, MOST_ROWS_PER_CLAIMED),
            )
            if value > limit
        ]


def figures(large_s: Sequence[float], small_s: Sequence[float], rows: float) -> Figures:
    """Compute the figures from every claim's duration; p99 is that of the large campaign."""
    return Figures(median(large_s), median(small_s), p99(large_s), rows)


def p99(durations: Sequence[float]) -> float:
    """Return the duration that one in a hundred exceeds or equals."""
    ordered = sorted(durations)
    return ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]


def report(found: Figures) -> str:
    """Spell the last line."""
    return f"bench-claim: ratio {found.ratio:.2f}, p99 {1000 * found.p99_s:.1f} ms"
