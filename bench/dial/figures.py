"""Computes what `make bench-dial` says, from what the callees, PostgreSQL and the kernel wrote down."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from bench.dial.crowd import Call
from bench.dial.many_packets import Packets
from bench.lateness import LIMIT_S, RATE, Punctuality

TALKED = frozenset({"hung_up", "no_input"})
"""How a call ends that was answered, heard the message and pressed no key."""
KEY_WAIT_S = 8.0
"""The menu waits so long for a key; then it is offered again."""
QUIET_NS = int((KEY_WAIT_S + 1) * 1e9)
"""A call that is up may be silent for so long, and then it speaks again: the embedded switch sends nothing while a key
is waited for."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a switch has to reach on the machine of docs/performance.md. cpu_ratio None: no goal."""

    calls_per_second: float
    cpu_ratio: float | None
    concurrent: int
    share_in_time: float = 0.999


GOALS = {"freeswitch": Goal(100, 1.4, 500), "embedded": Goal(25, None, 150)}


@dataclass(frozen=True, slots=True)
class Written:
    """What PostgreSQL holds of one contact and its attempts. concluded_at: of the last, None while one is open."""

    number: str
    attempts: int
    disposition: str | None
    witness: str | None
    concluded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Held:
    """Calls that were held. up: streams that spoke, but for the menu's waits; late_s: of every packet, sorted."""

    up: int
    punctuality: Punctuality
    late_s: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """One run. cpu: the switch's, seconds per call."""

    switch: str
    calls_per_second: float
    product_cpu_s: float
    bare_cpu_s: float
    held: Held
    missing: Sequence[str]

    @property
    def cpu_ratio(self) -> float:
        """How many times the bare switch's CPU a call costs in the product."""
        return self.product_cpu_s / self.bare_cpu_s if self.bare_cpu_s else float("inf")

    def broken(self, goal: Goal) -> list[str]:
        """Name the goals that were not reached."""
        checks = (
            ("calls/s", self.calls_per_second >= goal.calls_per_second),
            ("cpu ratio", goal.cpu_ratio is None or self.cpu_ratio <= goal.cpu_ratio),
            ("concurrent", self.held.up >= goal.concurrent),
            ("punctuality", self.held.punctuality.share_in_time >= goal.share_in_time),
            ("packets lost", self.held.punctuality.expected > 0 and self.held.punctuality.lost == 0),
            ("missing", not self.missing),
        )
        return [name for name, is_reached in checks if not is_reached]

    def last_line(self) -> str:
        """Spell the line that says it all."""
        return (
            f"bench-dial: switch {self.switch}, {self.calls_per_second:.0f} calls/s, cpu ratio {self.cpu_ratio:.2f}, "
            f"{self.held.up} concurrent, {len(self.missing)} missing"
        )


def rate_of(concluded_at: Sequence[datetime]) -> float:
    """Return conclusions per second, from the first to the last; 0 when there are too few to say.

    It counts what PostgreSQL had committed, so whatever held a call back anywhere is in it.
    """
    if len(concluded_at) < 2:
        return 0.0
    seconds = (max(concluded_at) - min(concluded_at)).total_seconds()
    return (len(concluded_at) - 1) / seconds if seconds > 0 else 0.0


def missing(calls: Sequence[Call], written: Sequence[Written]) -> list[str]:
    """Name every call that is not there once on both sides: rung once, concluded once by its hook, as it went."""
    rung = Counter(call.number for call in calls)
    found = [f"{one.number}: {fault}" for one in written if (fault := _fault(one, rung[one.number]))]
    strangers = rung.keys() - {one.number for one in written}
    found += [f"{call.number}: up at the end" for call in calls if call.ended_at is None]
    return found + [f"{number}: rung, and nobody asked for it" for number in sorted(strangers)]


def _fault(one: Written, rung: int) -> str | None:
    if rung != 1:
        return f"rung {rung} times"
    if one.attempts != 1:
        return f"{one.attempts} attempts"
    if one.concluded_at is None:
        return "not concluded"
    if one.witness != "hook":
        return f"concluded by {one.witness}"
    return None if one.disposition in TALKED else f"ended as {one.disposition}"


def held(packets: Packets, first_ns: int, last_ns: int) -> Held:
    """Return how many streams spoke from first_ns to last_ns (the kernel's clock), and how punctual they were.

    The same figures as bench.lateness.measure, in numpy: there are a million packets. They have to be heard for
    QUIET_NS longer at either end: what falls silent before the end is up only if it speaks again, and what it lost on
    the way shows only then. A stream that was silent for longer, or for good, is not counted, and nor are its packets.
    """
    inside = (packets.at_ns >= first_ns - QUIET_NS) & (packets.at_ns <= last_ns + QUIET_NS)
    at_ns, port = packets.at_ns[inside], packets.port[inside]
    sequence, timestamp = packets.sequence[inside], packets.timestamp[inside]
    up = expected = lost = 0
    delays: list[npt.NDArray[np.float64]] = []
    second = 1_000_000_000
    for one in np.unique(port):
        before, after = (port == one) & (at_ns <= first_ns), (port == one) & (at_ns >= last_ns)
        if not before.any() or not after.any():
            continue
        mine = (port == one) & (at_ns >= at_ns[before].max()) & (at_ns <= at_ns[after].min())
        at = at_ns[mine]
        if np.diff(np.sort(at)).max() > QUIET_NS:
            continue
        up += 1
        numbers = _unwrapped(sequence[mine], 16)
        numbers, firsts = np.unique(numbers, return_index=True)  # of copies, the first counts
        expected += int(numbers[-1] - numbers[0]) + 1
        lost += int(numbers[-1] - numbers[0]) + 1 - len(numbers)
        media_s = _unwrapped(timestamp[mine], 32)[firsts] / RATE
        offsets = (at[firsts] - first_ns) / second - media_s
        delays.append(offsets - offsets.min())
    every = np.sort(np.concatenate(delays)) if delays else np.zeros(0)
    late = int((every > LIMIT_S).sum())
    worst, p999 = (float(every[-1]), float(every[int(0.999 * len(every))])) if len(every) else (0.0, 0.0)
    return Held(up, Punctuality(expected, lost, late, worst, p999), every)


def _unwrapped(values: npt.NDArray[np.int64], bits: int) -> npt.NDArray[np.int64]:
    """Return counters that do not wrap, from ones that do, in the order they came."""
    half = 1 << (bits - 1)
    steps = (np.diff(values) + half) % (2 * half) - half
    return np.concatenate([values[:1], values[0] + np.cumsum(steps)])
