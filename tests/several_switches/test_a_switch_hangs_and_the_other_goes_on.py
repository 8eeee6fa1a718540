"""A switch is stopped in mid-campaign with its connections open, so that nobody answers; it goes on, or it is killed.

Runs against the embedded switch, or two real ones with SWITCH=freeswitch.
"""

import itertools
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.limits.counting import most_at_once
from tests.several_switches.witnesses import CPS, LONGEST_CALL_S, SCHEDULERS, Campaign, Sent, dialing, wait_until
from tests.verifier.findings import Fault, Finding
from tests.verifier.strikes import Strike

MOST = 40
HANGS_S = 12.0
"""Longer than any reply is waited for, so that connections are given up, and than a new one takes to fail."""
SHORT_OF_PACE = 0.75
"""The other goes on with at least this share of the calls that the limit allows, on a machine that is busy."""


def hold_still(campaign: Campaign) -> float:
    """Stop b and see that a goes on; return since when it hangs."""
    stopped = campaign.freeze("b")
    try:
        before = campaign.placed("a")
        wait_until(lambda: campaign.placed("a") >= before + 15, "the other going on")
        wait_until(lambda: campaign.out_because("b") in ("silent", "away"), "the panel knowing why")
        time.sleep(max(0.0, stopped + HANGS_S - time.time()))
    except BaseException:
        campaign.thaw("b")
        raise
    return stopped


def into_the_silence(campaign: Campaign, stopped: float, ended: float) -> list[Sent]:
    """See that calls went on leaving on a at the full pace; return what was sent to b meanwhile."""
    meanwhile = campaign.sent(stopped, ended)
    on_a = [sent.at for sent in meanwhile if sent.switch == "a"]
    to_b = [sent for sent in meanwhile if sent.switch == "b"]
    longest_s = max(b - a for a, b in itertools.pairwise([stopped, *on_a, ended]))
    print(
        f"hung {ended - stopped:.1f} s, meanwhile {len(on_a)} calls on a, the longest pause {longest_s:.2f} s; "
        f"sent to b {len(to_b)}"
    )
    told = "SELECT disposition::text, hangup_cause, concluded_by::text FROM attempts WHERE id = ANY(%s::uuid[])"
    print("what became of these:", campaign.conn.execute(told, [[sent.attempt_id for sent in to_b]]).fetchall())
    assert len(to_b) <= SCHEDULERS, "one that owes a reply gets no second call"
    return to_b


def says_that_no_call_came(found: Finding, sent: Sequence[Sent], *dispositions: str) -> bool:
    """Whether it says of one of these attempts that the carrier saw no call, and that it ended like this."""
    return (
        found.fault in (Fault.ATTEMPT_WITHOUT_CALL, Fault.LOST)
        and any(each.attempt_id in found.text for each in sent)
        and (found.fault is Fault.LOST or any(f"({name})" in found.text for name in dispositions))
    )


@pytest.mark.timeout(280)
def test_a_switch_hangs_in_mid_campaign_and_goes_on(tmp_path: Path):
    with dialing(tmp_path, {"a": MOST, "b": MOST}, 2 * MOST) as campaign:
        up_before = campaign.up("b")
        stopped = hold_still(campaign)
        still_up = campaign.up("b")
        resumed = campaign.thaw("b")
        assert still_up >= up_before > 0, "nobody knows what became of them, and they keep their channels"
        wait_until(lambda: campaign.placed_since("b", resumed) >= 10, "calls on the one that goes on")
        campaign.await_end()

        print(f"up on b when it hung {up_before}")
        to_b = into_the_silence(campaign, stopped, resumed)
        pace = sum(sent.switch == "a" for sent in campaign.sent(stopped + 2, resumed)) / (resumed - stopped - 2)
        print(f"a's pace meanwhile {pace:.2f} of {CPS:.0f} calls/s")
        assert pace >= CPS * SHORT_OF_PACE
        assert campaign.value("SELECT count(DISTINCT switch_core_uuid) FROM attempts") == 2, "both lived on"
        for name in campaign.ids:
            assert most_at_once(campaign.on_the_wire(name)) <= MOST
        assert campaign.too_fast(to_b) == []
        findings = campaign.verdict([])  # nothing died: nothing is excused
        # Whether the switch still reads what was sent into the silence is its kernel's affair: it rang, or it failed.
        faults = [str(found) for found in findings.faults if not says_that_no_call_came(found, to_b, "failed")]
        assert faults == []


@pytest.mark.timeout(280)
def test_a_switch_that_hangs_is_killed_and_comes_back(tmp_path: Path):
    most = {"a": 12, "b": 8}
    with dialing(tmp_path, most, 40) as campaign:
        first_core, up_before = campaign.core_uuid("b"), campaign.up("b")
        stopped = hold_still(campaign)
        campaign.stack.parts["b"].kill()
        killed = time.time()
        assert campaign.up("b") >= up_before > 0, "its calls are concluded when it is back, by none before"
        campaign.stack.parts["b"].start_again()
        wait_until(lambda: campaign.placed_since("b", killed) >= 10, "calls on the one that came back")
        campaign.await_end()
        time.sleep(max(0.0, killed + LONGEST_CALL_S + 1 - time.time()))  # callees of the dead switch leave

        to_b = into_the_silence(campaign, stopped, killed)
        assert campaign.value("SELECT count(*) FROM attempts WHERE disposition = 'lost'") > 0
        for name, limit in most.items():
            seen = most_at_once(campaign.on_the_wire(name, stopped if name == "b" else None))
            print(f"{name}: {seen} at once on the wire of {limit}")
            assert seen <= limit
        assert campaign.too_fast(to_b) == []
        findings = campaign.verdict([Strike("kill", "switch", stopped, up_before, killed, first_core)])
        # What was sent into the silence died unread; it might have been read, so nobody dials it again.
        faults = [str(found) for found in findings.faults if not says_that_no_call_came(found, to_b, "lost")]
        assert faults == []
