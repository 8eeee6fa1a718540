"""The product's side of the measurement: a campaign is made, dialled by the real scheduler, and read back."""

import time
from collections.abc import Callable
from datetime import time as time_of_day
from typing import Any

import psycopg

from bench.dial.bare import GATEWAY
from bench.dial.figures import KEY_WAIT_S, Written
from db import caller_ids, campaigns, flows, gateways
from db.campaigns import NewCampaign
from dialer.call_flow import default_definition
from dialer.campaign import CampaignState

CALLS_PER_MINUTE = 1_000_000
POLL_S = 0.25

Connection = psycopg.Connection[Any]


def make_gateway(conn: Connection, channels: int, calls_per_second: float) -> tuple[int, int]:
    """Store the trunk; return (gateway id, caller id's id)."""
    gateway_id = gateways.create(conn, GATEWAY, channels, calls_per_second)
    return gateway_id, caller_ids.add(conn, gateway_id, "+74950000001", "Bench")


def start_campaign(
    conn: Connection, name: str, line: tuple[int, int], contacts: int, first_number: int, *, is_listening: bool = False
) -> int:
    """Make and start a campaign that dials each contact once: greeting and menu.

    Nobody listens for machines; is_listening: what comes before the answer is heard, as new campaigns have it.
    """
    flow = default_definition("ru") | {"amd_mode": "off", "amd": {"hears_early_media": is_listening}, "tries": 5}
    flow["input_timeout_ms"] = int(
        1000 * KEY_WAIT_S
    )  # so that the first of the calls held are still there when the last one is up
    campaign_id = campaigns.create(
        conn,
        NewCampaign(
            name,
            flows.create_version(conn, name, flow),
            (line,),
            hours_start=time_of_day(0),
            hours_end=time_of_day(0),
            weekdays=(1, 2, 3, 4, 5, 6, 7),
            max_channels=contacts,
            calls_per_minute=CALLS_PER_MINUTE,
            retry_rules={"max_attempts": 1},
        ),
    )
    conn.execute("INSERT INTO zone_sets (zones) VALUES ('{Europe/Moscow}') ON CONFLICT DO NOTHING")
    conn.execute(
        "INSERT INTO contacts (campaign_id, phone, zone_set_id, due_at) SELECT %s, '+' || (%s::bigint + n),"
        " (SELECT id FROM zone_sets LIMIT 1), now() - interval '1 hour' FROM generate_series(1, %s) n",
        [campaign_id, first_number, contacts],
    )
    conn.execute("ANALYZE contacts")
    campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
    return campaign_id


def end_campaign(conn: Connection, campaign_id: int) -> None:
    """Let it dial no more, whatever is left."""
    conn.execute("UPDATE campaigns SET state = 'paused' WHERE id = %s AND state = 'active'", [campaign_id])


def concluded(conn: Connection, campaign_id: int) -> int:
    """Count the campaign's attempts that are over."""
    row = conn.execute(
        "SELECT count(*) FROM attempts WHERE campaign_id = %s AND concluded_at IS NOT NULL", [campaign_id]
    ).fetchone()
    return row[0] if row else 0


def read_back(conn: Connection, campaign_id: int) -> list[Written]:
    """Return what is written down of every contact."""
    rows = conn.execute(
        "SELECT c.phone, count(a.id), max(a.disposition::text), max(a.concluded_by::text),"
        " CASE WHEN bool_and(a.concluded_at IS NOT NULL) THEN max(a.concluded_at) END"
        " FROM contacts c LEFT JOIN attempts a ON a.contact_id = c.id WHERE c.campaign_id = %s GROUP BY c.id",
        [campaign_id],
    )
    return [Written(*row) for row in rows]


def wait_until(is_so: Callable[[], bool], timeout_s: float, check: Callable[[], None]) -> bool:
    """Wait; False when it takes too long. check: raises StackError when a part of the stack has ended."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        check()
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True
