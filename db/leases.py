"""Channel leases and evenly spaced slots, shared by every scheduler through Redis and its clock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from uuid import uuid4

from redis import Redis

from db.attempts import OpenAttempt
from db.errors import LeasesLost
from db.lua import run
from db.redis_client import answers

TTL_S = 60
UNCLAIMED_TTL_S = 5
"""How long a reserved slot lives that nobody claims a contact for: its scheduler died in between."""
QUIET_MS = 1000
"""How long nothing is reserved after Redis was emptied; longer than any horizon slots are reserved for."""
MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class GatewayLimits:
    """max_channels at once; cps: originates per second; cpm: per any 60 s, None: no limit of its own."""

    id: int
    max_channels: int
    cps: float
    cpm: int | None = None


@dataclass(frozen=True, slots=True)
class CampaignLimits:
    """max_channels at once; cpm: originates per any 60 s; cps: per second, None: no limit of its own."""

    id: int
    max_channels: int
    cpm: int
    cps: float | None = None


@dataclass(frozen=True, slots=True)
class TotalLimits:
    """max_channels at once and originates per second over everything; cpm: per any 60 s, None: no limit."""

    max_channels: int
    cps: float
    cpm: int | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """A reserved channel: originate `attempt_id` in `delay_ms` from now."""

    attempt_id: str
    delay_ms: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Leases held: in all, by gateway id, by campaign id, by switch id; what has not left is on none."""

    total: int
    by_gateway: Mapping[int, int]
    by_campaign: Mapping[int, int]
    by_switch: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A channel on one of these switches, for a call that leaves. places: (id, channels), the best first."""

    lease_id: str
    places: Sequence[tuple[int, int]]
    ttl_s: int = TTL_S


@dataclass(frozen=True, slots=True)
class Leave:
    """The answer at the last gate. wait_s: before it asks again, 0: it may leave, `in_s` from now and no sooner.

    at: when it may leave, or was told to wait, epoch s by Redis's clock.
    campaign_wait_s: what of it the campaign's own limit demands: others' calls need not wait so long.
    switch_id: on which its channel is counted from now on; None: none was wanted, or none had room and nothing leaves.
    live: channels taken on each switch that was asked for.
    """

    wait_s: float
    at: float
    switch_id: int | None = None
    live: Mapping[int, int] = field(default_factory=dict)
    campaign_wait_s: float = 0.0
    in_s: float = 0.0


def reserve(
    redis: Redis,
    gateway: GatewayLimits,
    campaign: CampaignLimits,
    total: TotalLimits,
    attempt_ids: Sequence[str],
    horizon_ms: int,
    ttl_s: int = TTL_S,
    until_us: int | None = None,
    place: tuple[int, int] = (0, 0),
) -> list[Slot]:
    """Reserve slots for the first of `attempt_ids`, as many as every limit allows within `horizon_ms`.

    until_us: by Redis's clock, instead of the horizon: of several who ask in turn none sees further than the first.
    place: switch id and its channels, for a leg that can be on no other; a channel is held there too.
    Raises LeasesLost when Redis was emptied: call `rebuild` first. Raises RedisAway.
    """
    if not attempt_ids:
        return []
    limits = (
        *(f"+{horizon_ms}" if until_us is None else until_us, ttl_s * 1000),
        *(gateway.id, gateway.max_channels, gateway.cps, gateway.cpm or 0),
        *(campaign.id, campaign.max_channels, campaign.cps or 0, campaign.cpm),
        *(total.max_channels, total.cps, total.cpm or 0),
        *place,
    )
    found = run(redis, "reserve", [*limits, *attempt_ids])
    if found is None:
        raise LeasesLost("Redis was emptied: rebuild the leases from the open attempts before reserving")
    return [
        Slot(attempt_id, ceil(int(delay_us) / 1000))
        for attempt_id, delay_us in zip(found[::2], found[1::2], strict=True)
    ]


def ask_to_leave(
    redis: Redis,
    gateway_id: int,
    spacing_s: float,
    total_spacing_s: float,
    wanted: Wanted | None = None,
    campaign: tuple[int, float] = (0, 0.0),
    ahead_s: float = 0.0,
    not_before_s: float = 0.0,
    instead_of: float = 0.0,
) -> Leave:
    """Ask whether a call over this gateway may leave now, and on which switch; the next one leaves so long after it.

    ahead_s: a moment that is no further off will do too, for somebody who has something left to do until then.
    not_before_s: it leaves no sooner, whatever it is allowed. instead_of: the moment (Leave.at) that it was given and
    let pass.
    campaign: its id, and how far apart its own calls leave, 0.0: no limit of its own.
    Raises LeasesLost, also when Redis was emptied since the lease was reserved: reserve again. Raises RedisAway.
    """
    campaign_id, campaign_spacing_s = campaign
    times_s = (spacing_s, campaign_spacing_s, total_spacing_s, ahead_s, max(not_before_s, 0.0))
    limits = [*(ceil(seconds * 1_000_000) for seconds in times_s), round(instead_of * 1_000_000)]
    places = wanted.places if wanted else ()
    more: list[str | int] = [value for place in places for value in place]
    if wanted:
        more = [wanted.lease_id, wanted.ttl_s * 1000, *more]
    answer = run(redis, "depart", ["ask", gateway_id, campaign_id, *limits, *more])
    if answer is None:
        raise LeasesLost("Redis was emptied: rebuild the leases from the open attempts before anything leaves")
    wait_us, campaign_wait_us, now_us, in_us, switch_id, *taken = map(int, answer)
    live = {place: count for (place, _), count in zip(places, taken, strict=False)}
    at = (now_us + in_us) / 1_000_000
    return Leave(wait_us / 1_000_000, at, switch_id or None, live, campaign_wait_us / 1_000_000, in_us / 1_000_000)


def has_left(redis: Redis, gateway_id: int, campaign_id: int = 0) -> None:
    """Tell the others that a call which was allowed earlier is on its way only now. Raises RedisAway."""
    run(redis, "depart", ["left", gateway_id, campaign_id])


def time_us(redis: Redis) -> int:
    """Return the time by Redis's clock, µs; raises RedisAway."""
    with answers():
        seconds, microseconds = redis.time()
    return int(seconds) * 1_000_000 + int(microseconds)


