"""How calls are to be held, kept in Redis as well, for a switch that can't ask PostgreSQL when its callee answers."""

import json
from collections.abc import Iterable

from redis import Redis

from db.attempts import LiveSetup
from db.redis_client import answers

KEPT_S = 86_400
"""Longer than any call that was claimed with this flow can wait for its answer."""


def _key(campaign_id: int, flow_version_id: int) -> str:
    return f"dialer:setup:{campaign_id}:{flow_version_id}"


def share(redis: Redis, setups: Iterable[LiveSetup]) -> None:
    """Keep these; raises RedisAway."""
    with answers():
        waiting = redis.pipeline(transaction=False)
        for setup in setups:
            kept = {"definition": setup.definition, "is_recording": setup.is_recording}
            waiting.set(_key(setup.campaign_id, setup.flow_version_id), json.dumps(kept), ex=KEPT_S)
        waiting.execute()


def shared(redis: Redis, campaign_id: int, flow_version_id: int) -> LiveSetup | None:
    """Return what is kept of this version in this campaign, None when nothing is; raises RedisAway."""
    with answers():
        kept = redis.get(_key(campaign_id, flow_version_id))
    if kept is None:
        return None
    found = json.loads(str(kept))
    return LiveSetup(campaign_id, flow_version_id, found["definition"], is_recording=found["is_recording"])
