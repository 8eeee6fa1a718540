"""Live events of calls, published after the fact they tell of is safe; no call waits for them."""

from typing import Any

from redis import Redis

from db import live_events
from fs_scripts.background import Background


class Announcer:
    """Publishes in the order of the calls to it."""

    def __init__(self, redis: Redis, background: Background) -> None:
        self._redis = redis
        self._background = background

    def announce(self, event_type: str, **facts: Any) -> None:
        """Tell whoever watches live; lost when nobody does, or when Redis is away."""
        self._background.put(lambda: live_events.publish(self._redis, event_type, facts))
