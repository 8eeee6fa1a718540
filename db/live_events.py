"""Events for whoever watches live: published to Redis, lost when nobody listens, never waited for."""

from collections.abc import Iterator, Mapping
from typing import Any

from redis import Redis

CHANNEL = "dialer:live"


def publish(redis: Redis, event_type: str, facts: Mapping[str, Any]) -> bool:
    """Tell whoever listens; False when Redis did not take it. Never raises for Redis's sake."""
    raise NotImplementedError


def subscribe(redis: Redis, idle_s: float = 15.0) -> Iterator[dict[str, Any] | None]:
    """Yield events as they come, and None after every `idle_s` seconds of silence (so that a watcher can leave)."""
    raise NotImplementedError
