"""What ends with a campaign: its calls when that was chosen, and contacts that no window ever opens for."""

from datetime import UTC, datetime, time

import pytest

from db import campaigns, lifecycle
from dialer.campaign import CampaignState, PauseReason
from dialer.outcome import Disposition
from tests.db.conftest import World

NOW = datetime.now(UTC)


def stopped(world: World, *, hangs_up: bool = True, **attempt: str) -> tuple[int, str]:
    """Make a campaign with one live call and stop it."""
    campaign_id = world.campaign(contacts=1)
    (claimed,) = world.dial(campaign_id)
    for column, value in attempt.items():
        world.conn.execute(f"UPDATE attempts SET {column} = {value}")
    campaigns.move(world.conn, campaign_id, CampaignState.COMPLETED, hangs_up=hangs_up)
    return campaign_id, claimed.attempt_id


def test_only_a_stop_that_says_so_ends_live_calls(world: World) -> None:
    stopped(world, hangs_up=False)
    assert lifecycle.to_hang_up(world.conn) == []


@pytest.mark.parametrize(
    "attempt",
    [
        {},
        {"answered_at": "now()", "message_started_at": "now()"},
        {"answered_at": "now()", "outcome": "'machine'"},
        {"answered_at": "now() - interval '11 s'"},
    ],
    ids=["rings", "hears the message", "is a machine", "answered long ago"],
)
def test_it_ends_a_call_that(world: World, attempt: dict[str, str]) -> None:
    _, attempt_id = stopped(world, **attempt)
    assert lifecycle.to_hang_up(world.conn) == [(attempt_id, None)]


def test_it_leaves_whoever_has_just_answered_and_what_is_over(world: World) -> None:
    stopped(world, answered_at="now()")
    assert lifecycle.to_hang_up(world.conn) == []
    world.conn.execute("UPDATE attempts SET concluded_at = now(), disposition = 'hung_up', answered_at = NULL")
    assert lifecycle.to_hang_up(world.conn) == []


def test_a_campaign_whose_window_never_opens_is_completed_and_its_contacts_say_why(world: World) -> None:
    campaign_id = world.campaign(contacts=2, weekdays=())
    assert lifecycle.block_never_open(world.conn, NOW) == 2
    assert lifecycle.complete_finished(world.conn) == [campaign_id]
    assert world.value("SELECT DISTINCT blocked_reason FROM contacts") == "hours: never"
    assert campaigns.progress(world.conn, campaign_id).blocked == 2


def test_zones_that_are_never_open_together_count_too(world: World) -> None:
    campaign_id = world.campaign(hours_start=time(9), hours_end=time(10))
    far_apart = world.zone_set("Europe/Kaliningrad", "Asia/Kamchatka")
    world.add_contacts(campaign_id, 2, 79160000000, far_apart)
    assert lifecycle.block_never_open(world.conn, NOW) == 2


def test_they_wait_as_long_as_anybody_else_can_be_dialled_or_is_on_the_line(world: World) -> None:
    campaign_id = world.campaign(contacts=1, hours_start=time(9), hours_end=time(10))
    far_apart = world.zone_set("Europe/Kaliningrad", "Asia/Kamchatka")
    world.add_contacts(campaign_id, 2, 79170000000, far_apart)
    assert lifecycle.block_never_open(world.conn, NOW) == 0
    world.dial(campaign_id)
    assert lifecycle.block_never_open(world.conn, NOW) == 0
    world.conn.execute("UPDATE attempts SET concluded_at = now(), disposition = 'busy'")
    world.conn.execute("UPDATE contacts SET state = 'concluded' WHERE state = 'dialing'")
    assert lifecycle.block_never_open(world.conn, NOW) == 2


def test_who_was_called_before_keeps_the_disposition_of_that_call(world: World) -> None:
    world.campaign(contacts=1, weekdays=())
    world.conn.execute("UPDATE contacts SET state = 'retry', disposition = 'busy', attempt_count = 1")
    lifecycle.block_never_open(world.conn, NOW)
    assert world.value("SELECT disposition FROM contacts") == Disposition.BUSY


def test_a_campaign_of_blocked_contacts_is_over(world: World) -> None:
    campaign_id = world.campaign(contacts=2)
    world.conn.execute("INSERT INTO blacklist (phone, reason) SELECT phone, 'legal' FROM contacts")
    assert lifecycle.complete_finished(world.conn) == [campaign_id]


@pytest.mark.parametrize(("reason", "is_over"), [(PauseReason.SCHEDULE, True), (PauseReason.PERSON, False)])
def test_a_pause_of_the_schedule_keeps_no_campaign_from_being_over(
    world: World, reason: PauseReason, is_over: object
) -> None:
    campaign_id = world.campaign()
    campaigns.move(world.conn, campaign_id, CampaignState.PAUSED, pause_reason=reason)
    assert lifecycle.complete_finished(world.conn) == ([campaign_id] if is_over else [])
