"""A leaky bucket in Redis, shared by everything that talks to one rate-limited system."""

from redis import Redis

from db.lua import run


def take(redis: Redis, key: str, size: int, rate_per_s: float) -> int:
    """Take one request from the bucket: 0 when taken, else the milliseconds until one will be free (none taken).

    size: requests that may burst. Raises RedisAway.
    """
    return int(run(redis, "rate_bucket", [f"dialer:bucket:{key}", size, rate_per_s]))
