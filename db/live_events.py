"""Events for whoever watches live: published to Redis, lost when nobody listens, never waited for."""

import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

CHANNEL = "dialer:live"


def publish(redis: Redis, event_type: str, facts: Mapping[str, Any]) -> bool:
    """Tell whoever listens; False when Redis did not take it. Never raises for Redis's sake.

    The event is `facts` with `type` (`call.answered`, …) and `ts` (ISO, UTC).
    """
    return publish_all(redis, [encoded(event_type, facts)])


def encoded(event_type: str, facts: Mapping[str, Any], at: datetime | None = None) -> str:
    """Return an event as it is published. at: when it happened, None: now."""
    event = {**facts, "type": event_type, "ts": (at or datetime.now(UTC)).isoformat()}
    return json.dumps(event, default=str, ensure_ascii=False)


def publish_all(redis: Redis, events: Sequence[str]) -> bool:
    """Tell whoever listens several events, in order and in one request; False when Redis did not take them."""
    try:
        if len(events) == 1:  # for which a pipeline is a detour
            redis.publish(CHANNEL, events[0])
            return True
        with redis.pipeline(transaction=False) as pipeline:
            for event in events:
                pipeline.publish(CHANNEL, event)
            pipeline.execute()
    except RedisError:
        logger.warning("live events not published", extra={"count": len(events)})
        return False
    return True


def subscribe(redis: Redis, idle_s: float = 15.0) -> Iterator[dict[str, Any] | None]:
    """Yield events as they come, and None after every `idle_s` seconds of silence (so that a watcher can leave).

    The first None says that the subscription stands. Raises RedisError when Redis goes away.
    """
    with redis.pubsub() as listener:  # type: ignore[no-untyped-call]
        listener.subscribe(CHANNEL)
        quiet_since = time.monotonic()
        while True:
            message = listener.get_message(timeout=max(0.0, quiet_since + idle_s - time.monotonic()))
            if message is not None and message["type"] == "message":
                yield json.loads(message["data"])
            elif message is not None and message["type"] == "subscribe":
                yield None
            elif time.monotonic() < quiet_since + idle_s:
                continue
            else:
                yield None
            quiet_since = time.monotonic()
