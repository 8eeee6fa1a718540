"""Channel leases and evenly spaced slots, shared by every scheduler through Redis and its clock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from redis import Redis

from db.attempts import OpenAttempt


@dataclass(frozen=True, slots=True)
class GatewayLimits:
    """max_channels at once; cps: originates per second; cpm: per any 60 s, None: no limit of its own."""

    id: int
    max_channels: int
    cps: float
    cpm: int | None = None


@dataclass(frozen=True, slots=True)
class CampaignLimits:
    """max_channels at once; cpm: originates per any 60 s."""

    id: int
    max_channels: int
    cpm: int


@dataclass(frozen=True, slots=True)
class TotalLimits:
    """max_channels at once and originates per second over everything."""

    max_channels: int
    cps: float


@dataclass(frozen=True, slots=True)
class Slot:
    """A reserved channel: originate `attempt_id` in `delay_ms` from now."""

    attempt_id: str
    delay_ms: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Leases held: in all, by gateway id, by campaign id."""

    total: int
    by_gateway: Mapping[int, int]
    by_campaign: Mapping[int, int]


def reserve(
    redis: Redis,
    gateway: GatewayLimits,
    campaign: CampaignLimits,
    total: TotalLimits,
    attempt_ids: Sequence[str],
    horizon_ms: int,
    ttl_s: int = 60,
) -> list[Slot]:
    """Reserve slots for the first of `attempt_ids`, as many as every limit allows within `horizon_ms`.

    Raises LeasesLost when Redis was emptied: call `rebuild` first. Raises RedisAway.
    """
    raise NotImplementedError


def give_back(redis: Redis, attempt_ids: Iterable[str]) -> int:
    """Return slots that no originate used: channel and rate are free again."""
    raise NotImplementedError


def release(redis: Redis, attempt_ids: Iterable[str]) -> int:
    """Free the channels of calls that ended; their place in the minute stays taken."""
    raise NotImplementedError


def renew(redis: Redis, attempt_ids: Iterable[str], ttl_s: int = 60) -> list[str]:
    """Keep these leases for another `ttl_s`; return the ids Redis knows no lease of (restore those)."""
    raise NotImplementedError


def restore(redis: Redis, attempts: Iterable[OpenAttempt], ttl_s: int = 60) -> int:
    """Write leases of open attempts that Redis has forgotten; return how many were missing."""
    raise NotImplementedError


def rebuild(redis: Redis, attempts: Iterable[OpenAttempt], recent: Iterable[OpenAttempt] = (), ttl_s: int = 60) -> bool:
    """After Redis was emptied: write the leases of open attempts, the last minute's originates, and a new marker.

    The next slot is then a second away (the bucket starts empty). False: somebody else had rebuilt it.
    """
    raise NotImplementedError


def counts(redis: Redis) -> Counts:
    """Count the leases that have not expired."""
    raise NotImplementedError


def minute_count(redis: Redis, campaign_id: int) -> int:
    """Count the campaign's slots of the last 60 s and those reserved ahead."""
    raise NotImplementedError
