"""What the schedulers say of themselves, for whoever asks why nothing is dialing: kept in Redis for a few seconds."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from redis import Redis
from redis.exceptions import RedisError

KEY = "dialer:dialing-state"
KEPT_S = 6


@dataclass(frozen=True, slots=True)
class DialingState:
    """held_by: the brake that keeps every scheduler from dialing, None: nothing. gateways_down: names."""

    held_by: str | None
    gateways_down: tuple[str, ...] = ()


def tell(redis: Redis, held_by: str | None, gateways_down: Sequence[str]) -> None:
    """Say it; call it each second. One that is held does not contradict another that dials. Raises RedisError."""
    state = DialingState(held_by, tuple(gateways_down))
    redis.set(KEY, json.dumps(asdict(state)), ex=KEPT_S, nx=held_by is not None)


def read(redis: Redis) -> DialingState | None:
    """Return what was said last, None when no scheduler was heard of for seconds, or when Redis is away."""
    try:
        found = redis.get(KEY)
    except RedisError:
        return None
    if found is None:
        return None
    known = json.loads(found)
    return DialingState(known["held_by"], tuple(known["gateways_down"]))