def give_back(redis: Redis, attempt_ids: Iterable[str]) -> int:
    """Return slots that no originate used: channel and rate are free again. In the order they were reserved."""
    return _drop(redis, "give_back", attempt_ids)


def release(redis: Redis, attempt_ids: Iterable[str]) -> int:
    """Free the channels of calls that ended, and of their operators; their place in the minute stays taken."""
    return _drop(redis, "release", [lease_id for a in attempt_ids for lease_id in (a, of_operator(a))])


def of_operator(attempt_id: str) -> str:
    """Return the id of the lease that the operator's leg of an attempt holds beside the callee's."""
    return f"{attempt_id}:operator"


def _drop(redis: Redis, verb: str, attempt_ids: Iterable[str]) -> int:
    ids = list(attempt_ids)
    return int(run(redis, "leases", [verb, *ids])) if ids else 0


def renew_open(redis: Redis, attempts: Sequence[OpenAttempt], ttl_s: int = TTL_S) -> int:
    """Keep the leases of all these for another `ttl_s`; write those that Redis forgot, and return how many."""
    renew(redis, [lease_id for a in attempts for lease_id in _lease_ids(a)], ttl_s)
    return restore(redis, attempts, ttl_s)


def renew(redis: Redis, attempt_ids: Iterable[str], ttl_s: int = TTL_S) -> list[str]:
    """Keep these leases for another `ttl_s`; return the ids Redis knows no lease of (restore those)."""
    ids = list(attempt_ids)
    return list(run(redis, "leases", ["renew", ttl_s * 1000, *ids])) if ids else []


