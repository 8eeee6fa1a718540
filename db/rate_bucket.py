"""A leaky bucket in Redis, shared by everything that talks to one rate-limited system."""

from typing import Any

from redis import Redis


def take(redis: "Redis[Any]", key: str, size: int, rate_per_s: float) -> int:
    """Take one request from the bucket: 0 when taken, else the milliseconds until one will be free (none taken)."""
    raise NotImplementedError
