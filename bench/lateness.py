"""Computes how punctual RTP streams were from what the kernel of the receiver saw."""

from collections.abc import Iterable
from dataclasses import dataclass

RATE = 8000
LIMIT_S = 0.040


@dataclass(frozen=True, slots=True)
class Arrival:
    """One packet received: when (seconds, kernel's clock), and its RTP sequence number and timestamp."""

    at: float
    sequence: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class Punctuality:
    """Figures over all streams. A lost packet is neither in time nor late; it counts among those expected."""

    expected: int
    lost: int
    late: int
    worst_s: float
    p999_s: float

    @property
    def share_in_time(self) -> float:
        """Return the share of expected packets that came within LIMIT_S of their schedule; 0 when none was expected."""
        return (self.expected - self.lost - self.late) / self.expected if self.expected else 0.0


def measure(streams: Iterable[Iterable[Arrival]]) -> Punctuality:
    """Compare every packet's arrival with the schedule its RTP timestamp sets.

    A stream's schedule starts at its most punctual packet, so that no packet is early and a late first one is no
    excuse for the rest. Copies of a packet count once. Packets between the lowest and highest number are expected.
    """
    expected = lost = 0
    delays: list[float] = []
    for stream in streams:
        first_seen = _without_copies(stream)
        if not first_seen:
            continue
        numbers = sorted(first_seen)
        expected += numbers[-1] - numbers[0] + 1
        lost += numbers[-1] - numbers[0] + 1 - len(numbers)
        offsets = [first_seen[number].at - _media_time(first_seen, numbers[0], number) for number in numbers]
        start = min(offsets)
        delays += [offset - start for offset in offsets]
    delays.sort()
    late = sum(delay > LIMIT_S for delay in delays)
    return Punctuality(expected, lost, late, delays[-1] if delays else 0.0, _quantile(delays, 0.999))


def _without_copies(stream: Iterable[Arrival]) -> dict[int, Arrival]:
    """Key arrivals by a sequence number that does not wrap."""
    seen: dict[int, Arrival] = {}
    last: int | None = None
    for arrival in stream:
        last = arrival.sequence if last is None else last + _signed(arrival.sequence - last, 16)
        seen.setdefault(last, arrival)
    return seen


def _media_time(seen: dict[int, Arrival], first: int, number: int) -> float:
    return _signed(seen[number].timestamp - seen[first].timestamp, 32) / RATE


def _signed(difference: int, bits: int) -> int:
    half = 1 << (bits - 1)
    return ((difference + half) % (2 * half)) - half


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
