"""A switch is stopped in mid-campaign with its connections open, so that nobody answers, and goes on some time later.

Runs against the embedded switch, or two real ones with SWITCH=freeswitch.
"""

import itertools
import os
import signal
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
from tests.several_switches.stack import GATEWAY, running_stack
from tests.several_switches.witnesses import Campaign, wait_until
from tests.verifier.facts import read_database, read_journal
from tests.verifier.findings import Fault, Finding
from tests.verifier.verify import verify

CONTACTS = 160
CPS = 8.0
MOST = 40
SCHEDULERS = 2
LONGEST_CALL_S = 20.0
HANGS_S = 6.0
"""Longer than a reply is waited for, so that connections are given up."""


def is_unread(found: Finding, attempt_ids: list[str]) -> bool:
    """Whether it says of one of these attempts that no call came, and that it failed: its rule dials it again."""
    return (
        found.fault is Fault.ATTEMPT_WITHOUT_CALL
        and "(failed)" in found.text
        and any(attempt_id in found.text for attempt_id in attempt_ids)
    )


@pytest.mark.timeout(280)
def test_a_switch_hangs_in_mid_campaign_and_goes_on(tmp_path: Path):
    overrides = {"DIALER_MAX_CHANNELS": "80", "DIALER_MAX_CALLS_PER_SECOND": str(CPS), "DIALER_CRM_SETTLE_S": "5"}
    with (
        running_stack(tmp_path, CarrierOptions(MIX, 7, LONGEST_CALL_S), overrides) as stack,
        psycopg.connect(stack.environment["DIALER_DATABASE_URL"], autocommit=True) as conn,
        open_redis(stack.environment["DIALER_REDIS_URL"], 2000) as redis,
    ):
        campaign = Campaign(stack, conn)
        wait_until(lambda: campaign.value("SELECT count(*) FROM switches"), "the switch of the settings")
        campaign.ids["a"] = campaign.value("SELECT id FROM switches")
        conn.execute("UPDATE switches SET max_channels = %s", [MOST])
        campaign.ids["b"] = switches.create(
            conn, SwitchRow(0, "b", "127.0.0.1", stack.ports["b"], MOST, is_enabled=True)
        )
        wait_until(lambda: campaign.value("SELECT bool_and(out_because IS NULL AND seen_at IS NOT NULL) FROM switches"),
                   "both switches taking calls")  # fmt: skip
        id_ = make_campaign(stack.environment["DIALER_DATABASE_URL"], GATEWAY, CONTACTS, CPS)
        campaigns.move(conn, id_, CampaignState.ACTIVE)
        wait_until(lambda: campaign.up("a") >= 4 and campaign.up("b") >= 4, "calls on both")
        up_before = campaign.up("a") + campaign.up("b")

        group = stack.parts["b"].child.pid
        os.killpg(group, signal.SIGSTOP)
        stopped = time.time()
        try:
            before = campaign.placed("a")
            wait_until(lambda: campaign.placed("a") >= before + 15, "the other going on")
            wait_until(lambda: campaign.out_because("b") in ("silent", "away"), "the panel knowing why")
            time.sleep(max(0.0, stopped + HANGS_S - time.time()))
        finally:
            os.killpg(group, signal.SIGCONT)
        resumed = time.time()

        since = "SELECT count(*) FROM attempts WHERE switch_id = %s AND originated_at > %s"
        wait_until(
            lambda: campaign.value(since, campaign.ids["b"], datetime.fromtimestamp(resumed, UTC)) >= 10,
            "calls on the one that goes on",
        )
        done = "SELECT state::text FROM campaigns WHERE id = %s"
        wait_until(lambda: campaign.value(done, id_) == "completed", "the campaign's end", 150)
        wait_until(lambda: campaign.value("SELECT count(*) FROM leads WHERE delivered_at IS NULL") == 0, "the leads")
        wait_until(lambda: leases.counts(redis).total == 0, "the leases' end")

        meanwhile = [
            (str(id_), switch_id, at.timestamp())
            for id_, switch_id, at in conn.execute(
                "SELECT id, switch_id, originated_at FROM attempts WHERE originated_at BETWEEN %s AND %s ORDER BY 3",
                [datetime.fromtimestamp(stopped, UTC), datetime.fromtimestamp(resumed, UTC)],
            ).fetchall()
        ]
        on_a = [at for _, switch_id, at in meanwhile if switch_id == campaign.ids["a"]]
        to_b = [id_ for id_, switch_id, _ in meanwhile if switch_id == campaign.ids["b"]]
        longest_s = max(b - a for a, b in itertools.pairwise([stopped, *on_a, resumed]))
        print(f"up when it hung {up_before}; hung {resumed - stopped:.1f} s, meanwhile {len(on_a)} calls on a, the "
              f"longest pause {longest_s:.2f} s; sent to b {len(to_b)}")  # fmt: skip
        told = "SELECT disposition::text, hangup_cause, concluded_by::text FROM attempts WHERE id = ANY(%s::uuid[])"
        print("what became of these:", conn.execute(told, [to_b]).fetchall())
        assert len(to_b) <= SCHEDULERS, "one that owes a reply gets no second call"
        assert campaign.value("SELECT count(DISTINCT switch_core_uuid) FROM attempts") == 2, "both lived on"
        findings = verify(
            read_calls(stack.carrier),
            read_database(stack.environment["DIALER_DATABASE_URL"]),
            read_journal(stack.crm_journal),
            strikes=[],  # nothing died: nothing is excused
        )
        print(findings.crash_summary(7))
        # Whether the switch still reads what was sent into the silence is its kernel's affair: it rang, or it failed.
        assert [str(found) for found in findings.faults if not is_unread(found, to_b)] == []
