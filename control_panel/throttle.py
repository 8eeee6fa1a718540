"""Slows down password guessing: failed sign-ins are counted in Redis per account and per address."""

import hashlib
import logging

from redis import Redis, RedisError

logger = logging.getLogger(__name__)

WINDOW_S = 900
ACCOUNT_LIMIT = 8
ADDRESS_LIMIT = 30

REDIS_AWAY = "the sign-in throttle could not ask Redis"


def _keys(email: str, address: str) -> tuple[tuple[str, int], ...]:
    account = hashlib.sha256(email.strip().lower().encode()).hexdigest()[:32]
    return ((f"panel:signin:account:{account}", ACCOUNT_LIMIT), (f"panel:signin:address:{address}", ADDRESS_LIMIT))


def wait_s(redis: Redis, email: str, address: str) -> int:
    """Return how many seconds this sign-in must wait, 0 when it may be tried.

    While Redis is away sign-in stays possible: argon2 alone bounds guessing to a few a second.
    """
    try:
        for key, limit in _keys(email, address):
            if int(redis.get(key) or 0) >= limit:
                return max(int(redis.ttl(key)), 1)
    except RedisError:
        logger.warning(REDIS_AWAY)
    return 0


def failed(redis: Redis, email: str, address: str) -> None:
    """Count a failed sign-in; the counts forget it 15 minutes after the first."""
    try:
        for key, _limit in _keys(email, address):
            if redis.incr(key) == 1:
                redis.expire(key, WINDOW_S)
    except RedisError:
        logger.warning(REDIS_AWAY)


def succeeded(redis: Redis, email: str, address: str) -> None:
    """Forget the account's failures; the address's stay, or one good account would unlock guessing at others."""
    try:
        redis.delete(_keys(email, address)[0][0])
    except RedisError:
        logger.warning(REDIS_AWAY)
