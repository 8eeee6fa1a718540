"""Two switches share a campaign by their free channels; one is killed in mid-campaign, and comes back.

Runs against the embedded switch, or two real ones with SWITCH=freeswitch.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chaos.campaign import MIX, make_campaign
from db import campaigns, leases, switches
from db.redis_client import open_redis
from db.switches import SwitchRow
from devstack.programs import CarrierOptions
from dialer.campaign import CampaignState
from sipp.log_reader import read_calls
from tests.limits.counting import Call, most_at_once
from tests.several_switches.stack import GATEWAY, TwoSwitches, running_stack
from tests.verifier.facts import read_database, read_journal
from tests.verifier.strikes import Strike
from tests.verifier.verify import verify

CONTACTS = 160
CPS = 8.0
MOST = {"a": 12, "b": 8}
LONGEST_CALL_S = 20.0
OUT_WITHIN_S = 1.0


class Campaign:
    """What the stores and the wire say of the calls."""

    def __init__(self, stack: TwoSwitches, conn: psycopg.Connection[Any]) -> None:
        self.stack, self.conn = stack, conn
        self.ids: dict[str, int] = {}

    def value(self, query: str, *values: Any) -> Any:
        row = self.conn.execute(query, values).fetchone()
        return row[0] if row else None

    def placed(self, name: str) -> int:
        return int(self.value("SELECT count(*) FROM attempts WHERE switch_id = %s", self.ids[name]))

    def up(self, name: str) -> int:
        query = (
            "SELECT count(*) FROM attempts WHERE switch_id = %s AND originated_at IS NOT NULL AND concluded_at IS NULL"
        )
        return int(self.value(query, self.ids[name]))

    def out_because(self, name: str) -> str | None:
        return self.value("SELECT out_because FROM switches WHERE id = %s", self.ids[name])

    def on_the_wire(self, name: str, died_at: float) -> list[Call]:
        """Return the carrier's calls that this switch placed; those of one that died ended with it."""
        mine = {
            (str(phone), at.timestamp())
            for phone, at in self.conn.execute(
                "SELECT phone, originated_at FROM attempts WHERE switch_id = %s", [self.ids[name]]
            ).fetchall()
        }
        found = []
        for call in read_calls(self.stack.carrier):
            if not any(phone == call.number and -0.1 < call.invited_at - at < 3 for phone, at in mine):
                continue
            ended = call.ended_at
            if name == "b" and call.invited_at < died_at:
                ended = min(died_at, ended or died_at)
            found.append(Call(call.invited_at, ended, GATEWAY, ""))
        return found


def wait_until(is_so: Callable[[], object], what: str, within_s: float = 90.0) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, f"{what} took over {within_s:.0f} s"
        time.sleep(0.05)


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
