"""Calls that are abandoned slow their campaign down near its cap, and stop it beyond."""

import contextlib
from datetime import timedelta

import psycopg

from db import campaigns, dialing
from dialer.campaign import CampaignState, PauseReason
from dialer.errors import IllegalMove
from tests.switch.calls import Call
from tests.switch.invites import most_at_once
from tests.switch.scenario import answer, hung_up, invited, pause, reject, ringing, trying

PEOPLE = 60
ABANDONS = Call(
    "abandons_too_many",
    (invited(), trying(), answer(), hung_up()),
    flow={"language": "tlh"},
    is_flow_broken=True,
    names=tuple(f"person {n}" for n in range(PEOPLE)),
    is_placed_by_its_test=True,
)
TWENTY = tuple(f"person {n}" for n in range(20))
LASTS_S = 2.5
RINGS = (invited(), trying(), ringing(), pause(round(1000 * LASTS_S)), reject("486 Busy Here"))


def near_its_cap(name: str) -> Call:
    """Return a campaign that may have ten calls up; each of its callees lets it ring a while."""
    return Call(name, RINGS, names=TWENTY, campaign={"max_channels": 10}, is_placed_by_its_test=True)


FREE, NEAR, AT_IT = near_its_cap("far_from_its_cap"), near_its_cap("near_its_cap"), near_its_cap("at_its_cap")
LEDGERS = {FREE.name: (200, 4), NEAR.name: (200, 5), AT_IT.name: (100, 3)}
"""Who answered and who was abandoned today: 3 % of them are 6, 6 and 3."""
IS_HELD = "SELECT pause_reason::text FROM campaigns WHERE id = %s AND state = 'paused'"
NONE_IS_OPEN = "SELECT 1 FROM attempts WHERE campaign_id = %s HAVING count(*) = count(concluded_at)"
COUNTS = """SELECT count(*) FILTER (WHERE disposition = 'abandoned') AS abandoned, count(*) AS attempts
FROM attempts WHERE campaign_id = %s"""


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
        assert dialing.is_over_cap(conn, campaign_id)
    why = dialled.wait_for(
        "SELECT details FROM audit_log WHERE action = 'campaign.paused' AND entity_id = %s", str(campaign_id)
    )
    assert why.details["by"] == "abandon_cap"
    assert why.details["abandoned"] >= 4


def test_near_its_cap_a_campaign_has_fewer_calls_up_and_at_it_one_and_is_not_stopped(dialled):
    def abandon(conn):
        for name, (people, abandoned) in LEDGERS.items():
            conn.execute(
                "INSERT INTO abandon_days (campaign_id, day, shard, answered, abandoned)"
                " VALUES (%s, (now() AT TIME ZONE 'UTC')::date, 0, %s, %s)",
                [dialled.placed[name].campaign_id, people, abandoned],
            )

    dialled.place([AT_IT, NEAR, FREE], before=abandon)
    slowed = [dialled.placed[call.name].campaign_id for call in (NEAR, AT_IT)]
    try:
        dialled.rows(FREE)
        up = {call.name: most_at_once(dialled, call, timedelta(seconds=LASTS_S)) for call in (FREE, NEAR, AT_IT)}
        # Of ten: all, 0.6 and 0.1 of them.
        assert up[AT_IT.name] == 1 < up[NEAR.name] <= 6 < up[FREE.name] <= 10
        states = dialled.select("SELECT state::text FROM campaigns WHERE id = ANY(%s)", slowed)
        assert [row.state for row in states] == ["active", "active"]
    finally:
        with psycopg.connect(dialled.postgres.url) as conn:
            for campaign_id in slowed:
                with contextlib.suppress(IllegalMove):  # nothing slowed it: it is over
                    campaigns.move(conn, campaign_id, CampaignState.COMPLETED, hangs_up=True)
