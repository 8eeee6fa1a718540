"""Measures the product's speed on a switch: make bench-dial [SWITCH=freeswitch FREESWITCH_BINARY=…].

Three parts on one running switch, with the same callees. Bare: a minimal Event Socket loop places calls. Product: a
campaign, through scheduler, PostgreSQL, Redis and the call scripts, at the same rate. Held: a campaign whose callees
stay, while the kernel stamps what they hear. A callee of the first two hangs up a second after it answered.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.dial import bare, product
from bench.dial.chart import draw
from bench.dial.crowd import Call, Crowd, crowd
from bench.dial.figures import GOALS, QUIET_NS, Held, Measured, Written, held, missing, rate_of
from bench.processes import Usage, table
from bench.whole_switch import cpu_s
from db.migrate import migrate
from devstack.environment import ROOT, make_folders, private_environment
from devstack.gateway_file import write_gateway
from devstack.ports import free_udp_block
from devstack.postgres import private_postgres
from devstack.programs import scheduler
from devstack.redis import private_redis
from devstack.supervise import Child, adopt_orphans, end_descendants, stop_on_signals
from devstack.switch import SwitchKind, chosen_switch, running_switch

PROMPT = ROOT / "sounds" / "ru" / "greeting.wav"
SWITCH = "switch"
TALK_S = 1.0
SETTLE_S = 2.0
SLACK_S = 20.0
"""How much longer than planned a part may take before what is left counts as missing."""
PORTS_PER_CALL = 4  # two, and as many again for those that are being closed
AHEAD = 1.05
"""The limit is set so much above the rate wanted: spacing is kept a little wider than 1/CPS on purpose."""


@dataclass(frozen=True, slots=True)
class Plan:
    """rate: calls per second offered, for so many seconds; held: calls at once, for hold_s seconds."""

    rate: float
    seconds: float
    held: int
    hold_s: float
    ramp: float


PLANS = {
    SwitchKind.FREESWITCH: Plan(120, 20, 500, 20, 25),  # at 50 a second the last ones start on a machine that is full
    SwitchKind.EMBEDDED: Plan(32, 20, 150, 20, 20),
}


@dataclass(frozen=True, slots=True)
class Rig:
    """Everything that runs. conn: commits by itself."""

    switch: Child
    clock: Child
    crowd: Crowd
    conn: psycopg.Connection
    line: tuple[int, int]
    parts: Mapping[str, int]  # name → process id
    is_listening: bool  # to what comes before the answer

    def check(self) -> None:
        """Raise when a part has ended."""
        for child in (self.switch, self.clock):
            if not child.is_running():
                raise RuntimeError(f"{child.name} ended:\n{child.tail()}")


def main() -> int:
    """Run all parts and print; 1 when a goal is not reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    choice = chosen_switch()
    plan = PLANS[choice.kind]
    parser.add_argument("--rate", type=float, default=plan.rate, help="calls per second offered")
    parser.add_argument("--seconds", type=float, default=plan.seconds, help="how long they are offered")
    parser.add_argument("--held", type=int, default=plan.held, help="calls at once")
    parser.add_argument("--hold", type=float, default=plan.hold_s, help="seconds all of them are up")
    parser.add_argument("--early", action="store_true", help="listen before the answer, as new campaigns have it")
    parser.add_argument("--chart", type=Path, help="write the graph to this PNG")
    options = parser.parse_args()
    plan = Plan(options.rate, options.seconds, options.held, options.hold, plan.ramp)
    adopt_orphans()
    with stop_on_signals():
        try:
            return _run(plan, options.chart, is_listening=options.early)
        finally:
            end_descendants()


