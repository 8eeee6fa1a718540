"""What a crash may do and what it may not: each broken promise is seeded into a campaign that kept them all."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from tests.verifier import clean_campaign
from tests.verifier.clean_campaign import BUSY_FIRST, BUSY_THEN_SILENT, INTERESTED, MACHINE, REFUSING, START, UNANSWERED
from tests.verifier.facts import Lead
from tests.verifier.strikes import Strike, StrikeLog, read_strikes, switch_kills

KILLED_S = 0.65
"""When the switch is killed, s after START: the machine's call is up, and so are its neighbours."""


def clean():
    """Return a campaign in which every promise was kept; what nobody answers has ended when a switch is killed."""
    seeded = clean_campaign.clean()
    for place in (BUSY_FIRST, UNANSWERED):
        seeded.calls[place] = replace(seeded.calls[place], ended_at=START.timestamp() + KILLED_S - 0.05)
    return seeded


def kill(part="switch", at_s=KILLED_S, up=5):
    at = START.timestamp() + at_s
    return Strike("kill", part, at, up, at)


def lose(seeded, place):
    """Let the attempt end as one that was up when the switch was killed: nobody hangs up on the callee."""
    attempt = seeded.database.attempts[place]
    concluded = START + timedelta(seconds=12)
    seeded.change_attempt(
        place, disposition="lost", digits="", concluded_at=concluded, ended_at=concluded, sip_code=None
    )
    seeded.change_contact(attempt.contact_id - 1, disposition="lost")
    seeded.calls[place] = replace(seeded.calls[place], ended="bye_sent", ended_at=START.timestamp() + 30)


def struck():
    """Return a clean campaign in which the switch was killed under the machine's call."""
    seeded = clean()
    lose(seeded, MACHINE)
    seeded.strikes.append(kill())
    return seeded


def test_a_call_that_was_up_when_the_switch_was_killed_may_be_lost():
    seeded = struck()
    assert seeded.verdict().faults == []
    assert seeded.verdict().crash_summary(7) == ("chaos: seed 7, 1 kills, 0 missing, 0 called twice, 0 leaked, 0 stuck")
    assert (seeded.verdict().lost, seeded.verdict().lost_unseen) == (1, 0)


@pytest.mark.parametrize("part", ["scheduler", "postgres", "redis", "panel"])
def test_it_finds_a_call_lost_by_the_death_of_anything_but_a_switch(part):
    seeded = struck()
    seeded.strikes = [kill(part)]
    assert "lost" in seeded.faults()


@pytest.mark.parametrize("at_s", [-5, 13])
def test_it_finds_a_lost_call_that_was_not_up_at_the_kill(at_s):
    seeded = struck()
    seeded.strikes = [kill(at_s=at_s)]
    assert "lost" in seeded.faults()
    assert ", 1 missing, " in seeded.verdict().crash_summary(7)


def test_it_finds_a_call_lost_that_had_ended_before_the_kill():
    seeded = clean()
    seeded.strikes.append(kill(at_s=3))
    lose(seeded, REFUSING)
    seeded.calls[REFUSING] = replace(seeded.calls[REFUSING], ended="bye_received", ended_at=START.timestamp() + 1.1)
    assert "lost" in seeded.faults()


def test_an_originate_on_its_way_to_the_carrier_dies_with_the_switch():
    seeded = struck()
    del seeded.calls[MACHINE]
    seeded.change_attempt(MACHINE, answered_at=None, amd_verdict=None)
    assert seeded.faults() == set()
    assert (seeded.verdict().lost, seeded.verdict().lost_unseen) == (1, 1)
    seeded.strikes = [kill(at_s=6)]  # long after: that originate had its time to become a call
    assert seeded.faults() == {"lost", "attempt without call"}


