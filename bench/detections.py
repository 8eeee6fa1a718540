"""Measures 100 detections at once on a switch: make bench-detections [SWITCH=freeswitch FREESWITCH_BINARY=…].

The whole product dials callees who answer together: people, machines and faxes of the SIPp carrier. Each verdict's
lateness is how much later it was made than the audio it was made of was over; it is held against calls made alone.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psycopg

from bench.whole_switch import cpu_s
from db import caller_ids, campaigns, flows, gateways
from db.campaigns import NewCampaign
from db.migrate import migrate
from devstack.environment import make_folders, private_environment
from devstack.gateway_file import write_gateway
from devstack.postgres import private_postgres
from devstack.programs import CarrierOptions, carrier, scheduler
from devstack.redis import private_redis
from devstack.supervise import Child, adopt_orphans, end_descendants, stop_on_signals
from devstack.switch import chosen_switch, running_switch
from dialer.call_flow import default_definition
from dialer.campaign import CampaignState

MIX = "human3=5,machine=4,fax=1"
CALLS, ALONE = 160, 5
"""So many calls that 100 are listened to at once: they come at CALLS_PER_SECOND and are decided within 2 to 4 s."""
CALLS_PER_SECOND = 100
GATEWAY = "bench"
SLOWER_AT_MOST_MS = 100
DECIDED_WITHIN_S = 120.0
POLL_S = 0.5

DETECTED = """
SELECT amd_verdict, (amd_evidence->>'heard_ms')::integer, (amd_evidence->>'decided_after_ms')::integer, answered_at
FROM attempts WHERE campaign_id = %s AND amd_evidence ? 'decided_after_ms'
"""


@dataclass(frozen=True, slots=True)
class Decided:
    """One verdict. heard_ms: audio it was made of; after_ms: when it was made, since listening began."""

    verdict: str
    heard_ms: int
    after_ms: int
    answered_at: datetime

    @property
    def late_ms(self) -> int:
        """Return how long the audio was over when the verdict came."""
        return self.after_ms - self.heard_ms


def most_at_once(decided: Sequence[Decided]) -> int:
    """Return how many were being listened to at the same time."""
    edges = [(one.answered_at, 1) for one in decided]
    edges += [(one.answered_at + timedelta(milliseconds=one.after_ms), -1) for one in decided]
    up = most = 0
    for _, step in sorted(edges):
        up += step
        most = max(most, up)
    return most


def p95(values: Sequence[int]) -> float:
    """Return the 95th percentile."""
    return quantiles(values, n=20)[-1] if len(values) > 1 else float(values[0])


def main() -> int:
    """Measure and print; 1 when a verdict is missing or they are slowed by more than 100 ms."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=CALLS)
    calls = parser.parse_args().calls
    adopt_orphans()
    with stop_on_signals():
        try:
            return _run(calls)
        finally:
            end_descendants()


def _run(calls: int) -> int:
    choice = chosen_switch()
    with ExitStack() as parts:
        folders = make_folders(Path(parts.enter_context(tempfile.TemporaryDirectory())))
        postgres = parts.enter_context(private_postgres())
        redis = parts.enter_context(private_redis())
        migrate(postgres.url)
        limits = {
            "DIALER_MAX_CHANNELS": "1000",
            "DIALER_MAX_CALLS_PER_SECOND": str(CALLS_PER_SECOND),
            "DIALER_POSTGRES_WAIT_MS": "1500",
        }
        environment = private_environment(folders, postgres.url, redis.url, limits)
        trunk = parts.enter_context(carrier(CarrierOptions(MIX, longest_call_s=20), folders, environment))
        write_gateway(folders.gateways, GATEWAY, trunk.address)
        switch = parts.enter_context(running_switch(choice, folders, environment))
        conn = parts.enter_context(psycopg.connect(postgres.url, autocommit=True))
        line = _make_gateway(conn)
        parts.enter_context(scheduler(folders, environment))
        alone, _ = _measure(conn, "alone", line, ALONE, 1, switch)
        conn.execute("UPDATE gateways SET calls_per_second = %s", [CALLS_PER_SECOND])
        together, cpu = _measure(conn, "together", line, calls, calls, switch)
    return _report(choice.kind.value, calls, alone, together, cpu)


def _make_gateway(conn: psycopg.Connection[Any]) -> tuple[int, int]:
    gateway_id = gateways.create(conn, GATEWAY, 1000, 1)
    return gateway_id, caller_ids.add(conn, gateway_id, "+74950000001", "Bench")


def _measure(
    conn: psycopg.Connection[Any], name: str, line: tuple[int, int], contacts: int, channels: int, switch: Child
) -> tuple[list[Decided], float]:
    """Dial a campaign to its end; return its verdicts and the switch's CPU seconds."""
    before = cpu_s(switch.pid)
    campaign_id = campaigns.create(
        conn,
        NewCampaign(
            name,
            flows.create_version(conn, name, default_definition("ru") | {"tries": 1, "input_timeout_ms": 1000}),
            (line,),
            hours_start=time_of_day(0),
            hours_end=time_of_day(0),
            weekdays=(1, 2, 3, 4, 5, 6, 7),
            max_channels=channels,
            calls_per_minute=100_000,
            max_call_s=20,
        ),
    )
    conn.execute("INSERT INTO zone_sets (zones) VALUES ('{Europe/Moscow}') ON CONFLICT DO NOTHING")
    conn.execute(
        "INSERT INTO contacts (campaign_id, phone, zone_set_id) SELECT %s, '+7916' || (%s::bigint + n)::text,"
        " (SELECT id FROM zone_sets LIMIT 1) FROM generate_series(1, %s) n",
        [campaign_id, 1_000_000 * campaign_id, contacts],
    )
    campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
    deadline = time.monotonic() + DECIDED_WITHIN_S
    while campaigns.get(conn, campaign_id).state is CampaignState.ACTIVE and time.monotonic() < deadline:
        if not switch.is_running():
            raise RuntimeError(f"the switch ended:\n{switch.tail()}")
        time.sleep(POLL_S)
    return [Decided(*row) for row in conn.execute(DETECTED, [campaign_id])], cpu_s(switch.pid) - before


def _report(kind: str, calls: int, alone: Sequence[Decided], together: Sequence[Decided], cpu: float) -> int:
    if not alone or not together:
        print("bench-detections: nothing was decided")
        return 1
    by_itself, late = median(one.late_ms for one in alone), [one.late_ms for one in together]
    verdicts = ", ".join(
        f"{count} {verdict}" for verdict, count in Counter(one.verdict for one in together).most_common()
    )
    print(f"verdicts: {verdicts}; {1000 * cpu / len(together):.0f} ms of the switch's CPU a call, SIPp's not counted")
    print(
        f"bench-detections: {kind}, {len(together)} of {calls} decided, {most_at_once(together)} at once, "
        f"late by {median(late):.0f} ms median, {p95(late):.0f} ms p95, {max(late)} ms at most; "
        f"alone {by_itself:.0f} ms"
    )
    return int(len(together) < calls or median(late) - by_itself > SLOWER_AT_MOST_MS)


if __name__ == "__main__":
    sys.exit(main())
