"""The preflight says what keeps a campaign from dialing, the first thing first."""

from datetime import UTC, datetime, time, timedelta

from db import blacklist, campaigns, claims
from db.blacklist import BlacklistReason
from db.preflight import preflight
from dialer.campaign import CampaignState
from dialer.preflight import Obstacle
from tests.db.conftest import World, new_ids

NOON = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)


def test_it_says_why_nothing_is_dialing(world: World) -> None:
    campaign_id = campaigns.create(world.conn, world.new_campaign(hours_start=time(9), hours_end=time(21)))
    world.add_contacts(campaign_id, 2, 79160000000)
    world.conn.execute("UPDATE contacts SET due_at = %s", [NOON])
    found = preflight(world.conn, campaign_id, NOON)
    assert (found.obstacle, found.to_dial) == (Obstacle.NOT_ACTIVE, 2)
    campaigns.move(world.conn, campaign_id, CampaignState.ACTIVE)
    assert preflight(world.conn, campaign_id, NOON).obstacle is None
    night = NOON + timedelta(hours=12)
    found = preflight(world.conn, campaign_id, night)
    assert (found.obstacle, found.next_at) == (Obstacle.CLOSED, NOON + timedelta(hours=21))
    world.conn.execute("UPDATE contacts SET state = 'retry', due_at = %s", [NOON + timedelta(hours=1)])
    found = preflight(world.conn, campaign_id, NOON)
    assert (found.obstacle, found.next_at) == (Obstacle.LATER, NOON + timedelta(hours=1))
    world.conn.execute("UPDATE campaigns SET max_channels = 1")
    claims.claim(
        world.conn, world.dialing(campaign_id), world.dialing(campaign_id).gateways[0], new_ids(1),
        [world.zone_set_id], NOON + timedelta(hours=2),
    )  # fmt: skip
    assert preflight(world.conn, campaign_id, NOON + timedelta(hours=2)).obstacle is Obstacle.CHANNELS_BUSY
    blacklist.add(world.conn, "+79160000001", BlacklistReason.LEGAL)
    found = preflight(world.conn, campaign_id, NOON + timedelta(hours=2))
    assert (found.obstacle, found.blocked) == (Obstacle.NO_CONTACTS, {"blacklist: legal": 1})
    world.conn.execute("UPDATE gateways SET is_enabled = false")
    assert preflight(world.conn, campaign_id, NOON).obstacle is Obstacle.NO_GATEWAY
