"""A listed number is not rung where its list counts, and is elsewhere; an opt-out in a call stops other campaigns."""

from db import blacklist, blacklists
from db.blacklist import BlacklistReason
from tests.switch.callee import presses
from tests.switch.calls import Call, answered
from tests.switch.scenario import answer, invited, ringing, trying

LISTED, OPTING_OUT = "+79168000001", "+79168000002"
HERE = Call("listed_here", phones=(LISTED,), is_placed_by_its_test=True)
THERE = Call(
    "listed_elsewhere",
    (invited(), trying(), ringing(), answer(), *presses("2")),
    phones=(LISTED,),
    is_placed_by_its_test=True,
)
OPTS_OUT = Call(
    "opts_out_here",
    (invited(), trying(), ringing(), answer(), *presses("9")),
    phones=(OPTING_OUT,),
    is_placed_by_its_test=True,
)
STOPPED = Call("opted_out_elsewhere", phones=(OPTING_OUT,), is_placed_by_its_test=True)

BLOCKED = """SELECT c.blocked_reason, c.blocked_list, b.at FROM contacts c JOIN contact_blocks b ON b.contact_id = c.id
WHERE c.campaign_id = %s AND c.state = 'blocked' AND b.announced_at IS NOT NULL"""


def test_a_list_for_one_campaign_stops_its_calls_alone(dialled):
    def list_the_number(conn):
        own = blacklists.create(conn, "own", is_global=False, campaign_ids=[dialled.placed[HERE.name].campaign_id])
        blacklist.add(conn, LISTED, BlacklistReason.LEGAL, blacklist_id=own)

    dialled.place([HERE, THERE], before=list_the_number)
    assert dialled(THERE) == answered("not_interested", digits="2")
    row = dialled.wait_for(BLOCKED, dialled.placed[HERE.name].campaign_id)
    assert (row.blocked_reason, row.blocked_list) == ("blacklist: legal", "own")
    assert not dialled.has_attempts(HERE)


def test_an_opt_out_stops_another_campaign_before_the_call_has_ended(dialled):
    dialled.place([OPTS_OUT])
    ours = dialled.placed[OPTS_OUT.name].campaign_id
    dialled.wait_for("SELECT 1 FROM attempts WHERE campaign_id = %s AND answered_at IS NOT NULL", ours)
    dialled.place([STOPPED])
    row = dialled.wait_for(BLOCKED, dialled.placed[STOPPED.name].campaign_id)
    assert row.blocked_reason == "blacklist: customer_request"
    assert not dialled.has_attempts(STOPPED)
    record = dialled.record(OPTS_OUT)
    assert record.disposition == "opted_out"
    assert row.at < record.ended_at
