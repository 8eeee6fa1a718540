"""max-sessions and sessions-per-second, counted as FreeSWITCH counts them."""

import time
from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Limits:
    """A bucket that is filled anew every second. FreeSWITCH refuses the last of it: 30 a second lets 29 through."""

    max_sessions: int
    per_second: int
    total: int = 0
    peak: int = 0
    peak_per_second: int = 0
    started: float = field(default_factory=time.monotonic)
    _left: int = 0
    _second: int = -1
    _recent: deque[float] = field(default_factory=deque)

    def take(self) -> bool:
        """Take one session of this second; False: there is none left."""
        now = time.monotonic()
        second = int(now - self.started)
        if second != self._second:
            self._second, self._left = second, self.per_second
        self._left -= 1
        return self._left > 0

    def opened(self, live: int) -> int:
        """Count a session that came to be; return its number since the start."""
        now = time.monotonic()
        self.total += 1
        self.peak = max(self.peak, live)
        self._recent.append(now)
        self.peak_per_second = max(self.peak_per_second, self.last_second)
        return self.total

    @property
    def last_second(self) -> int:
        """Return how many sessions were opened within the last second."""
        now = time.monotonic()
        while self._recent and self._recent[0] < now - 1:
            self._recent.popleft()
        return len(self._recent)