@pytest.mark.parametrize("disposition", ["busy", "failed", "no_answer", "abandoned", "cancelled"])
def test_it_finds_an_originate_that_died_with_the_switch_and_claims_more_than_that(disposition):
    seeded = struck()
    del seeded.calls[MACHINE]
    seeded.change_attempt(MACHINE, answered_at=None, amd_verdict=None, disposition=disposition)
    seeded.change_contact(1, disposition=disposition)
    assert "attempt without call" in seeded.faults()


@pytest.mark.parametrize("disposition", ["busy", "failed", "no_answer", "congestion", "cancelled"])
def test_it_finds_a_struck_call_that_ended_as_the_carrier_never_ended_it(disposition):
    seeded = struck()
    seeded.change_attempt(MACHINE, disposition=disposition)
    seeded.change_contact(1, disposition=disposition)
    assert "wrong disposition" in seeded.faults()


def test_a_struck_call_may_end_as_the_carrier_had_ended_it_before_the_kill():
    seeded = clean()
    busy = seeded.calls[BUSY_FIRST]
    seeded.strikes.append(kill(at_s=busy.ended_at - START.timestamp() + 0.1))
    seeded.change_attempt(BUSY_FIRST, concluded_at=START + timedelta(seconds=2.4))
    assert seeded.faults() == set()
    seeded.calls[BUSY_FIRST] = replace(busy, ended_at=busy.ended_at + 1)
    assert seeded.faults() == {"wrong disposition"}, "its end came after the kill: nobody can have heard it"


def test_it_finds_an_attempt_without_a_conclusion():
    seeded = struck()
    seeded.change_attempt(REFUSING, concluded_at=None, ended_at=None, disposition=None)
    assert "not concluded" in seeded.faults()
    assert ", 1 missing, " in seeded.verdict().crash_summary(7)


def test_it_finds_somebody_rung_again_after_a_lost_call():
    seeded = struck()
    first = seeded.database.attempts[MACHINE]
    again = replace(
        first,
        id=str(UUID(int=99)),
        number=2,
        originated_at=START + timedelta(seconds=20),
        answered_at=None,
        concluded_at=START + timedelta(seconds=21),
        ended_at=START + timedelta(seconds=21),
        disposition="busy",
        sip_code=486,
        amd_verdict=None,
    )
    call = replace(
        seeded.calls[BUSY_FIRST], call_id="again", number=first.phone, invited_at=START.timestamp() + 20.1,
        ended_at=START.timestamp() + 20.2,
    )  # fmt: skip
    seeded.calls.append(call)
    seeded.database = replace(seeded.database, attempts=[*seeded.database.attempts, again])
    seeded.change_contact(2, disposition="busy", attempt_count=2)
    assert seeded.faults() == {"called twice"}
    assert ", 1 called twice, " in seeded.verdict().crash_summary(7)


def test_it_finds_a_press_forgotten_with_the_switch_although_it_was_committed():
    seeded = clean()
    seeded.strikes.append(kill())
    lose(seeded, REFUSING)
    seeded.change_attempt(REFUSING, outcome="not_interested")
    assert seeded.faults() == {"press lost"}
    assert ", 1 missing, " in seeded.verdict().crash_summary(7)


def test_a_press_that_was_on_its_way_when_the_switch_died_may_be_lost():
    seeded = clean()
    seeded.strikes.append(kill())
    lose(seeded, REFUSING)
    assert seeded.calls[REFUSING].digits_sent == "2"
    assert seeded.faults() == set()


def test_it_finds_a_press_forgotten_that_had_all_the_time_to_be_committed():
    seeded = clean()
    seeded.strikes.append(kill(at_s=6))
    lose(seeded, REFUSING)
    assert seeded.faults() == {"press lost"}


