"""The preflight counts what the claim does: compared with it over random campaigns."""

from datetime import UTC, datetime, time, timedelta
from random import Random

import pytest

from db import blacklist, campaigns, claims
from db.blacklist import BlacklistReason
from db.preflight import preflight
from dialer.calling_hours import open_zone_sets
from dialer.campaign import CampaignState
from dialer.preflight import TO_DIAL, Obstacle, Standing
from tests.db.conftest import World, new_ids

ZONES = [("Europe/Moscow",), ("Asia/Omsk",), ("Asia/Kamchatka", "Europe/Kaliningrad"), ("America/New_York",)]
NOON = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)


def random_campaign(world: World, chance: Random) -> int:
    """Contacts of every standing: listed (also behind the triggers' back), exhausted, due later, ringing elsewhere."""
    start = chance.randrange(24)
    campaign_id = world.campaign(
        hours_start=time(start),
        hours_end=time((start + chance.choice([0, 3, 9, 15])) % 24),
        weekdays=sorted(chance.sample(range(1, 8), chance.randint(1, 7))),
        ring_timeout_s=chance.choice([15, 60, 120]),
    )
    other = world.campaign(first_phone=79160000000, contacts=chance.randint(0, 4))
    first = chance.randint(79160000000, 79160000004)
    for zones in chance.sample(ZONES, chance.randint(1, 4)):
        count = chance.randint(0, 8)
        world.add_contacts(campaign_id, count, first, world.zone_set(*zones))
        first += count
    world.conn.execute("UPDATE contacts SET due_at = %s - interval '1 minute'", [NOON])
    for (contact_id,) in world.conn.execute("SELECT id FROM contacts WHERE campaign_id = %s", [campaign_id]).fetchall():
        kind = chance.randrange(6)
        if kind == 0:
            world.conn.execute(
                "UPDATE contacts SET due_at = %s, state = 'retry' WHERE id = %s",
                [NOON + timedelta(minutes=chance.choice([0, 1, 600])), contact_id],
            )
        elif kind == 1:
            world.conn.execute("UPDATE contacts SET attempt_count = 3, state = 'retry' WHERE id = %s", [contact_id])
        elif kind == 2:
            with world.conn.transaction():
                if chance.random() < 0.5:
                    world.conn.execute("SET LOCAL session_replication_role = replica")
                world.conn.execute(
                    "INSERT INTO blacklist (phone, reason, expires_at) SELECT phone, 'other', %s FROM contacts"
                    " WHERE id = %s ON CONFLICT DO NOTHING",
                    [chance.choice([None, NOON - timedelta(days=1), NOON + timedelta(days=300)]), contact_id],
                )
    if world.value("SELECT count(*) FROM contacts WHERE campaign_id = %s", other):
        dialing = world.dialing(other)
        claims.claim(world.conn, dialing, dialing.gateways[0], new_ids(2), [world.zone_set_id], NOON)
    return campaign_id


@pytest.mark.parametrize("seed", range(8))
def test_it_counts_what_the_claim_does(world: World, seed: int) -> None:
    chance = Random(seed)
    world.conn.execute("UPDATE gateways SET max_channels = 1000")
    for _ in range(25):
        world.conn.execute("TRUNCATE campaigns, contacts, attempts, blacklist CASCADE")
        campaign_id = random_campaign(world, chance)
        campaign = world.dialing(campaign_id)
        now = NOON + timedelta(minutes=chance.randrange(-2, 3) * 30)
        found = preflight(world.conn, campaign_id, now)
        zone_sets = campaigns.zone_sets(world.conn, campaign_id)
        opened = open_zone_sets(campaign.hours, zone_sets, now, campaign.ring_timeout_s)
        claimed = claims.claim(world.conn, campaign, campaign.gateways[0], new_ids(200), opened, now)
        assert len(claimed) == found.counts[Standing.READY]
        assert (found.obstacle is None) == bool(claimed)
        everybody = claims.claim(
            world.conn, campaign, campaign.gateways[0], new_ids(200), list(zone_sets), now + timedelta(days=200)
        )
        assert found.counts[Standing.LATER] + found.counts[Standing.CLOSED] >= len(everybody)
        assert found.to_dial == sum(found.counts[standing] for standing in TO_DIAL)
        states = "SELECT count(*) FROM contacts WHERE campaign_id = %s AND state = %s::contact_state"
        assert world.value(states, campaign_id, "concluded") == found.counts[Standing.NO_ATTEMPTS_LEFT]
        assert (
            world.value(states, campaign_id, "blocked") == sum(found.blocked.values()) + found.counts[Standing.LISTED]
        )
        left = world.value(states, campaign_id, "queued") + world.value(states, campaign_id, "retry")
        assert len(claimed) + len(everybody) + left == found.to_dial


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
