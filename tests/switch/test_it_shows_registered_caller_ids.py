"""Which number the callee sees, through real calls: registered ones alone, by the number or in turn."""

import time as clock
from datetime import UTC, datetime

import psycopg
import pytest

from db import caller_ids
from db.preflight import preflight
from dialer.caller_id import CallerIdChoice
from dialer.campaign import CampaignState
from dialer.errors import IllegalMove
from dialer.preflight import Obstacle
from tests.switch.calls import Call
from tests.switch.invites import calls_of, invites
from tests.switch.scenario import invited, reject, trying
from tests.switch.suite import CALLER_ID

ROUNDS_S = 3.0
"""The dial loop looks several times within this."""
REGISTERED = (CALLER_ID, "+74950000002", "+74950000003")
BUSY = (invited(), trying(), reject("486 Busy Here"))
TWICE = {"max_attempts": 2, "busy": {"delay_s": 0, "max_attempts": 2}}
PEOPLE = tuple(f"person {n}" for n in range(8))
PHONES = tuple(f"+7916779000{n}" for n in range(len(PEOPLE)))


def to_everybody_twice(name: str, choice: CallerIdChoice, phones: tuple[str, ...] = ()) -> Call:
    """Return a campaign that finds everybody busy, twice."""
    return Call(
        name,
        BUSY,
        names=PEOPLE,
        phones=phones,
        campaign={"caller_id_choice": choice, "retry_rules": TWICE},
        answers=2 * len(PEOPLE),
        is_placed_by_its_test=True,
    )


SAME = to_everybody_twice("shows_the_same_number", CallerIdChoice.SAME_FOR_NUMBER, PHONES)
SAME_ELSEWHERE = to_everybody_twice("shows_the_same_number_elsewhere", CallerIdChoice.SAME_FOR_NUMBER, PHONES)
IN_TURN = to_everybody_twice("shows_one_number_after_the_other", CallerIdChoice.ROTATE)
SHOWS_NONE = Call("shows_no_number", BUSY, is_placed_by_its_test=True)
CHOOSE = """WITH line AS (INSERT INTO campaign_gateways (campaign_id, gateway_id, place) VALUES (%s, %s, 1) RETURNING *)
INSERT INTO campaign_caller_ids (campaign_id, gateway_id, caller_id_id, place)
SELECT campaign_id, gateway_id, %s, 1 FROM line"""


def shown_to_everybody(suite, call: Call) -> dict[str, list[str]]:
    """Place the call with all registered numbers; return what each callee saw, call after call, in the contacts' order.

    That is what is on record, too.
    """
    gateway_id, first = suite.gateways[call.name]
    with psycopg.connect(suite.postgres.url) as conn:
        further = [caller_ids.add(conn, gateway_id, phone) for phone in REGISTERED[1:]]
    suite.place_with(call, [(gateway_id, number) for number in (first, *further)])
    on_record: dict[str, list[str]] = {}
    for attempt in suite.records(call):
        on_record.setdefault(attempt.phone, []).append(attempt.caller_id)
    suite.carrier_saw(call)
    seen = {phone: [one.shown for one in calls] for phone, calls in calls_of(suite, call).items()}
    assert seen == on_record
    return on_record


def test_a_number_sees_the_same_caller_id_at_every_attempt_and_in_every_campaign(dialled):
    seen = shown_to_everybody(dialled, SAME)
    assert [len(shown) for shown in seen.values()] == [2] * len(PEOPLE)
    assert all(len(set(shown)) == 1 for shown in seen.values()), seen
    assert len({shown[0] for shown in seen.values()}) > 1
    assert shown_to_everybody(dialled, SAME_ELSEWHERE) == seen


def test_caller_ids_are_shown_one_after_the_other_and_the_next_one_at_a_further_attempt(dialled):
    seen = list(shown_to_everybody(dialled, IN_TURN).values())
    begins = REGISTERED.index(seen[0][0])
    in_turn = [REGISTERED[(begins + place) % len(REGISTERED)] for place in range(len(PEOPLE) + 1)]
    assert seen == [in_turn[place : place + 2] for place in range(len(PEOPLE))]


def test_a_campaign_without_a_caller_id_reaches_no_carrier_until_it_has_one(dialled):
    with pytest.raises(IllegalMove, match="caller ID"):
        dialled.place_with(SHOWS_NONE, [])
    campaign_id = dialled.placed[SHOWS_NONE.name].campaign_id
    with psycopg.connect(dialled.postgres.url) as conn:  # as if it had lost its last one while it ran
        conn.execute("UPDATE campaigns SET state = %s WHERE id = %s", [CampaignState.ACTIVE, campaign_id])
    clock.sleep(ROUNDS_S)
    with psycopg.connect(dialled.postgres.url) as conn:
        assert preflight(conn, campaign_id, datetime.now(UTC)).obstacle is Obstacle.NO_GATEWAY
        assert not dialled.has_attempts(SHOWS_NONE)
        assert invites(dialled, SHOWS_NONE) == []
        conn.execute(CHOOSE, [campaign_id, *dialled.gateways[SHOWS_NONE.name]])
    assert dialled(SHOWS_NONE).disposition == "busy"
