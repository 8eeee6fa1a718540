"""Which channels are reserved, looked at again and again: what is reserved after its call is over must be seen."""

import threading
import time
from collections.abc import Mapping

from db import leases
from db.errors import RedisAway
from db.redis_client import open_redis
from devstack.errors import StackError

LOOK_EVERY_S = 0.5
WAIT_MS = 1000


class LeaseWatch:
    """Looks on a thread of its own that may wait."""

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url
        self._held_until: dict[str, float] = {}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease-watch", daemon=True)
        self._thread.start()

    def stop(self) -> Mapping[str, float]:
        """Look no more; return attempt's id → when its channel was last seen reserved, epoch s. Raises StackError."""
        if not self._thread.is_alive():
            raise StackError("nobody looked at the channels' leases to the end")
        self._is_over.set()
        self._thread.join()
        return self._held_until

    def _run(self) -> None:
        with open_redis(self._url, wait_ms=WAIT_MS) as redis:
            while not self._is_over.wait(LOOK_EVERY_S):
                looked_at = time.time()  # before: it was reserved then, or later
                try:
                    held = leases.held(redis)
                except RedisAway:
                    continue
                self._held_until.update(dict.fromkeys(held, looked_at))
