"""Each fault that is put into a clean campaign makes the verdict fail, and for the right reason."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.verifier.clean_campaign import (
    BUSY_FIRST,
    BUSY_THEN_SILENT,
    INTERESTED,
    MACHINE,
    REFUSING,
    START,
    UNANSWERED,
    clean,
)
from tests.verifier.facts import Import, Lead, Posted


def test_it_passes_a_clean_campaign_and_writes_its_line():
    findings = clean().verdict()
    assert findings.faults == []
    assert findings.summary("demo", 57.31) == (
        "demo: 7 rows, 5 contacts, 5 concluded, 1 leads, 0 lost, 0 called twice, 57.3 s"
    )
    assert (findings.amd_agreed, findings.amd_heard) == (4, 4)


def test_it_finds_a_dropped_conclusion():
    seeded = clean()
    seeded.change_attempt(REFUSING, concluded_at=None, ended_at=None, disposition=None)
    seeded.change_contact(1, state="dialing", disposition=None)
    assert seeded.faults() == {"not concluded", "contact stuck"}
    assert seeded.verdict().concluded == 4


def test_it_finds_a_contact_left_waiting():
    seeded = clean()
    seeded.change_contact(2, state="retry")
    assert seeded.faults() == {"contact stuck"}


def test_it_finds_a_doubled_invite():
    seeded = clean()
    seeded.calls.append(replace(seeded.calls[UNANSWERED], call_id="again"))
    assert seeded.faults() == {"called twice"}
    assert seeded.verdict().called_twice == 1


def test_it_finds_an_invite_that_no_attempt_explains():
    seeded = clean()
    seeded.calls.append(replace(seeded.calls[UNANSWERED], call_id="late", invited_at=START.timestamp() + 60))
    assert seeded.faults() == {"call without attempt"}


def test_it_finds_an_attempt_that_never_reached_the_carrier():
    seeded = clean()
    del seeded.calls[MACHINE]
    assert seeded.faults() == {"attempt without call"}


def _end_inside(seeded, place, **changes):
    """Take the attempt's call away, as when the switch knows no gateway of that name."""
    number = seeded.database.attempts[place].phone
    seeded.calls = [call for call in seeded.calls if call.number != number]
    seeded.change_attempt(place, **{"disposition": "failed", "sip_code": None, "answered_at": None} | changes)
    seeded.change_contact(seeded.database.attempts[place].contact_id - 1, disposition="failed")


def test_it_finds_a_campaign_in_which_nobody_was_called():
    seeded = clean()
    for place in (INTERESTED, REFUSING, MACHINE, UNANSWERED, BUSY_THEN_SILENT, BUSY_FIRST):
        _end_inside(seeded, place, digits="")
    seeded.posted.clear()
    rules = {"max_attempts": 3, "failed": {"delay_s": 2, "max_attempts": 2}}
    campaign = replace(seeded.database.campaigns[1], retry_rules=rules)
    seeded.database = replace(seeded.database, leads=[], campaigns={1: campaign})
    assert seeded.faults() == {"nobody called", "attempt without call"}
    assert seeded.faults(may_end_inside=True) == {"nobody called"}


def test_it_finds_a_campaign_without_a_single_attempt():
    seeded = clean()
    seeded.calls, seeded.posted = [], []
    seeded.database = replace(seeded.database, contacts=[], attempts=[], leads=[], imports=[])
    assert seeded.faults(may_end_inside=True) == {"nobody called"}


@pytest.mark.parametrize("disposition", ["failed", "congestion", "cancelled", "blocked", "unreachable"])
def test_it_excuses_an_attempt_that_ended_inside_the_switch_only_where_that_is_allowed(disposition):
    seeded = clean()
    _end_inside(seeded, UNANSWERED, disposition=disposition)
    seeded.change_contact(4, disposition=disposition)
    assert seeded.faults() == {"attempt without call"}
    assert seeded.faults(may_end_inside=True) == set()


def test_it_never_excuses_an_attempt_that_claims_an_answer_from_outside():
    claimed = clean()
    _end_inside(claimed, UNANSWERED, sip_code=503)
    assert claimed.faults(may_end_inside=True) == {"attempt without call"}
    never_dialled = clean()
    _end_inside(never_dialled, UNANSWERED, disposition="no_answer", originated_at=None)
    never_dialled.change_contact(4, disposition="no_answer")
    assert never_dialled.faults(may_end_inside=True) == {"attempt without call"}


def test_it_finds_a_contact_blocked_for_no_reason():
    seeded = clean()
    seeded.change_contact(4, state="blocked", disposition="blocked")
    assert seeded.faults() == {"wrong disposition"}
    seeded.database = replace(seeded.database, blacklist={"+79160000005": START + timedelta(seconds=30)})
    assert seeded.faults() == set()


def test_it_finds_a_call_that_was_concluded_and_never_ended():
    seeded = clean()
    seeded.calls[MACHINE] = replace(seeded.calls[MACHINE], ended="", ended_at=None)
    assert seeded.faults() == {"call still up"}


