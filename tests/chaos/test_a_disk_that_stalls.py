"""PostgreSQL is away and the spool's disk does not finish a write for seconds: calls go on, and no result is lost.

Runs against the embedded switch, or a real one with SWITCH=freeswitch. The fault is put into the switch's own Python.
"""

import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from chaos.campaign import MIX, make_campaign
from chaos.hooks import check_hooks
from chaos.plan import Part
from chaos.stack import GATEWAY, ChaosStack, running_stack
from chaos.watch import CarrierWatch
from db import campaigns, leases
from db.overflow import HELD
from db.redis_client import open_redis
from devstack.programs import CarrierOptions
from devstack.switch import chosen_switch
from dialer.campaign import CampaignState
from sipp.log_reader import read_calls
from tests.verifier.facts import read_database, read_journal
from tests.verifier.strikes import Strike
from tests.verifier.verify import verify

CONTACTS, CPS, LEAST_UP = 130, 12.0, 8
AWAY_S = 8.0
"""PostgreSQL's absence; longer than the five seconds after which others conclude what a hook does not."""
LONGER_S = 4.0
"""How much longer the disk needs: by then the results are to be in PostgreSQL without it."""
STALL = """
import os, time

real = os.fsync

def fsync(descriptor):
    while os.path.exists({flag!r}):
        time.sleep(0.02)
    real(descriptor)

os.fsync = fsync
"""


@pytest.mark.timeout(300)
def test_results_outlive_a_disk_that_stalls_while_postgresql_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flag, patch = tmp_path / "stalls", tmp_path / "patch"
    patch.mkdir()
    (patch / "sitecustomize.py").write_text(STALL.format(flag=str(flag)))
    monkeypatch.setenv("PYTHONPATH", str(patch))
    overrides = {"DIALER_MAX_CHANNELS": "60", "DIALER_MAX_CALLS_PER_SECOND": str(CPS), "DIALER_CRM_SETTLE_S": "5"}
    tmp_path.chmod(0o755)
    with running_stack(tmp_path / "run", CarrierOptions(MIX, 7, 20.0), chosen_switch(), overrides) as stack:
        carrier = CarrierWatch(stack.folders.carrier)
        wait(stack, stack.are_all_ready, "the stack")
        with psycopg.connect(stack.database_url, autocommit=True) as conn:
            campaign_id = make_campaign(stack.database_url, GATEWAY, CONTACTS, CPS)
            campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
        wait(stack, lambda: is_up(carrier, LEAST_UP), "calls")

        flag.touch()
        began = stack.keepers[Part.POSTGRES].freeze()
        strike = Strike("freeze", "postgres", began, carrier.up)
        hold(stack, AWAY_S)
        assert list(stack.spool.glob("*.json")) == [], "the disk has finished nothing"
        strike = strike.ended(time.time())
        stack.keepers[Part.POSTGRES].thaw()
        hold(stack, LONGER_S)
        assert flag.exists()
        held = log_of(stack).count(HELD)
        with psycopg.connect(stack.database_url, autocommit=True) as conn:
            still_open = {row[0] for row in conn.execute("SELECT phone FROM attempts WHERE concluded_at IS NULL")}
        now = time.time()
        ended = {call.number for call in read_calls(stack.folders.carrier) if (call.ended_at or now) < now - 3}
        flag.unlink()

        with psycopg.connect(stack.database_url, autocommit=True) as conn:
            over = "SELECT state = 'completed' FROM campaigns"
            wait(stack, lambda: (conn.execute(over).fetchone() or (False,))[0], "the campaign's end")
            owed = "SELECT count(*) FROM leads WHERE delivered_at IS NULL"
            wait(stack, lambda: conn.execute(owed).fetchone() == (0,), "the leads")
        wait(stack, lambda: not list(stack.spool.glob("*.json")), "the spool")
        with open_redis(stack.redis_url, 2000) as redis:
            wait(stack, lambda: leases.counts(redis).total == 0, "the leases")
        findings = verify(
            read_calls(stack.folders.carrier),
            read_database(stack.database_url),
            read_journal(stack.crm_journal),
            strikes=[strike],
            stops_within_s=2.5,
        )
        check_hooks(stack.folders.log / "switch.console.log", [strike], findings)
        late = still_open & ended
        print(f"{strike.up} calls up; {held} results held in memory; not concluded before the disk went on: {late}")
        print(findings.crash_summary(7))
        assert held > 0
        assert late == set()
        assert [str(found) for found in findings.faults] == []


def is_up(carrier: CarrierWatch, wanted: int) -> bool:
    carrier.look()
    return carrier.up >= wanted


def log_of(stack: ChaosStack) -> str:
    return (stack.folders.log / "switch.console.log").read_text(encoding="utf-8", errors="replace")


def hold(stack: ChaosStack, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        stack.tick()
        time.sleep(0.05)


def wait(stack: ChaosStack, is_so: Callable[[], object], what: str, within_s: float = 120.0) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        stack.tick()
        assert time.monotonic() < deadline, f"{what} took over {within_s:.0f} s: {log_of(stack)[-500:]}"
        time.sleep(0.05)
