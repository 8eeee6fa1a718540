"""How claimed calls are to be held lies in Redis before they leave, for a switch that can't ask PostgreSQL."""

from datetime import UTC, datetime

from db import setups
from db.errors import DatabaseAway
from scheduler.setup_sharing import AGAIN_S, SetupSharing


def test_the_flow_of_every_claimed_call_is_shared(world, planner, ready_redis):
    campaign_id = world.campaign(contacts=1, calls_per_minute=6000)
    (planned,) = planner.plan(datetime.now(UTC))
    version = planned.attempt.flow_version_id
    shared = setups.shared(ready_redis, campaign_id, version)
    assert shared is not None
    assert shared.definition == world.value("SELECT definition FROM flow_versions WHERE id = %s", version)
    assert setups.shared(ready_redis, campaign_id, version + 1) is None


def test_it_is_shared_again_after_a_while_because_redis_may_have_been_emptied(world, planner, database, ready_redis):
    campaign_id = world.campaign(contacts=1, calls_per_minute=6000)
    claimed = [departure.attempt for departure in planner.plan(datetime.now(UTC))]
    version = claimed[0].flow_version_id
    clock = [1000.0]
    sharing = SetupSharing(database, ready_redis, lambda: clock[0])
    sharing.of(claimed)
    ready_redis.delete(f"dialer:setup:{campaign_id}:{version}")
    sharing.of(claimed)
    assert setups.shared(ready_redis, campaign_id, version) is None, "it was shared a moment ago"
    clock[0] += AGAIN_S
    sharing.of(claimed)
    assert setups.shared(ready_redis, campaign_id, version) is not None


def test_calls_leave_though_their_flows_could_not_be_shared(world, planner, database, ready_redis, monkeypatch):
    world.campaign(contacts=1, calls_per_minute=6000)

    def away(*_):
        raise DatabaseAway("away")

    monkeypatch.setattr("scheduler.setup_sharing.attempts.live_setups", away)
    assert len(planner.plan(datetime.now(UTC))) == 1
