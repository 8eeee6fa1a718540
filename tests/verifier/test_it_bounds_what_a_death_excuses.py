"""A death explains one unsent call and a channel kept for a moment, and no more."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from tests.verifier.clean_campaign import BUSY_THEN_SILENT, MACHINE, REFUSING, START, UNANSWERED
from tests.verifier.strikes import Strike
from tests.verifier.test_it_finds_what_crashes_break import clean, kill, struck


def unsent():
    """Return a clean campaign but for an attempt that failed and rang nobody."""
    seeded = clean()
    del seeded.calls[UNANSWERED]
    seeded.change_attempt(UNANSWERED, disposition="failed", sip_code=None)
    seeded.change_contact(4, disposition="failed")
    return seeded


def test_a_call_that_was_marked_may_fail_unsent_with_its_scheduler():
    seeded = unsent()
    assert seeded.faults() == {"attempt without call"}
    seeded.strikes.append(kill("scheduler", at_s=0.41))
    assert seeded.faults() == set()


@pytest.mark.parametrize(("part", "at_s"), [("scheduler", 0.3), ("scheduler", 5), ("panel", 0.41), ("redis", 0.41)])
def test_it_finds_a_call_that_failed_unsent_for_no_killed_scheduler(part, at_s):
    seeded = unsent()
    seeded.strikes.append(kill(part, at_s=at_s))
    assert seeded.faults() == {"attempt without call"}


@pytest.mark.parametrize("changes", [{"sip_code": 503}, {"disposition": "lost"}, {"disposition": "busy"}])
def test_it_finds_an_unsent_call_of_which_more_is_claimed(changes):
    seeded = unsent()
    seeded.strikes.append(kill("scheduler", at_s=0.41))
    seeded.change_attempt(UNANSWERED, **changes)
    assert "attempt without call" in seeded.faults()


def _and_another(seeded, place):
    """Let one more contact's attempt have done what this one did."""
    first = seeded.database.attempts[place]
    other = replace(
        first, id=str(UUID(int=70)), contact_id=70, phone="+79160000070",
        originated_at=first.originated_at + timedelta(milliseconds=5),
    )  # fmt: skip
    contact = replace(seeded.database.contacts[0], id=70, phone=other.phone, disposition=other.disposition)
    seeded.database = replace(
        seeded.database,
        attempts=[*seeded.database.attempts, other],
        contacts=[*seeded.database.contacts, contact],
        imports=[],
    )


def test_it_finds_a_second_call_that_a_killed_scheduler_left_between_mark_and_send():
    seeded = unsent()
    seeded.strikes.append(kill("scheduler", at_s=0.41))
    _and_another(seeded, UNANSWERED)
    assert seeded.faults() == {"attempt without call"}
    assert ", 1 missing, " in seeded.verdict().crash_summary(7)
    seeded.strikes = [kill("scheduler", at_s=0.402), kill("scheduler", at_s=0.42)]  # each may leave one
    assert seeded.faults() == set()


def test_it_finds_a_second_originate_that_died_unseen_with_one_switch():
    seeded = struck()
    del seeded.calls[MACHINE]
    seeded.change_attempt(MACHINE, answered_at=None, amd_verdict=None)
    _and_another(seeded, MACHINE)
    assert seeded.faults() == {"attempt without call"}
    assert ", 1 missing, " in seeded.verdict().crash_summary(7)


def _held(seeded, place, for_s):
    """Let the call's channel be seen reserved for so long after its conclusion."""
    attempt = seeded.database.attempts[place]
    seeded.held_until[attempt.id] = attempt.concluded_at.timestamp() + for_s


def test_a_channel_is_free_within_seconds_of_the_conclusion():
    seeded = clean()
    _held(seeded, REFUSING, 2.9)
    assert seeded.faults() == set()
    _held(seeded, REFUSING, 3.1)
    assert seeded.faults() == {"lease left"}
    assert ", 1 leaked, " in seeded.verdict().crash_summary(7)


@pytest.mark.parametrize("part", ["switch", "scheduler", "redis", "postgres"])
def test_a_channel_may_stay_reserved_for_a_while_where_whoever_frees_it_was_killed(part):
    seeded = clean()
    seeded.strikes.append(kill(part, at_s=2))  # the call was concluded at 1.1
    _held(seeded, REFUSING, 25.8)
    assert "lease left" not in seeded.faults()
    _held(seeded, REFUSING, 26.0)
    assert "lease left" in seeded.faults()


@pytest.mark.parametrize(("part", "at_s"), [("panel", 1.0), ("scheduler", 3.2), ("redis", -8.0)])
def test_it_finds_a_channel_kept_that_no_death_explains(part, at_s):
    seeded = clean()
    seeded.strikes.append(kill(part, at_s=at_s))
    _held(seeded, REFUSING, 3.1)
    assert seeded.faults() == {"lease left"}


def test_a_frozen_scheduler_may_leave_one_call_unsent_and_the_other_one_dials_on():
    seeded = unsent()
    at = START.timestamp() + 0.41
    seeded.strikes.append(Strike("freeze", "second scheduler", at, 5, until=at + 12))
    assert seeded.calls[BUSY_THEN_SILENT].invited_at > at + 1
    assert seeded.faults() == set()
    _and_another(seeded, UNANSWERED)
    assert seeded.faults() == {"attempt without call"}


def test_it_finds_a_call_that_a_stalled_scheduler_sent_after_all():
    """The other one took it for one that never left, and its rule dialled again: then the stalled one went on."""
    seeded = unsent()
    at = START.timestamp() + 0.41
    seeded.strikes.append(Strike("freeze", "scheduler", at, 5, until=at + 12))
    late = replace(clean().calls[UNANSWERED], invited_at=at + 12, ended_at=at + 13)
    seeded.calls.append(late)
    assert seeded.faults() == {"call without attempt"}