def test_it_finds_the_missing_lead_of_a_committed_press_whose_switch_died():
    seeded = clean()
    seeded.strikes.append(kill())
    late = START + timedelta(seconds=12)
    seeded.change_attempt(INTERESTED, outcome="interested", concluded_at=late, ended_at=late)
    seeded.calls[INTERESTED] = replace(seeded.calls[INTERESTED], ended="", ended_at=None)
    assert seeded.faults() == set(), "its lead is in the CRM"
    seeded.posted.clear()
    seeded.database = replace(seeded.database, leads=[Lead(seeded.database.attempts[INTERESTED].id, "pending", None)])
    assert seeded.faults() == {"lead missing"}
    assert ", 1 missing, " in seeded.verdict().crash_summary(7)


def test_it_finds_a_second_lead_of_a_call_whose_switch_died():
    seeded = struck()
    seeded.posted.append(replace(seeded.posted[0], external_id="78"))
    assert "lead doubled" in seeded.faults()


def test_it_finds_a_lead_of_a_struck_call_in_which_nobody_pressed():
    seeded = struck()
    machine = seeded.database.attempts[MACHINE].id
    seeded.change_attempt(MACHINE, disposition="interested")
    seeded.change_contact(2, disposition="interested")
    seeded.posted.append(replace(seeded.posted[0], attempt_id=machine, external_id="79"))
    seeded.database = replace(seeded.database, leads=[*seeded.database.leads, Lead(machine, "delivered", "79")])
    assert seeded.faults() == {"lead unowed"}


def test_it_finds_a_lease_left():
    seeded = struck()
    seeded.leases = 3
    assert seeded.faults() == {"lease left"}
    assert ", 3 leaked, " in seeded.verdict().crash_summary(7)


@pytest.mark.parametrize("state", ["queued", "dialing", "retry"])
def test_it_finds_a_contact_stuck(state):
    seeded = struck()
    seeded.change_contact(UNANSWERED - 1, state=state, disposition=None)
    assert seeded.faults() == {"contact stuck"}
    assert seeded.verdict().crash_summary(7).endswith(", 1 stuck")


def test_it_finds_a_kill_that_hit_too_few_calls():
    seeded = struck()
    seeded.least_up = 3
    assert seeded.faults() == set()
    seeded.least_up = 4
    assert seeded.faults() == {"hit too few"}


def test_calls_of_a_switch_that_died_before_do_not_count_as_up():
    seeded = struck()
    seeded.least_up = 1
    seeded.strikes.append(kill("redis", at_s=2.5))
    assert seeded.faults() == {"hit too few"}


@pytest.mark.parametrize("act", ["stop", "freeze", "fill"])
def test_it_finds_calls_that_left_while_a_store_was_away(act):
    seeded = clean()
    began = START.timestamp() + 3.5
    seeded.strikes.append(Strike(act, "postgres", began, 5, until=began + 10))
    assert seeded.calls[BUSY_THEN_SILENT].invited_at > began + 1
    assert seeded.faults() == {"dialled on"}
    assert seeded.verdict().crash_summary(7).endswith(", 0 stuck, 1 other faults")
    seeded.strikes = [Strike(act, "postgres", began, 5, until=began + 1.2)]
    assert seeded.faults() == set()


def test_it_reads_what_was_done_from_the_file_in_which_a_strike_is_written_again_when_it_ends(tmp_path):
    log = StrikeLog(tmp_path / "strikes.jsonl")
    log.write(kill())
    lasting = Strike("freeze", "redis", START.timestamp() + 9, 20)
    log.write(lasting)
    log.write(lasting.ended(START.timestamp() + 19))
    assert read_strikes(tmp_path / "strikes.jsonl") == [kill(), lasting.ended(START.timestamp() + 19)]


def test_of_several_switches_the_killed_one_alone_excuses_its_calls():
    killed = [Strike("kill", "switch", 5.0, 3, 5.1, "a")]
    assert switch_kills(killed, "a") == [5.0]
    assert switch_kills(killed, "b") == []
    assert switch_kills(killed) == switch_kills([Strike("kill", "switch", 5.0, 3, 5.1)], "b") == [5.0]
