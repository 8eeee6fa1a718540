"""The clock of Redis, by which leases and slots are kept, and the way out when it was set."""

from dataclasses import dataclass

from redis import Redis

from db.lua import run

QUIET_MS = 60_500
"""How long nothing leaves after the clock was set: what left before is then in nobody's minute any more."""


@dataclass(frozen=True, slots=True)
class Look:
    """at_us: the time. ahead_s: how far ahead the last slot or call lies. quiet_s: for so long nothing may leave."""

    at_us: int
    ahead_s: float
    quiet_s: float


def look(redis: Redis) -> Look:
    """Return the time. Raises RedisAway."""
    at_us, ahead_us, quiet_ms = run(redis, "clock", ["look"])
    return Look(int(at_us), int(ahead_us) / 1_000_000, max(0, int(quiet_ms)) / 1000)


def forget(redis: Redis) -> None:
    """Take all leases for lost, as if Redis was emptied. For QUIET_MS nothing leaves. Raises RedisAway."""
    run(redis, "clock", ["forget", QUIET_MS])
