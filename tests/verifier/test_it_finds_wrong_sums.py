"""Sums that are not what the attempts come to, and ends that are not what the call committed, are found."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.verifier.clean_campaign import MACHINE, REFUSING, START, UNANSWERED, clean
from tests.verifier.facts import RollUps
from tests.verifier.roll_ups import counted_anew


def _rolled_up_wrong(seeded, ended=(), people=()):
    """Let the roll-ups say something else than the attempts for these keys."""
    right = counted_anew(seeded.database)
    seeded.roll_ups = RollUps({**right.ended, **dict(ended)}, {**right.people, **dict(people)})


DAY = START.date()


@pytest.mark.parametrize(
    "wrong",
    [
        {"ended": {(1, DAY, "machine"): (2, 1)}},  # a conclusion counted twice
        {"ended": {(1, DAY, "machine"): (0, 0)}},  # one left out
        {"ended": {(1, DAY, "machine"): (1, 2)}},  # its seconds counted twice
        {"ended": {(1, DAY, "lost"): (1, 0)}},  # one whose correction did not take it away
        {"ended": {(1, DAY + timedelta(days=1), "machine"): (1, 1), (1, DAY, "machine"): (0, 0)}},  # another day
        {"people": {(1, DAY): (4, 0)}},  # a machine among the people
        {"people": {(1, DAY): (3, 1)}},  # abandoned, and no attempt is
        {"people": {(1, DAY): (0, 0)}},
    ],
)
def test_it_finds_roll_ups_that_do_not_add_up_to_the_attempts(wrong):
    seeded = clean()
    _rolled_up_wrong(seeded, **wrong)
    assert seeded.faults() == {"roll-up wrong"}


def test_roll_ups_count_days_by_the_campaigns_clock_and_people_by_utc():
    seeded = clean()
    seeded.database = replace(
        seeded.database, campaigns={1: replace(seeded.database.campaigns[1], time_zone="Pacific/Kiritimati")}
    )
    right = counted_anew(seeded.database)
    assert right.ended[1, DAY, "machine"] == (1, 1)  # 9:00 UTC is 23:00 there
    assert right.people == {(1, DAY): (3, 0)}
    seeded.change_attempt(MACHINE, claimed_at=START + timedelta(hours=3))
    assert counted_anew(seeded.database).ended[1, DAY + timedelta(days=1), "machine"] == (1, 1)


def test_a_tally_that_was_moved_to_nothing_says_nothing():
    seeded = clean()
    _rolled_up_wrong(seeded, ended={(1, DAY, "lost"): (0, 0)})
    assert seeded.faults() == set()


@pytest.mark.parametrize(
    ("place", "outcome", "fault"),
    [
        (REFUSING, "interested", "press lost"),
        (REFUSING, None, "wrong disposition"),
        (MACHINE, None, "wrong disposition"),
        (MACHINE, "no_input", "wrong disposition"),
        (UNANSWERED, "interested", "press lost"),
    ],
)
def test_it_finds_a_disposition_that_is_not_what_the_call_committed(place, outcome, fault):
    seeded = clean()
    seeded.change_attempt(place, outcome=outcome)
    assert seeded.faults() == {fault}
