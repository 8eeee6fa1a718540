"""The one way Redis is opened: short waits and no retries, so that it can never hold a call or the dial loop."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from db.errors import RedisAway


def open_redis(url: str, wait_ms: int) -> Redis:
    """Return a client that waits at most `wait_ms` to connect and for each answer; text comes back as str.

    It connects when first used, so it can be opened while Redis is away.
    """
    client: Redis = Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=wait_ms / 1000,
        socket_connect_timeout=wait_ms / 1000,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
        maint_notifications_config=MaintNotificationsConfig(enabled=False),  # it may stretch the waits
    )
    return client


@contextmanager
def answers() -> Iterator[None]:
    """Turn the client's ways of saying that Redis is not there into RedisAway."""
    try:
        yield
    except (RedisConnectionError, RedisTimeoutError) as error:
        raise RedisAway(f"Redis did not answer: {error}") from error


def keeps_on_disk(redis: Redis) -> bool:
    """Whether it may come back with what was true long ago; False where nobody may ask. Raises RedisAway."""
    with answers():
        try:
            found = redis.config_get("save", "appendonly")
        except ResponseError:
            return False
    return bool(found.get("save")) or found.get("appendonly") == "yes"
