"""Two switches share a campaign by their free channels; one is killed in mid-campaign, and comes back.

Runs against the embedded switch, or two real ones with SWITCH=freeswitch.
"""

import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from chaos.campaign import MIX, make_campaign
from db import campaigns, leases, switches
from db.redis_client import open_redis
from db.switches import SwitchRow
from devstack.programs import CarrierOptions
from dialer.campaign import CampaignState
from sipp.log_reader import read_calls
from tests.limits.counting import most_at_once
from tests.several_switches.stack import GATEWAY, running_stack
from tests.several_switches.witnesses import Campaign, wait_until
from tests.verifier.facts import read_database, read_journal
from tests.verifier.strikes import Strike
from tests.verifier.verify import verify

CONTACTS = 160
CPS = 8.0
MOST = {"a": 12, "b": 8}
LONGEST_CALL_S = 20.0
OUT_WITHIN_S = 1.0


@pytest.mark.timeout(280)
def test_a_switch_dies_in_mid_campaign_and_comes_back(tmp_path: Path):
    overrides = {"DIALER_MAX_CHANNELS": "40", "DIALER_MAX_CALLS_PER_SECOND": str(CPS), "DIALER_CRM_SETTLE_S": "5"}
    with (
        running_stack(tmp_path, CarrierOptions(MIX, 7, LONGEST_CALL_S), overrides) as stack,
        psycopg.connect(stack.environment["DIALER_DATABASE_URL"], autocommit=True) as conn,
        open_redis(stack.environment["DIALER_REDIS_URL"], 2000) as redis,
    ):
        campaign = Campaign(stack, conn)
        wait_until(lambda: campaign.value("SELECT count(*) FROM switches"), "the switch of the settings")
        campaign.ids["a"] = campaign.value("SELECT id FROM switches")
        conn.execute("UPDATE switches SET max_channels = %s", [MOST["a"]])
        campaign.ids["b"] = switches.create(
            conn, SwitchRow(0, "b", "127.0.0.1", stack.ports["b"], MOST["b"], is_enabled=True)
        )
        wait_until(lambda: campaign.value("SELECT bool_and(out_because IS NULL AND seen_at IS NOT NULL) FROM switches"),
                   "both switches taking calls")  # fmt: skip
        id_ = make_campaign(stack.environment["DIALER_DATABASE_URL"], GATEWAY, CONTACTS, CPS)
        campaigns.move(conn, id_, CampaignState.ACTIVE)

        wait_until(lambda: campaign.up("a") >= 4 and campaign.up("b") >= 4, "calls on both")
        first_core = campaign.value("SELECT core_uuid FROM switches WHERE id = %s", campaign.ids["b"])
        up_before = campaign.up("a") + campaign.up("b")
        began = time.time()
        stack.parts["b"].kill()
        killed = time.time()
        until_dead = campaign.placed("a")
        wait_until(lambda: campaign.placed("a") >= until_dead + 10, "the other going on")
        wait_until(lambda: campaign.out_because("b") == "away", "the panel knowing why")
        late = campaign.value(
            "SELECT count(*) FROM attempts WHERE switch_id = %s AND originated_at > %s",
            *(campaign.ids["b"], datetime.fromtimestamp(killed + OUT_WITHIN_S, UTC)),
        )
        assert late == 0, "a switch that is out gets no calls"
        assert (
            campaign.value(
                "SELECT count(*) FROM attempts WHERE switch_id = %s AND disposition = 'lost'", campaign.ids["a"]
            )
            == 0
        )

        stack.parts["b"].start_again()
        again = "SELECT count(*) FROM attempts WHERE switch_id = %s AND switch_core_uuid <> %s"
        wait_until(
            lambda: campaign.value(again, campaign.ids["b"], first_core) >= 10, "calls on the one that came back"
        )

        done = "SELECT state::text FROM campaigns WHERE id = %s"
        wait_until(lambda: campaign.value(done, id_) == "completed", "the campaign's end", 150)
        wait_until(lambda: campaign.value("SELECT count(*) FROM leads WHERE delivered_at IS NULL") == 0, "the leads")
        wait_until(lambda: leases.counts(redis).total == 0, "the leases' end")
        time.sleep(max(0.0, killed + LONGEST_CALL_S + 1 - time.time()))  # callees of the dead switch leave
        lost = conn.execute("SELECT switch_id, originated_at FROM attempts WHERE disposition = 'lost'").fetchall()
        print(
            f"placed: a {campaign.placed('a')}, b {campaign.placed('b')}; up at the kill {up_before}; lost {len(lost)}"
        )
        assert all(switch_id == campaign.ids["b"] and at.timestamp() <= killed for switch_id, at in lost)
        for name, most in MOST.items():
            seen = most_at_once(campaign.on_the_wire(name, killed))
            print(f"{name}: {seen} at once on the wire of {most}")
            assert seen <= most
        assert leases.counts(redis, switch_ids=list(campaign.ids.values())).by_switch == dict.fromkeys(
            campaign.ids.values(), 0
        )
        findings = verify(
            read_calls(stack.carrier),
            read_database(stack.environment["DIALER_DATABASE_URL"]),
            read_journal(stack.crm_journal),
            strikes=[Strike("kill", "switch", began, up_before, killed, str(first_core))],
        )
        print(findings.crash_summary(7))
        assert [str(found) for found in findings.faults] == []
