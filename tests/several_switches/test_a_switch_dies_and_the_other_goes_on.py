"""Two switches share a campaign by their free channels; one is killed in mid-campaign, and comes back.

Runs against the embedded switch, or two real ones with SWITCH=freeswitch.
"""

import time
from pathlib import Path

import pytest

from tests.limits.counting import most_at_once
from tests.several_switches.witnesses import LONGEST_CALL_S, dialing, wait_until
from tests.verifier.strikes import Strike

MOST = {"a": 12, "b": 8}
OUT_WITHIN_S = 1.0


@pytest.mark.timeout(280)
def test_a_switch_dies_in_mid_campaign_and_comes_back(tmp_path: Path):
    with dialing(tmp_path, MOST, 40) as campaign:
        first_core = campaign.core_uuid("b")
        up_before = campaign.up("a") + campaign.up("b")
        began = time.time()
        campaign.stack.parts["b"].kill()
        killed = time.time()
        until_dead = campaign.placed("a")
        wait_until(lambda: campaign.placed("a") >= until_dead + 10, "the other going on")
        wait_until(lambda: campaign.out_because("b") == "away", "the panel knowing why")
        late = campaign.placed_since("b", killed + OUT_WITHIN_S)
        assert late == 0, "a switch that is out gets no calls"
        of_a = "SELECT count(*) FROM attempts WHERE switch_id = %s AND disposition = 'lost'"
        assert campaign.value(of_a, campaign.ids["a"]) == 0

        campaign.stack.parts["b"].start_again()
        again = "SELECT count(*) FROM attempts WHERE switch_id = %s AND switch_core_uuid <> %s"
        wait_until(
            lambda: campaign.value(again, campaign.ids["b"], first_core) >= 10, "calls on the one that came back"
        )
        campaign.await_end()
        time.sleep(max(0.0, killed + LONGEST_CALL_S + 1 - time.time()))  # callees of the dead switch leave
        lost = campaign.conn.execute(
            "SELECT switch_id, originated_at FROM attempts WHERE disposition = 'lost'"
        ).fetchall()
        print(
            f"placed: a {campaign.placed('a')}, b {campaign.placed('b')}; up at the kill {up_before}; lost {len(lost)}"
        )
        assert all(switch_id == campaign.ids["b"] and at.timestamp() <= killed for switch_id, at in lost)
        for name, most in MOST.items():
            seen = most_at_once(campaign.on_the_wire(name, killed if name == "b" else None))
            print(f"{name}: {seen} at once on the wire of {most}")
            assert seen <= most
        assert campaign.too_fast() == []
        findings = campaign.verdict([Strike("kill", "switch", began, up_before, killed, first_core)])
        assert [str(found) for found in findings.faults] == []
