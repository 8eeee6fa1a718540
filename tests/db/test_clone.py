"""A clone has everything that was set up, nothing that happened, and contacts if that is chosen."""

from dataclasses import fields
from datetime import UTC, datetime, time

import pytest
from psycopg import Connection

from db import caller_ids, campaigns, clone, gateways, schedules
from db.campaigns import Campaign
from db.errors import NotFound
from dialer.caller_id import CallerIdChoice
from dialer.campaign import CampaignState
from dialer.schedule import Schedule
from tests.db.conftest import World

OWN = {"id", "name", "state", "created_at", "started_at", "ended_at", "pause_reason"}


def original(world: World) -> int:
    """Make a campaign in which little is as by default, and let it live."""
    second = gateways.create(world.conn, "second", 5, 2.5)
    numbers = [caller_ids.add(world.conn, second, phone) for phone in ("+74950000002", "+74950000003")]
    campaign_id = world.campaign(
        contacts=3,
        gateways=((second, numbers[0]), (second, numbers[1]), (world.gateway_id, world.caller_id_id)),
        description="Autumn",
        hours_start=time(8),
        hours_end=time(8),
        max_channels=7,
        calls_per_second=1.5,
        abandon_cap=1.5,
        caller_id_choice=CallerIdChoice.ROTATE,
        crm_mapping={"TITLE": "=x"},
    )
    schedules.save(world.conn, campaign_id, Schedule("UTC", cron="0 10 * * *", late_start_s=60))
    world.dial(campaign_id)
    world.conn.execute("UPDATE contacts SET extra = '{\"city\": \"Tula\"}', name = 'Анна' WHERE state = 'dialing'")
    campaigns.move(world.conn, campaign_id, CampaignState.COMPLETED, hangs_up=True)
    return campaign_id


def test_it_has_every_setting_and_no_past(world: World) -> None:
    campaign_id = original(world)
    new_id = clone.clone(world.conn, campaign_id, "Autumn again", with_contacts=False)
    old, new = campaigns.get(world.conn, campaign_id), campaigns.get(world.conn, new_id)
    assert (new.name, new.state, new.started_at, new.ended_at) == ("Autumn again", CampaignState.DRAFT, None, None)
    settings = [f.name for f in fields(Campaign) if f.name not in OWN]
    assert [name for name in settings if getattr(old, name) != getattr(new, name)] == []
    assert campaigns.gateways_of(world.conn, new_id) == campaigns.gateways_of(world.conn, campaign_id)
    assert schedules.get(world.conn, new_id) == schedules.get(world.conn, campaign_id)
    assert campaigns.progress(world.conn, new_id).contacts == 0
    assert world.value("SELECT hang_up_asked_at FROM campaigns WHERE id = %s", new_id) is None
    assert world.value("SELECT count(*) FROM attempts WHERE campaign_id = %s", new_id) == 0


def test_its_contacts_come_as_if_they_had_never_been_called(world: World) -> None:
    campaign_id = original(world)
    new_id = clone.clone(world.conn, campaign_id, "Again", with_contacts=True)
    rows = world.conn.execute(
        "SELECT state::text, attempt_count, disposition, import_id FROM contacts WHERE campaign_id = %s", [new_id]
    ).fetchall()
    assert rows == [("queued", 0, None, None)] * 3
    copied = "SELECT string_agg(concat(phone, name, extra, zone_set_id), ',' ORDER BY phone) FROM contacts"
    by_campaign = [world.value(f"{copied} WHERE campaign_id = %s", one) for one in (campaign_id, new_id)]
    assert by_campaign[0] == by_campaign[1]


def test_who_was_blacklisted_meanwhile_is_blocked_in_the_clone(world: World) -> None:
    campaign_id = original(world)
    world.conn.execute(
        "INSERT INTO blacklist (phone, reason) SELECT phone, 'legal' FROM contacts ORDER BY id DESC LIMIT 1"
    )
    new_id = clone.clone(world.conn, campaign_id, "Again", with_contacts=True)
    assert campaigns.progress(world.conn, new_id).blocked == 1


def test_a_clone_can_be_started(world: World) -> None:
    new_id = clone.clone(world.conn, original(world), "Again", with_contacts=True)
    campaigns.move(world.conn, new_id, CampaignState.ACTIVE)
    world.conn.execute("UPDATE attempts SET concluded_at = now(), disposition = 'busy'")
    dialing = world.dialing(new_id)
    assert dialing.gateways[0].caller_ids == ("+74950000002", "+74950000003")
    assert datetime.now(UTC) >= campaigns.get(world.conn, new_id).created_at


def test_a_name_that_is_taken_gets_a_number(world: World) -> None:
    assert clone.free_name(world.conn, "campaign") == "campaign (2)"
    world.campaign(name="campaign")
    world.campaign(name="campaign (2)")
    assert clone.free_name(world.conn, "campaign") == "campaign (3)"
    with pytest.raises(NotFound):
        clone.clone(world.conn, 999, "x", with_contacts=False)


def test_each_table_of_campaigns_is_settled(conn: Connection) -> None:
    tables = {
        row[0]
        for row in conn.execute(
            "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name ="
            " 'campaign_id'"
        )
    }
    assert tables <= {*clone.SETTINGS, *clone.OF_ITS_LIFE, "contacts"}
