"""The portal's limits: a leaky bucket per source address, and operating time per method."""

from collections import defaultdict, deque
from dataclasses import dataclass, field

BUCKET_SIZE = 50
DRAIN_PER_S = 2.0
OPERATING_WINDOW_S = 600.0
OPERATING_LIMIT_S = 480.0


@dataclass
class LeakyBuckets:
    """A bucket of `size` requests per source address, draining at `drain_per_s`."""

    size: int = BUCKET_SIZE
    drain_per_s: float = DRAIN_PER_S
    _levels: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, source: str, now: float) -> bool:
        """Pour one request in; False: it would spill over and is refused (and pours nothing in)."""
        level, since = self._levels.get(source, (0.0, now))
        level = max(0.0, level - (now - since) * self.drain_per_s)
        fits = level + 1 <= self.size
        self._levels[source] = (level + 1 if fits else level, now)
        return fits


@dataclass
class OperatingTime:
    """Seconds that each method worked within the last ten minutes."""

    limit_s: float = OPERATING_LIMIT_S
    window_s: float = OPERATING_WINDOW_S
    _spent: dict[str, deque[tuple[float, float]]] = field(default_factory=lambda: defaultdict(deque))

    def spend(self, method: str, seconds: float, now: float) -> None:
        """Count `seconds` of work."""
        self._spent[method].append((now, seconds))

    def operating(self, method: str, now: float) -> float:
        """Return the seconds of work that still count."""
        spent = self._spent[method]
        while spent and spent[0][0] <= now - self.window_s:
            spent.popleft()
        return sum(seconds for _, seconds in spent)

    def reset_at(self, method: str, now: float) -> float:
        """Return when the oldest work stops counting, epoch s."""
        spent = self._spent[method]
        return (spent[0][0] if spent else now) + self.window_s

    def is_blocked(self, method: str, now: float) -> bool:
        """Tell whether the method has used its time up."""
        return self.operating(method, now) >= self.limit_s
