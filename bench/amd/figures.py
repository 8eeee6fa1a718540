"""The figures of a run: computed from verdicts, nothing else."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bench.amd.corpus import Item
from fs_scripts.amd.detector import Verdict

CALLED_MACHINE = frozenset({Verdict.MACHINE, Verdict.FAX})


@dataclass(frozen=True, slots=True)
class Heard:
    """One recording and what was said about it."""

    item: Item
    verdict: Verdict
    decision_ms: int
    baseline: Verdict

    @property
    def is_person(self) -> bool:
        """Say who it really was."""
        return self.item.label == "human"

    @property
    def is_right(self) -> bool:
        """Say whether a person was talked to, and a machine not."""
        return self.is_person != (self.verdict in CALLED_MACHINE)


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of the last line."""

    balanced: float
    humans_lost: float
    machine_recall: float
    baseline: float

    def __str__(self) -> str:
        """Return the last line of the bench."""
        return (
            f"bench-amd: balanced {self.balanced:.3f}, humans lost {self.humans_lost:.3f}, "
            f"machine recall {self.machine_recall:.3f}, baseline {self.baseline:.3f}"
        )


def summary(heard: Sequence[Heard]) -> Summary:
    """Return the figures over all recordings; needs people and machines among them."""
    lost = share(not one.is_right for one in heard if one.is_person)
    recall = share(one.is_right for one in heard if not one.is_person)
    baseline_lost = share(one.baseline in CALLED_MACHINE for one in heard if one.is_person)
    baseline_recall = share(one.baseline in CALLED_MACHINE for one in heard if not one.is_person)
    return Summary((1 - lost + recall) / 2, lost, recall, (1 - baseline_lost + baseline_recall) / 2)


def share(facts: Iterable[bool]) -> float:
    """Return how many of the facts are true, 0 to 1."""
    known = list(facts)
    return sum(known) / len(known)


def wilson(right: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """Return the 95 % interval of a share."""
    middle = (right + z * z / 2) / (count + z * z)
    width = z / (count + z * z) * math.sqrt(right * (count - right) / count + z * z / 4)
    return max(0.0, middle - width), min(1.0, middle + width)


def quantile(values: Iterable[int], part: float) -> float:
    """Return the nearest-rank quantile, NaN of nothing."""
    known = sorted(values)
    return known[min(len(known) - 1, math.ceil(part * len(known)) - 1)] if known else math.nan


def table(heard: Sequence[Heard], by: Callable[[Item], str]) -> list[str]:
    """Return a line a group: right of all, with the interval."""
    lines = []
    for name in sorted({by(one.item) for one in heard}):
        group = [one for one in heard if by(one.item) == name]
        right = sum(one.is_right for one in group)
        low, high = wilson(right, len(group))
        lines.append(f"  {name:<18} {right:>4} of {len(group):<4} {right / len(group):6.1%}  [{low:.1%}, {high:.1%}]")
    return lines