def _lease_ids(attempt: OpenAttempt) -> list[str]:
    return [attempt.attempt_id, *([of_operator(attempt.attempt_id)] if attempt.is_transferred else [])]


def _places(attempts: Iterable[OpenAttempt]) -> list[str | int]:
    return [
        value
        for a in attempts
        for lease_id in _lease_ids(a)
        for value in (lease_id, a.gateway_id, a.campaign_id, a.switch_id or 0)
    ]


def restore(redis: Redis, attempts: Iterable[OpenAttempt], ttl_s: int = TTL_S) -> int:
    """Write leases of open attempts that Redis has forgotten; return how many were missing.

    Call it at start and while reconciling: leases of calls that nobody renewed have expired, the calls have not.
    """
    places = _places(attempts)
    return int(run(redis, "leases", ["restore", ttl_s * 1000, *places])) if places else 0


def are_lost(redis: Redis) -> bool:
    """Whether Redis was emptied and nobody has rebuilt the leases since. Raises RedisAway."""
    with answers():
        return not redis.exists("dialer:generation")


def rebuild(
    redis: Redis, attempts: Iterable[OpenAttempt], recent: Iterable[OpenAttempt] = (), ttl_s: int = TTL_S
) -> bool:
    """After Redis was emptied: write the leases of open attempts, the last minute's originates, and a new marker.

    recent: attempts.recent_attempts. The next slot is a second away (the bucket starts empty): what had been
    reserved ahead before the loss has left by then. False: somebody else had rebuilt it.
    """
    places = _places(attempts)
    now = datetime.now(UTC)
    ages = [
        value
        for a in recent
        for lease_id in _lease_ids(a)
        # One that is claimed counts as leaving now, and so does an operator's leg: nobody wrote down when it did.
        for at in (a.originated_at if lease_id == a.attempt_id and a.originated_at else now,)
        for value in (lease_id, a.gateway_id, a.campaign_id, max(0, round((now - at) / MS)))
    ]
    generation = str(uuid4())
    return bool(run(redis, "leases", ["rebuild", ttl_s * 1000, generation, QUIET_MS, len(places) // 4, *places, *ages]))


def counts(
    redis: Redis, gateway_ids: Sequence[int] = (), campaign_ids: Sequence[int] = (), switch_ids: Sequence[int] = ()
) -> Counts:
    """Count the leases held now: in all, of these gateways, of these campaigns and on these switches."""
    keys = [
        "dialer:leases:total",
        *(f"dialer:leases:gateway:{gateway_id}" for gateway_id in gateway_ids),
        *(f"dialer:leases:campaign:{campaign_id}" for campaign_id in campaign_ids),
        *(f"dialer:leases:switch:{switch_id}" for switch_id in switch_ids),
    ]
    total, *others = run(redis, "leases", ["counts", *keys])
    found = iter(others)
    by_gateway, by_campaign, by_switch = (
        {scope_id: next(found) for scope_id in ids} for ids in (gateway_ids, campaign_ids, switch_ids)
    )
    return Counts(total, by_gateway, by_campaign, by_switch)


def held(redis: Redis) -> set[str]:
    """Return the attempts for which any channel is reserved, in use or not. Raises RedisAway."""
    with answers():
        return {str(lease_id).partition(":")[0] for lease_id in redis.zrange("dialer:leases:total", 0, -1)}


def minute_count(redis: Redis, campaign_id: int) -> int:
    """Count the campaign's slots of the last 60 s and those reserved ahead."""
    return int(run(redis, "leases", ["minute", f"campaign:{campaign_id}"]))


def minute_count_in_all(redis: Redis) -> int:
    """Count the slots of the last 60 s and those reserved ahead, over everything."""
    return int(run(redis, "leases", ["minute", "total"]))
