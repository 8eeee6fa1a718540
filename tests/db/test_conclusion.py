"""What becomes of a contact when its call has ended: it is done with, due again, or owed a lead."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from db import blacklist, campaigns, flows, lifecycle
from db.blacklist import BlacklistReason
from db.claims import ClaimedAttempt, claim
from db.conclusion import conclude
from db.migrate import MIGRATIONS
from dialer.call_flow import default_definition
from dialer.campaign import CampaignState
from dialer.outcome import Disposition, Outcome, Witness
from tests.db.conftest import World, new_ids
from tests.db.endings import NOW, busy, ended, tallies


def test_an_interested_callee_yields_a_lead_and_a_concluded_contact(world: World, claimed: ClaimedAttempt) -> None:
    done = conclude(world.conn, ended(claimed.attempt_id, Outcome.INTERESTED, "1"), Witness.HOOK)
    assert done is not None
    assert (done.disposition, done.retry_at, done.billsec) == (Disposition.INTERESTED, None, 10)
    assert done.lead_id == world.value("SELECT id FROM leads WHERE attempt_id = %s", claimed.attempt_id)
    assert world.contact(claimed.contact_id) == ("concluded", "interested", 1)
    assert tallies(world) == {"interested": (1, 10)}


def test_a_busy_line_is_due_again_by_the_rules_and_owes_no_lead(world: World, claimed: ClaimedAttempt) -> None:
    done = conclude(world.conn, busy(claimed.attempt_id), Witness.HOOK)
    assert done is not None
    assert done.retry_at is not None
    assert done.lead_id is None
    assert world.contact(claimed.contact_id) == ("retry", "busy", 1)
    assert [c.number for c in world.claim(claimed.campaign_id)] == [2]


def test_retries_end_when_the_attempts_are_used_up(world: World) -> None:
    campaign_id = world.campaign(contacts=1)
    for number in (1, 2, 3):
        attempt = world.dial(campaign_id)[0]
        assert attempt.number == number
        conclude(world.conn, busy(attempt.attempt_id), Witness.HOOK)
    assert world.contact(attempt.contact_id) == ("concluded", "busy", 3)
    assert world.claim(campaign_id) == []


def test_an_attempt_nobody_knows_is_not_concluded(world: World) -> None:
    assert conclude(world.conn, busy("11111111-1111-4111-8111-111111111111"), Witness.HOOK) is None


def test_a_number_listed_during_the_call_is_not_retried(world: World, claimed: ClaimedAttempt) -> None:
    due_at = world.value("SELECT due_at FROM contacts")
    blacklist.add(world.conn, claimed.phone, BlacklistReason.COMPLAINT)
    done = conclude(world.conn, busy(claimed.attempt_id), Witness.HOOK)
    assert done is not None
    assert done.retry_at is None
    assert world.contact(claimed.contact_id) == ("blocked", "busy", 1)
    kept = "SELECT blocked_reason, due_at FROM contacts"
    assert world.conn.execute(kept).fetchone() == ("blacklist: complaint", due_at)


def test_an_entry_that_has_expired_or_is_of_a_list_for_others_keeps_nobody_from_a_retry(world: World) -> None:
    expired, elsewhere = world.dial(world.campaign(contacts=2), 2)
    blacklist.add(world.conn, expired.phone, BlacklistReason.COMPLAINT, expires_at=NOW)
    others = world.value("INSERT INTO blacklists (name, is_global) VALUES ('others', false) RETURNING id")
    blacklist.add(world.conn, elsewhere.phone, BlacklistReason.COMPLAINT, blacklist_id=others)
    for attempt in (expired, elsewhere):
        done = conclude(world.conn, busy(attempt.attempt_id), Witness.HOOK)
        assert done is not None
        assert done.retry_at is not None
        assert world.contact(attempt.contact_id) == ("retry", "busy", 1)


@pytest.mark.parametrize(("state", "contact"), [("paused", "retry"), ("completed", "concluded")])
def test_a_retry_is_planned_only_while_the_campaign_may_dial_again(
    world: World, claimed: ClaimedAttempt, state: str, contact: str
) -> None:
    campaigns.move(world.conn, claimed.campaign_id, CampaignState(state))
    conclude(world.conn, busy(claimed.attempt_id), Witness.HOOK)
    assert world.contact(claimed.contact_id)[0] == contact


def test_a_retry_lands_inside_the_calling_hours_of_all_the_contacts_zones(world: World) -> None:
    from datetime import time
    from zoneinfo import ZoneInfo

    zones = ("Asia/Vladivostok", "Europe/Kaliningrad")
    campaign_id = world.campaign(hours_start=time(10), hours_end=time(20))
    world.add_contacts(campaign_id, 1, 79160000000, world.zone_set(*zones))
    claimed = world.dial(campaign_id)[0]
    done = conclude(world.conn, busy(claimed.attempt_id), Witness.HOOK)
    assert done is not None
    assert done.retry_at is not None
    for zone in zones:
        assert 10 <= done.retry_at.astimezone(ZoneInfo(zone)).hour < 20


def test_a_campaign_completes_when_nobody_is_left_to_dial(world: World, claimed: ClaimedAttempt) -> None:
    assert lifecycle.complete_finished(world.conn) == []
    conclude(world.conn, busy(claimed.attempt_id), Witness.HOOK)
    assert lifecycle.complete_finished(world.conn) == []
    last = world.dial(claimed.campaign_id)[0]
    conclude(world.conn, replace(busy(last.attempt_id), hangup_cause="CALL_REJECTED", sip_code=603), Witness.HOOK)
    assert lifecycle.complete_finished(world.conn) == [claimed.campaign_id]
    progress = campaigns.progress(world.conn, claimed.campaign_id)
    assert progress.state is CampaignState.COMPLETED
    assert (progress.contacts, progress.concluded, progress.attempts) == (1, 1, 2)
    assert progress.by_disposition == {Disposition.BUSY: 1, Disposition.REJECTED: 1}


def test_who_asked_to_be_called_later_waits_for_the_time_that_was_chosen(world: World) -> None:
    keys = {"1": {"minutes": 60}, "2": {"minutes": 120}}
    callback = {"prompt": {"kind": "builtin", "name": "callback_when"}, "keys": keys}
    definition = default_definition() | {"keys": {"1": "interested", "7": "callback"}, "callback": callback}
    version = flows.create_version(world.conn, "with callbacks", definition)
    campaign_id = world.campaign(contacts=2, flow_version_id=version, retry_rules={"max_attempts": 1})
    call = world.dial(campaign_id)[0]
    facts = replace(ended(call.attempt_id, Outcome.CALLBACK_REQUESTED, "72"), ended_at=datetime.now(UTC))
    done = conclude(world.conn, facts, Witness.HOOK)
    assert done is not None
    assert done.retry_at == facts.ended_at + timedelta(hours=2)
    assert world.contact(call.contact_id) == ("retry", "callback_requested", 1)
    campaign, zone = world.dialing(campaign_id), [world.zone_set_id]
    early = done.retry_at - timedelta(seconds=1)
    assert [c.phone for c in claim(world.conn, campaign, campaign.gateways[0], new_ids(1), zone, early)] != [call.phone]
    again = claim(world.conn, campaign, campaign.gateways[0], new_ids(1), zone, done.retry_at)
    assert [(c.phone, c.number) for c in again] == [(call.phone, 2)]  # though the campaign allows one attempt
    conclude(world.conn, busy(again[0].attempt_id), Witness.HOOK)
    assert world.contact(call.contact_id)[0] == "concluded"
    assert world.value("SELECT callback_at FROM contacts WHERE id = %s", call.contact_id) is None


def test_who_asked_to_be_called_later_and_was_listed_meanwhile_is_not_called(world: World) -> None:
    callback = {"prompt": {"kind": "builtin", "name": "callback_when"}, "keys": {"1": {"minutes": 60}}}
    definition = default_definition() | {"keys": {"1": "interested", "7": "callback"}, "callback": callback}
    version = flows.create_version(world.conn, "with callbacks", definition)
    call = world.dial(world.campaign(contacts=1, flow_version_id=version))[0]
    blacklist.add(world.conn, call.phone, BlacklistReason.LEGAL)
    facts = replace(ended(call.attempt_id, Outcome.CALLBACK_REQUESTED, "71"), ended_at=datetime.now(UTC))
    done = conclude(world.conn, facts, Witness.HOOK)
    assert done is not None
    assert (done.disposition, done.retry_at) == (Disposition.CALLBACK_REQUESTED, None)
    assert world.contact(call.contact_id) == ("blocked", "callback_requested", 1)
    assert world.value("SELECT callback_at FROM contacts") is None


def test_what_a_day_has_cost_is_counted_once_for_each_call(world: World, claimed: ClaimedAttempt) -> None:
    today = "(now() AT TIME ZONE 'Europe/Moscow')::date"
    counted = f"SELECT sum(attempts)::int, sum(billsec)::int, max(day) = {today} FROM campaign_tallies"
    conclude(world.conn, ended(claimed.attempt_id), Witness.HOOK)
    conclude(world.conn, ended(claimed.attempt_id), Witness.EVENTS)
    assert world.conn.execute(counted).fetchone() == (1, 10, True)
    conclude(world.conn, ended(claimed.attempt_id, Outcome.INTERESTED, "1"), Witness.HOOK)  # an upgrade
    assert world.conn.execute(counted).fetchone() == (1, 10, True)


@pytest.mark.parametrize("zone", ["Pacific/Pago_Pago", "Pacific/Kiritimati"])
def test_a_call_counts_in_the_day_of_its_campaign(world: World, zone: str) -> None:
    call = world.dial(world.campaign(contacts=1, time_zone=zone))[0]
    conclude(world.conn, busy(call.attempt_id), Witness.HOOK)
    assert world.value("SELECT day = (now() AT TIME ZONE %s)::date FROM campaign_tallies", zone)


def test_what_is_known_better_once_the_campaign_has_moved_to_another_zone_counts_once(world: World) -> None:
    call = world.dial(world.campaign(contacts=1, time_zone="Pacific/Pago_Pago"))[0]
    conclude(world.conn, ended(call.attempt_id), Witness.EVENTS)
    world.conn.execute("UPDATE campaigns SET time_zone = 'Pacific/Kiritimati'")  # where it is another day, always
    conclude(world.conn, ended(call.attempt_id, Outcome.INTERESTED, "1"), Witness.HOOK)
    assert tallies(world) == {"interested": (1, 10)}


def test_the_roll_up_that_a_migration_counts_anew_is_the_one_that_was_kept(world: World) -> None:
    first, second = world.campaign(contacts=3), world.campaign(contacts=2, first_phone=79170000000)
    for call in world.dial(first, 3) + world.dial(second, 1):
        conclude(world.conn, ended(call.attempt_id), Witness.EVENTS)
    conclude(world.conn, busy(world.dial(second)[0].attempt_id), Witness.HOOK)
    conclude(world.conn, ended(call.attempt_id, Outcome.INTERESTED, "1"), Witness.HOOK)
    counted = (
        "SELECT campaign_id, day, disposition::text, sum(attempts)::int, sum(billsec)::int FROM campaign_tallies"
        " GROUP BY 1, 2, 3 HAVING sum(attempts) <> 0 ORDER BY 1, 2, 3"
    )
    kept = world.conn.execute(counted).fetchall()
    assert [row[2:] for row in kept] == [("hung_up", 3, 30), ("busy", 1, 0), ("interested", 1, 10)]
    text = (MIGRATIONS / "0019_one_roll_up.sql").read_text(encoding="utf-8")
    world.conn.execute("DELETE FROM campaign_tallies")
    world.conn.execute(text[text.index("INSERT INTO campaign_tallies") : text.index("DROP TABLE")])
    assert world.conn.execute(counted).fetchall() == kept
