"""A campaign that abandons too many is paused with the reason, and dials nothing even before that."""

from datetime import UTC, datetime

from redis import Redis

from db import campaigns
from dialer.campaign import CampaignState, PauseReason
from scheduler.abandon_cap import pause_over_cap
from scheduler.database import Database
from scheduler.planner import Planner
from tests.db.conftest import World
from tests.db.test_abandon_ledger import abandon


def test_it_pauses_with_the_reason_and_says_why_in_the_audit_log(
    world: World, database: Database, redis: Redis
) -> None:
    over = world.campaign(contacts=10)
    fine = world.campaign(contacts=10, first_phone=79170000000)
    abandon(world, over, 4)
    abandon(world, fine, 3)
    assert pause_over_cap(database, redis) == [over]
    paused = campaigns.get(world.conn, over)
    assert (paused.state, paused.pause_reason) == (CampaignState.PAUSED, PauseReason.ABANDON_CAP)
    assert campaigns.get(world.conn, fine).state is CampaignState.ACTIVE
    details = world.value("SELECT details FROM audit_log WHERE action = 'campaign.paused' AND user_id IS NULL")
    assert details == {
        "by": "abandon_cap", "answered": 4, "abandoned": 4, "rate_percent": 100.0, "cap_percent": 3.0,
    }  # fmt: skip
    assert pause_over_cap(database, redis) == []


def test_it_plans_nothing_for_a_campaign_over_its_cap(world: World, planner: Planner) -> None:
    campaign_id = world.campaign(contacts=10, calls_per_minute=6000)
    assert planner.plan(datetime.now(UTC))
    world.conn.execute("UPDATE campaigns SET abandon_cap = 0")
    world.conn.execute(
        "INSERT INTO abandon_days (campaign_id, day, shard, answered, abandoned) VALUES (%s, now()::date, 0, 9, 1)",
        [campaign_id],
    )
    assert planner.plan(datetime.now(UTC)) == []
