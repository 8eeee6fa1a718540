"""The outbox of leads: each is held by one poster at a time, and a poster that vanishes leaves a doubt."""

from datetime import UTC, datetime, timedelta

import pytest

from db import leads
from db.claims import ClaimedAttempt
from db.conclusion import conclude
from db.leads import LeadState
from dialer.disposition import CallFacts
from dialer.outcome import Outcome, Witness
from tests.db.conftest import Connect, World

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def interested(world: World) -> list[ClaimedAttempt]:
    claimed = world.dial(world.campaign(contacts=3, crm_mapping={"title": "Survey"}), 3)
    for attempt in claimed:
        facts = CallFacts(attempt.attempt_id, "NORMAL_CLEARING", NOW, 200, NOW, 9, "1", Outcome.INTERESTED)
        conclude(world.conn, facts, Witness.HOOK)
    return claimed


def test_a_lead_carries_what_the_crm_needs(world: World, interested: list[ClaimedAttempt]) -> None:
    lead = leads.claim_one(world.conn, interested[0].attempt_id, hold_s=60)
    assert lead is not None
    assert (lead.phone, lead.name, lead.digits, lead.campaign_name) == ("+79160000000", "Contact 0", "1", "campaign")
    assert (lead.mapping, lead.tries, lead.is_ambiguous) == ({"title": "Survey"}, 1, False)


def test_a_held_lead_is_given_to_nobody_else(world: World, interested: list[ClaimedAttempt], connect: Connect) -> None:
    other = connect()
    with world.conn.transaction():
        mine = leads.claim_due(world.conn, 2, hold_s=60)
        theirs = leads.claim_due(other, 9, hold_s=60)
    assert len(mine) == 2
    assert len(theirs) == 1
    assert leads.claim_due(world.conn, 9, hold_s=60) == []
    assert leads.claim_one(world.conn, interested[0].attempt_id, hold_s=60) is None


def test_a_poster_that_vanished_leaves_the_lead_in_doubt(world: World, interested: list[ClaimedAttempt]) -> None:
    leads.claim_one(world.conn, interested[0].attempt_id, hold_s=0)
    lead = leads.claim_one(world.conn, interested[0].attempt_id, hold_s=60)
    assert lead is not None
    assert (lead.is_ambiguous, lead.tries) == (True, 2)


@pytest.mark.parametrize("ambiguous", [False, True])
def test_a_lead_put_back_is_due_again_at_its_time(
    world: World,
    interested: list[ClaimedAttempt],
    ambiguous: bool,  # noqa: FBT001
) -> None:
    attempt_id = interested[0].attempt_id
    lead = leads.claim_one(world.conn, attempt_id, hold_s=60)
    assert lead is not None
    leads.retry_later(world.conn, lead.lead_id, datetime.now(UTC) + timedelta(hours=1), "503", ambiguous)
    assert leads.claim_one(world.conn, attempt_id, hold_s=60) is None
    leads.retry_later(world.conn, lead.lead_id, datetime.now(UTC) - timedelta(seconds=1), "503")
    again = leads.claim_one(world.conn, attempt_id, hold_s=60)
    assert again is not None
    assert again.is_ambiguous is ambiguous


def test_a_lead_is_delivered_once(world: World, interested: list[ClaimedAttempt]) -> None:
    lead = leads.claim_one(world.conn, interested[0].attempt_id, hold_s=0)
    assert lead is not None
    assert leads.delivered(world.conn, lead.lead_id, "501")
    assert not leads.delivered(world.conn, lead.lead_id, "502")
    leads.retry_later(world.conn, lead.lead_id, NOW, "too late")
    assert leads.claim_one(world.conn, interested[0].attempt_id, hold_s=60) is None
    page, count = leads.list_page(world.conn, state=LeadState.DELIVERED)
    assert ([item.external_id for item in page], count) == (["501"], 1)


def test_a_refused_lead_waits_for_a_person(world: World, interested: list[ClaimedAttempt]) -> None:
    lead = leads.claim_one(world.conn, interested[0].attempt_id, hold_s=60)
    assert lead is not None
    leads.failed(world.conn, lead.lead_id, "unknown field")
    assert leads.claim_one(world.conn, interested[0].attempt_id, hold_s=60) is None
    assert leads.put_back(world.conn, lead.lead_id)
    assert leads.claim_one(world.conn, interested[0].attempt_id, hold_s=60) is not None


def test_waiting_leads_become_due_when_the_integration_works_again(
    world: World, interested: list[ClaimedAttempt]
) -> None:
    for lead in leads.claim_due(world.conn, 9, hold_s=60):
        leads.retry_later(world.conn, lead.lead_id, datetime.now(UTC) + timedelta(hours=1), "paused")
    assert leads.put_back_all(world.conn) == 3
    assert len(leads.claim_due(world.conn, 9, hold_s=60)) == 3


def test_every_exchange_is_kept_in_order(world: World, interested: list[ClaimedAttempt]) -> None:
    lead = leads.claim_one(world.conn, interested[0].attempt_id, hold_s=60)
    assert lead is not None
    leads.log_exchange(world.conn, lead.lead_id, "crm.item.add", {"fields": {}}, error="timed out")
    leads.log_exchange(world.conn, lead.lead_id, "crm.item.add", {"fields": {}}, 200, {"result": {"item": {"id": 5}}})
    kept = leads.exchanges(world.conn, lead.lead_id)
    assert [(e.http_status, e.error) for e in kept] == [(None, "timed out"), (200, None)]
    assert kept[1].response == {"result": {"item": {"id": 5}}}
