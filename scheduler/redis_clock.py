"""Watches the clock that all limits are kept by: once it was set, what was written by it is taken for lost."""

import logging
import threading
import time
from collections.abc import Callable

from redis import Redis

from db import lease_clock
from db.errors import LeasesLost
from dialer.clock_step import Distance, distance, follow

logger = logging.getLogger(__name__)

FURTHEST_S = 120.0
"""Further ahead no limit puts a slot: two spacings, the minute of quiet, and some more."""

WAS_SET = "Redis's clock was set: nothing is dialled for a minute, then all limits are kept as before"


class RedisClock:
    """Thread-safe. Set forward, leases would expire under live calls and the last minute would count for nothing; set
    back, slots would lie as far ahead, and nothing would be dialled until then. on_set: called when it was set.
    """

    def __init__(
        self,
        redis: Redis,
        total_cps: float,
        on_set: Callable[[], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis, self._on_set, self._clock = redis, on_set, clock
        self._furthest_s = FURTHEST_S + 2 / total_cps
        self._lock = threading.Lock()
        self._known: Distance | None = None
        self._quiet_until_s = float("-inf")

    def is_quiet(self) -> bool:
        """Whether nothing may leave, since the clock was set a moment ago."""
        return self._clock() < self._quiet_until_s

    def time_us(self) -> int:
        """Return the time by Redis's clock, µs. Raises RedisAway; LeasesLost: it was set since the last look."""
        with self._lock:
            asked_s = self._clock()
            found = lease_clock.look(self._redis)
            self._quiet_until_s = self._clock() + found.quiet_s if found.quiet_s else float("-inf")
            seen = distance(found.at_us / 1_000_000, asked_s, self._clock())
            known, by_s = follow(self._known, seen)
            was_set = by_s != 0 or found.ahead_s > self._furthest_s
            if was_set:
                lease_clock.forget(self._redis)  # raises before it is known: then the next look finds it again
                self._quiet_until_s = self._clock() + lease_clock.QUIET_MS / 1000
            self._known = known
        if was_set:
            logger.error(WAS_SET, extra={"by_s": round(by_s, 3), "ahead_s": round(found.ahead_s, 3)})
            self._on_set()
            raise LeasesLost("Redis's clock was set: rebuild the leases from the open attempts before reserving")
        return found.at_us