def test_it_finds_a_retry_that_no_rule_allows():
    seeded = clean()
    seeded.database = replace(
        seeded.database, campaigns={1: replace(seeded.database.campaigns[1], retry_rules={"max_attempts": 3})}
    )
    assert seeded.faults() == {"called twice"}
    assert seeded.verdict().called_twice == 1


def test_it_finds_a_retry_that_came_too_soon():
    seeded = clean()
    soon = START + timedelta(seconds=2)
    seeded.change_attempt(BUSY_THEN_SILENT, originated_at=soon, answered_at=soon)
    seeded.calls[BUSY_THEN_SILENT] = replace(seeded.calls[BUSY_THEN_SILENT], invited_at=soon.timestamp())
    assert seeded.faults() == {"called twice"}


def test_it_finds_a_retry_beyond_the_last():
    seeded = clean()
    rules = {"max_attempts": 1, "busy": {"delay_s": 2, "max_attempts": 3}}
    seeded.database = replace(seeded.database, campaigns={1: replace(seeded.database.campaigns[1], retry_rules=rules)})
    assert seeded.faults() == {"called twice"}


def test_it_finds_a_missing_lead():
    seeded = clean()
    seeded.posted.clear()
    assert "lead missing" in seeded.faults()


def test_it_finds_a_lead_that_our_outbox_still_believes_owed():
    seeded = clean()
    seeded.database = replace(seeded.database, leads=[Lead(seeded.posted[0].attempt_id, "pending", None)])
    assert seeded.faults() == {"lead missing"}


def test_it_finds_a_doubled_lead():
    seeded = clean()
    seeded.posted.append(Posted(seeded.posted[0].attempt_id, "voice-dialer", "78"))
    assert "lead doubled" in seeded.faults()


def test_it_finds_a_lead_for_a_machine():
    seeded = clean()
    machine = seeded.database.attempts[MACHINE].id
    seeded.posted.append(Posted(machine, "voice-dialer", "79"))
    assert "lead unowed" in seeded.faults()


def test_it_finds_a_machine_taken_for_somebody_interested():
    seeded = clean()
    machine = seeded.database.attempts[MACHINE].id
    seeded.change_attempt(MACHINE, disposition="interested", digits="1")
    seeded.change_contact(2, disposition="interested")
    seeded.posted.append(Posted(machine, "voice-dialer", "79"))
    seeded.database = replace(seeded.database, leads=[*seeded.database.leads, Lead(machine, "delivered", "79")])
    assert seeded.faults() == {"lead unowed"}


def test_it_finds_a_lost_press():
    seeded = clean()
    seeded.change_attempt(REFUSING, disposition="hung_up", digits="")
    seeded.change_contact(1, disposition="hung_up")
    assert seeded.faults() == {"press lost"}


def test_it_forgives_a_press_that_was_under_way_when_the_switch_hung_up():
    seeded = clean()
    call = seeded.calls[REFUSING]
    seeded.calls[REFUSING] = replace(call, digit_times=(call.ended_at - 0.05,))
    seeded.change_attempt(REFUSING, disposition="machine", digits="", amd_verdict="machine")
    seeded.change_contact(1, disposition="machine")
    assert seeded.faults() == set()


def test_it_finds_a_wrong_cause():
    seeded = clean()
    seeded.change_attempt(UNANSWERED, disposition="failed")
    seeded.change_contact(4, disposition="failed")
    assert seeded.faults() == {"wrong disposition"}


def test_it_finds_a_contact_that_disagrees_with_its_last_attempt():
    seeded = clean()
    seeded.change_contact(3, disposition="busy")
    assert seeded.faults() == {"wrong disposition"}


def test_it_finds_a_lost_attempt():
    seeded = clean()
    seeded.change_attempt(MACHINE, disposition="lost")
    seeded.change_contact(2, disposition="lost")
    assert "lost" in seeded.faults()
    assert seeded.verdict().lost == 1


def test_it_finds_a_call_to_somebody_blacklisted():
    seeded = clean()
    seeded.database = replace(seeded.database, blacklist={"+79160000005": START - timedelta(days=1)})
    assert seeded.faults() == {"called although blacklisted"}


def test_it_finds_rows_that_became_nothing():
    seeded = clean()
    seeded.database = replace(seeded.database, imports=[Import(rows_total=8, accepted=5, rejected=2)])
    assert seeded.faults() == {"rows unaccounted"}


def test_it_finds_a_channel_still_reserved():
    seeded = clean()
    seeded.leases = 1
    assert seeded.faults() == {"lease left"}


def test_it_reports_a_detector_that_erred_as_a_figure():
    seeded = clean()
    seeded.change_attempt(BUSY_THEN_SILENT, disposition="machine", amd_verdict="machine")
    seeded.change_contact(3, disposition="machine")
    findings = seeded.verdict()
    assert findings.faults == []
    assert (findings.amd_agreed, findings.amd_heard) == (3, 4)


def test_it_takes_a_busy_number_rung_again_by_the_rule_for_no_fault():
    seeded = clean()
    assert seeded.calls[BUSY_FIRST].number == seeded.calls[BUSY_THEN_SILENT].number
    assert seeded.calls[INTERESTED].digits_sent == "1"
    assert seeded.verdict().called_twice == 0
