"""The campaign that everything happens to: short calls at a high rate, with retries, presses, opt-outs and leads."""

from datetime import time
from typing import Any

import psycopg

from db import caller_ids, campaigns, flows, gateways
from db.contact_import import import_contacts
from dialer.call_flow import default_definition
from dialer.contact_file import read_rows
from dialer.contact_import import guess_mapping

MIX = (
    "brief1=24,brief2=20,brief9=6,brief_silent=12,brief_hangup=8,noanswer=8,"
    "busy=10,congestion=5,unreachable=4,invalid=3"
)
CHANNELS = 100
RING_TIMEOUT_S = 15
RETRY_RULES: dict[str, Any] = {
    "max_attempts": 3,
    "busy": {"delay_s": 3, "growth": 1.5, "max_attempts": 3},
    "congestion": {"delay_s": 2, "growth": 1.5, "max_attempts": 3},
    "no_answer": {"delay_s": 2, "growth": 1.0, "max_attempts": 2},
    "failed": {"delay_s": 2, "growth": 1.0, "max_attempts": 2},
}
SHORT, SHORTER = {"kind": "builtin", "name": "thanks_not_interested"}, {"kind": "builtin", "name": "wrong_key"}
FLOW: dict[str, Any] = default_definition("ru") | {
    "greeting": SHORTER,
    "menu": SHORT,
    "tries": 1,
    "input_timeout_ms": 2000,
    "amd_mode": "off",
    "thanks": {"interested": SHORTER, "opted_out": SHORTER},
}
"""Prompts of seconds: what is said matters to nobody here."""


def make_campaign(database_url: str, gateway: str, contacts: int, calls_per_second: float) -> int:
    """Store a campaign that may dial at any hour, with so many contacts; return its id."""
    rows = [f"+7916{number:07},Contact {number}" for number in range(1_000_000, 1_000_000 + contacts)]
    table = read_rows("\n".join(["phone,name", *rows, ""]).encode(), "chaos.csv")
    with (
        psycopg.connect(database_url, autocommit=True) as connection,
        psycopg.connect(database_url, autocommit=True) as aside,
    ):
        campaign_id = _store(connection, gateway, calls_per_second)
        import_contacts(connection, aside, campaign_id, table, guess_mapping(table.columns), "chaos.csv")
    return campaign_id


def _store(connection: psycopg.Connection[Any], gateway: str, calls_per_second: float) -> int:
    gateway_id = gateways.create(connection, gateway, CHANNELS, calls_per_second)
    caller_id = caller_ids.add(connection, gateway_id, "+74955550100", "Chaos")
    return campaigns.create(
        connection,
        campaigns.NewCampaign(
            name="Chaos",
            flow_version_id=flows.create_version(connection, "Chaos: flow", FLOW),
            gateways=[(gateway_id, caller_id)],
            hours_start=time(0),
            hours_end=time(0),  # equal to the start: around the clock
            weekdays=(1, 2, 3, 4, 5, 6, 7),
            max_channels=CHANNELS,
            calls_per_minute=int(calls_per_second * 60),
            ring_timeout_s=RING_TIMEOUT_S,
            max_call_s=60,
            retry_rules=RETRY_RULES,
            abandon_cap=100.0,  # who was on the line when a switch died was abandoned: here that must stop nothing
        ),
    )
