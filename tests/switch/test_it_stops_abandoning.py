"""Calls that are abandoned stop their campaign at its cap, and a number always sees the same caller ID."""

import re

import psycopg

from db import caller_ids, campaigns
from dialer.campaign import PauseReason
from tests.switch.calls import Call
from tests.switch.scenario import answer, hung_up, invited, reject, trying

PEOPLE = 60
ABANDONS = Call(
    "abandons_too_many",
    (invited(), trying(), answer(), hung_up()),
    flow={"language": "tlh"},
    is_flow_broken=True,
    names=tuple(f"person {n}" for n in range(PEOPLE)),
    is_placed_by_its_test=True,
)
SHOWS_SEVERAL = Call(
    "shows_several_numbers",
    (invited(), trying(), reject("486 Busy Here")),
    names=tuple(f"person {n}" for n in range(12)),
    is_placed_by_its_test=True,
)
FURTHER = ("+74950000002", "+74950000003")
IS_HELD = "SELECT pause_reason::text FROM campaigns WHERE id = %s AND state = 'paused'"
NONE_IS_OPEN = "SELECT 1 FROM attempts WHERE campaign_id = %s HAVING count(*) = count(concluded_at)"
COUNTS = """SELECT count(*) FILTER (WHERE disposition = 'abandoned') AS abandoned, count(*) AS attempts
FROM attempts WHERE campaign_id = %s"""
SHOWN = re.compile(r"^From: .*?<sip:(\+?\d+)@", re.MULTILINE)


def test_a_campaign_that_abandons_too_many_is_paused_and_calls_nobody_else(dialled):
    dialled.place([ABANDONS])
    campaign_id = dialled.placed[ABANDONS.name].campaign_id
    held = dialled.wait_for(IS_HELD, campaign_id, timeout_s=60)
    assert held.pause_reason == PauseReason.ABANDON_CAP
    dialled.wait_for(NONE_IS_OPEN, campaign_id)
    counts = dialled.wait_for(COUNTS, campaign_id)
    # Four are one more than 3 % of the hundred it is judged by; what was on the line by then came to the same end.
    assert counts.abandoned == counts.attempts
    assert 4 <= counts.attempts < PEOPLE
    with psycopg.connect(dialled.postgres.url) as conn:
        assert campaigns.is_over_cap(conn, campaign_id)
    why = dialled.wait_for(
        "SELECT details FROM audit_log WHERE action = 'campaign.paused' AND entity_id = %s", str(campaign_id)
    )
    assert why.details["by"] == "abandon_cap"
    assert why.details["abandoned"] >= 4


def test_the_callee_sees_registered_numbers_alone_and_each_the_one_on_record(dialled):
    gateway_id, first = dialled.gateways[SHOWS_SEVERAL.name]
    with psycopg.connect(dialled.postgres.url) as conn:
        further = [caller_ids.add(conn, gateway_id, phone) for phone in FURTHER]
    dialled.place_with(SHOWS_SEVERAL, [(gateway_id, number) for number in (first, *further)])
    records = dialled.records(SHOWS_SEVERAL)
    assert {record.disposition for record in records} == {"busy"}
    assert len({record.caller_id for record in records}) > 1
    seen = dialled.carrier_saw(SHOWS_SEVERAL)
    invites = [text for text in seen.split("INVITE sip:")[1:] if "message received" not in text[:20]]
    pairs = {}
    for text in invites:
        callee = re.match(r"(\+?\d+)@", text)
        shown = SHOWN.search(text)
        if callee and shown:
            pairs[callee.group(1).lstrip("+")] = shown.group(1).lstrip("+")
    assert pairs == {record.phone.lstrip("+"): record.caller_id.lstrip("+") for record in records}