def _run(plan: Plan, chart: Path | None, *, is_listening: bool) -> int:
    choice = chosen_switch()
    calls = int(plan.rate * plan.seconds)
    with ExitStack() as parts:
        folders = make_folders(Path(parts.enter_context(tempfile.TemporaryDirectory())))
        postgres = parts.enter_context(private_postgres())
        redis = parts.enter_context(private_redis())
        migrate(postgres.url)
        ports = PORTS_PER_CALL * max(plan.held, int(2 * plan.rate * TALK_S))
        first_port = free_udp_block(ports)
        limits = {
            "DIALER_MAX_CHANNELS": "1000",
            "DIALER_MAX_CALLS_PER_SECOND": str(plan.rate * AHEAD),
            "DIALER_RTP_START_PORT": str(first_port),
            "DIALER_RTP_END_PORT": str(first_port + ports - 1),
        }
        environment = private_environment(folders, postgres.url, redis.url, limits)
        callees = parts.enter_context(crowd())
        write_gateway(folders.gateways, bare.GATEWAY, f"127.0.0.1:{callees.sip_port}")
        switch = parts.enter_context(running_switch(choice, folders, environment))
        conn = parts.enter_context(psycopg.connect(postgres.url, autocommit=True))
        line = product.make_gateway(conn, 1000, plan.rate * AHEAD)
        time.sleep(SETTLE_S)

        callees.hang_up_after(TALK_S)
        named = {SWITCH: switch.pid, "PostgreSQL": postgres.child.pid, "Redis": redis.child.pid}
        before = Usage.now(named)
        _bare(environment, callees, calls, plan.rate)
        bare_used = Usage.now(named).since(before, calls)
        bare_calls = callees.report().calls
        bare_cpu = bare_used[SWITCH]
        print(
            f"bare: {len(bare_calls)} of {calls} calls, {1000 * bare_cpu:.2f} ms of the switch's CPU each", flush=True
        )

        clock = parts.enter_context(scheduler(folders, environment))
        rig = Rig(switch, clock, callees, conn, line, named | {"scheduler": clock.pid}, is_listening)
        written, seen, used = _product(rig, calls, plan)
        cpu = used[SWITCH]
        found = missing(seen, written)
        rate = rate_of([one.concluded_at for one in written if one.concluded_at])
        print(
            f"product: {len(seen)} of {calls} calls, {1000 * cpu:.2f} ms of the switch's CPU each, {rate:.1f}/s",
            flush=True,
        )
        print(table(bare_used, used, os.cpu_count() or 1), flush=True)

        conn.execute("UPDATE gateways SET calls_per_second = %s", [plan.ramp])
        together, held_written, held_seen, cores = _hold(rig, plan)
        found += missing(held_seen, held_written)
    measured = Measured(choice.kind.value, rate, cpu, bare_cpu, together, found)
    timing = together.punctuality
    print(
        f"held: {together.up} calls for {plan.hold_s:.0f} s, {timing.expected} packets, {timing.lost} lost, "
        f"{100 * timing.share_in_time:.3f} % within 40 ms of schedule, p99.9 {1000 * timing.p999_s:.1f} ms, "
        f"worst {1000 * timing.worst_s:.1f} ms, switch {100 * cores:.0f} % of a core"
    )
    for one in found[:20]:
        print(f"missing: {one}")
    if chart is not None:
        draw(measured, [one.concluded_at for one in written if one.concluded_at], chart)
    if broken := measured.broken(GOALS[choice.kind.value]):
        print(f"not reached: {', '.join(broken)}")
    print(measured.last_line(), flush=True)
    return 1 if broken else 0


def _bare(environment: dict[str, str], callees: Crowd, calls: int, rate: float) -> None:
    with bare.no_hook_of_ours(environment):
        bare.place_bare_calls(environment, calls, rate, PROMPT)
        time.sleep(TALK_S)
        product.wait_until(lambda: callees.count() == 0, SLACK_S, lambda: None)


def _product(rig: Rig, calls: int, plan: Plan) -> tuple[list[Written], list[Call], dict[str, float]]:
    """Dial the campaign; return what is written, what the callees saw, and CPU seconds per call by part."""
    campaign_id = product.start_campaign(
        rig.conn, "calls per second", rig.line, calls, 79160000000, is_listening=rig.is_listening
    )
    before = Usage.now(rig.parts)
    in_time = plan.seconds + SLACK_S
    product.wait_until(lambda: product.concluded(rig.conn, campaign_id) >= calls, in_time, rig.check)
    used = Usage.now(rig.parts).since(before, calls)
    product.end_campaign(rig.conn, campaign_id)  # what is left is missing, and must not disturb the next part
    product.wait_until(lambda: rig.crowd.count() == 0, SLACK_S, rig.check)
    return product.read_back(rig.conn, campaign_id), rig.crowd.report().calls, used


def _hold(rig: Rig, plan: Plan) -> tuple[Held, list[Written], list[Call], float]:
    """Let every callee stay; return (what was heard while all were up, written, seen, the switch's cores)."""
    rig.crowd.hang_up_after(None)
    rig.crowd.listen(True)
    campaign_id = product.start_campaign(rig.conn, "held", rig.line, plan.held, 79170000000)
    product.wait_until(lambda: rig.crowd.count() >= plan.held, plan.held / plan.ramp + SLACK_S, rig.check)
    first_ns, cpu = time.time_ns(), cpu_s(rig.switch.pid)
    time.sleep(plan.hold_s)
    last_ns, cores = time.time_ns(), (cpu_s(rig.switch.pid) - cpu) / plan.hold_s
    time.sleep(QUIET_NS / 1e9)  # whoever is silent now has to speak again
    rig.crowd.listen(False)
    rig.crowd.hang_up()
    product.wait_until(lambda: product.concluded(rig.conn, campaign_id) >= plan.held, SLACK_S, rig.check)
    heard = rig.crowd.report()
    return held(heard.packets, first_ns, last_ns), product.read_back(rig.conn, campaign_id), heard.calls, cores


if __name__ == "__main__":
    sys.exit(main())
