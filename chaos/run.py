"""Runs one campaign with everything going wrong, and judges it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from chaos.campaign import CHANNELS, MIX, make_campaign
from chaos.conductor import Conductor
from chaos.evidence import keep_attempts
from chaos.hooks import check_hooks
from chaos.lease_watch import LeaseWatch
from chaos.plan import Fault as PlannedFault
from chaos.plan import Scale
from chaos.stack import GATEWAY, ChaosStack, running_stack
from chaos.watch import CampaignWatch, CarrierWatch
from db import campaigns, leases
from db.redis_client import open_redis
from devstack.errors import StackError
from devstack.programs import CarrierOptions
from devstack.switch import SwitchChoice
from dialer.campaign import CampaignState
from sipp.log_reader import read_calls
from tests.verifier.facts import read_database, read_journal
from tests.verifier.findings import Fault, Findings
from tests.verifier.leaks import FREED_WITHIN_S
from tests.verifier.strikes import StrikeLog, read_strikes
from tests.verifier.verify import verify

TICK_S = 0.05
SHOW_EVERY_S = 3.0
READY_WITHIN_S = 90.0
QUOTA_MB = 1
COMPARED_EVERY_S = 2
"""So that calls which a stalled scheduler holds are given up by the other one, while the first is still frozen."""
LONGEST_CALL_S = 20.0
"""Callees of a switch that died leave after this; longer than any call of this campaign."""


@dataclass(frozen=True, slots=True)
class Run:
    """limit_s: the campaign is judged as it is after so long, whatever it waits for."""

    seed: int
    scale: Scale
    calls_per_second: float
    limit_s: float


def overrides(run: Run) -> Mapping[str, str]:
    """Return what differs from the settings' defaults: shorter waits, and a spool that can be filled."""
    return {
        "DIALER_MAX_CHANNELS": str(CHANNELS),
        "DIALER_MAX_CALLS_PER_SECOND": str(run.calls_per_second),
        "DIALER_SPOOL_QUOTA_MB": str(QUOTA_MB),
        "DIALER_CRM_TIMEOUT_S": "2",
        "DIALER_CRM_SETTLE_S": "5",
        "DIALER_RECONCILE_EVERY_S": str(COMPARED_EVERY_S),
    }


def run_chaos(run: Run, plan: Sequence[PlannedFault], folder: Path, switch: SwitchChoice) -> Findings:
    """Dial the campaign while the plan happens; return the verifier's findings. Raises StackError."""
    began = time.monotonic()
    callees = CarrierOptions(MIX, run.seed, LONGEST_CALL_S)
    with running_stack(folder, callees, switch, overrides(run)) as stack:
        _wait(stack, stack.are_all_ready, "starting the stack")
        with psycopg.connect(stack.database_url, autocommit=True) as connection:
            campaign_id = make_campaign(stack.database_url, GATEWAY, run.scale.contacts, run.calls_per_second)
            campaigns.move(connection, campaign_id, CampaignState.ACTIVE)
        strikes = folder / "strikes.jsonl"
        carrier = CarrierWatch(stack.folders.carrier)
        conductor = Conductor(stack, plan, carrier, StrikeLog(strikes), run.scale.least_up, QUOTA_MB << 20)
        watch = CampaignWatch(stack.database_url, campaign_id)
        lease_watch = LeaseWatch(stack.redis_url)
        try:
            unfinished = _until_over(stack, conductor, carrier, watch, began + run.limit_s)
        finally:
            watch.stop()
        held_until = lease_watch.stop()
        conductor.make_peace()
        _wait(stack, stack.are_all_ready, "starting again what was killed")
        return _judge(stack, strikes, run, unfinished, conductor, held_until)


def _wait(stack: ChaosStack, is_done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while not is_done():
        stack.tick()
        if time.monotonic() > deadline:
            raise StackError(f"{what} took over {READY_WITHIN_S:.0f} s; the logs are in {stack.folders.log}")
        time.sleep(TICK_S)


def _until_over(
    stack: ChaosStack, conductor: Conductor, carrier: CarrierWatch, watch: CampaignWatch, deadline: float
) -> str:
    """Keep everything going until nothing is left to wait for; return what was still awaited at the deadline."""
    shown_at, waits = 0.0, "the campaign"
    while waits and time.monotonic() < deadline:
        carrier.look()
        stack.tick()
        conductor.tick()
        if not stack.trunk.is_running():
            raise StackError(f"SIPp ended with status {stack.trunk.process.returncode}:\n{stack.trunk.tail()}")
        if time.monotonic() - shown_at >= SHOW_EVERY_S:
            shown_at = time.monotonic()
            _show(conductor, carrier, watch)
            waits = _awaited(stack, conductor, carrier, watch)
        time.sleep(TICK_S)
    _show(conductor, carrier, watch)
    return waits


def _awaited(stack: ChaosStack, conductor: Conductor, carrier: CarrierWatch, watch: CampaignWatch) -> str:
    """Return the first thing that is not over, nothing when all is."""
    state = watch.latest
    if state is None or state.state is not CampaignState.COMPLETED:
        return "the campaign"
    if not conductor.is_over and conductor.left == 0:
        return "an outage"
    if state.leads_delivered < state.leads:
        return "leads"
    if any(entry.suffix == ".json" for entry in stack.spool.iterdir()):
        return "the spool"
    if not stack.are_all_ready():
        return "a part that starts"
    if carrier.up or carrier.has_orphans(LONGEST_CALL_S):
        return "callees"
    is_time_over = time.time() > conductor.struck_at + FREED_WITHIN_S  # what is reserved now is judged as it is
    return "leases" if not is_time_over and _leases(stack) else ""


def _show(conductor: Conductor, carrier: CarrierWatch, watch: CampaignWatch) -> None:
    state = watch.latest
    if state is None:
        return
    last = f"  {conductor.done[-1]}" if conductor.done else ""
    print(
        f"{state.concluded + state.blocked}/{state.contacts} contacts  {carrier.rung} calls  on the line {carrier.up}"
        f"  leads {state.leads_delivered}/{state.leads}  faults {len(conductor.done)}, {conductor.left} to come{last}",
        flush=True,
    )


def _judge(
    stack: ChaosStack,
    strikes: Path,
    run: Run,
    unfinished: str,
    conductor: Conductor,
    held_until: Mapping[str, float],
) -> Findings:
    done = read_strikes(strikes)
    database = read_database(stack.database_url)
    keep_attempts(database, strikes.with_name("attempts.jsonl"))
    findings = verify(
        read_calls(stack.folders.carrier),
        database,
        read_journal(stack.crm_journal),
        _leases(stack),
        strikes=done,
        least_up=run.scale.least_up,
        stops_within_s=run.scale.stops_within_s,
        held_until=held_until,
    )
    check_hooks(stack.folders.log / "switch.console.log", done, findings)
    if not held_until:
        findings.add(Fault.NOT_DONE, "no channel was seen reserved at any time")
    if not conductor.is_over:
        findings.add(Fault.NOT_DONE, f"{conductor.left} faults were still to come")
    if unfinished:
        findings.add(Fault.NOT_DONE, f"after {run.limit_s:.0f} s the run still waited for {unfinished}")
    return findings


def _leases(stack: ChaosStack) -> int:
    with open_redis(stack.redis_url, wait_ms=2000) as redis:
        return leases.counts(redis).total
