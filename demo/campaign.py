"""Makes the demo's campaign through the same functions as the panel."""

from collections.abc import Collection
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Any

import psycopg

from db import blacklist, caller_ids, campaigns, flows, gateways
from db.contact_import import import_contacts
from dialer.call_flow import default_definition
from dialer.contact_file import ContactTable, read_rows
from dialer.contact_import import Accepted, guess_mapping, sort_row
from dialer.phone import normalise

HERE = Path(__file__).parent
CONTACTS = HERE / "contacts.csv"
BLACKLIST = HERE / "blacklist.csv"
COUNTRY = "RU"
DESTINATIONS = ("RU", "US", "GB")
"""Where the people of the file live; by default a campaign calls its own country alone."""
CALLER_ID = "+74955550100"
MIX = (
    "human1=24,human2=12,human9=3,human_repeat=2,human_silent=3,human_hangup=4,machine=25,"
    "busy=9,noanswer=8,congestion=4,unreachable=3,invalid=3"
)
SEED = 7
CALLS_PER_SECOND = 6.0
CALLS_PER_MINUTE = 600
CHANNELS = 60
RING_TIMEOUT_S = 15
RETRY_RULES: dict[str, Any] = {
    "max_attempts": 3,
    "busy": {"delay_s": 2, "growth": 1.5, "max_attempts": 3},
    "congestion": {"delay_s": 2, "growth": 1.5, "max_attempts": 3},
    "no_answer": {"delay_s": 1, "growth": 1.0, "max_attempts": 2},
    "failed": {"delay_s": 2, "growth": 1.0, "max_attempts": 2},
}
"""Seconds instead of hours, so that the demo ends while you watch."""
NO_RETRIES: dict[str, Any] = {"max_attempts": 1}


def make_campaign(database_url: str, gateway: str, name: str, calls: int | None = None) -> int:
    """Store the gateway, a campaign that may dial at any hour, the blacklist and the contacts; return its id.

    calls: take only so many of the file's contacts, and call each once.
    """
    with (
        psycopg.connect(database_url, autocommit=True) as connection,
        psycopg.connect(database_url, autocommit=True) as aside,
    ):
        campaign_id, listed = _store(connection, gateway, name, calls)
        table = read_rows(CONTACTS.read_bytes(), CONTACTS.name)
        if calls is not None:
            table = first_contacts(table, calls, listed)
        import_contacts(connection, aside, campaign_id, table, guess_mapping(table.columns), CONTACTS.name)
    return campaign_id


def _store(
    connection: psycopg.Connection[Any], gateway: str, name: str, calls: int | None
) -> tuple[int, Collection[str]]:
    """Store all but the contacts; return the campaign's id and the numbers on the blacklist."""
    gateway_id = gateways.create(connection, gateway, CHANNELS, CALLS_PER_SECOND)
    caller_id = caller_ids.add(connection, gateway_id, CALLER_ID, "Demo")
    flow = default_definition("ru") | {"tries": 1}  # who stays silent is asked once, so that the demo is short
    flow_version = flows.create_version(connection, f"{name}: flow", flow)
    campaign_id = campaigns.create(
        connection,
        campaigns.NewCampaign(
            name=name,
            description="Made by `make demo`",
            flow_version_id=flow_version,
            gateways=[(gateway_id, caller_id)],
            default_country=COUNTRY,
            destinations=DESTINATIONS,
            hours_start=time(0),
            hours_end=time(0),  # equal to the start: around the clock
            weekdays=(1, 2, 3, 4, 5, 6, 7),
            max_channels=CHANNELS,
            calls_per_minute=CALLS_PER_MINUTE,
            ring_timeout_s=RING_TIMEOUT_S,
            max_call_s=60,
            retry_rules=RETRY_RULES if calls is None else NO_RETRIES,
        ),
    )
    return campaign_id, list_blacklisted(connection, BLACKLIST)


def list_blacklisted(connection: psycopg.Connection[Any], path: Path) -> set[str]:
    """Put the file's numbers (columns phone, reason, note) on the blacklist; return them in E.164."""
    table = read_rows(path.read_bytes(), path.name)
    listed = set()
    for phone, reason, note in table.rows:
        e164 = normalise(phone, COUNTRY).e164
        blacklist.add(connection, e164, blacklist.BlacklistReason(reason), note)
        listed.add(e164)
    return listed


def first_contacts(table: ContactTable, wanted: int, listed: Collection[str]) -> ContactTable:
    """Return the table's rows up to the one that makes `wanted` contacts, with the rejects between them."""
    rows, called = [], set()
    mapping = guess_mapping(table.columns)
    for cells in table.rows:
        rows.append(cells)
        row = sort_row(cells, table.columns, mapping, COUNTRY, "Europe/Moscow")
        if isinstance(row, Accepted) and row.phone not in listed:
            called.add(row.phone)
        if len(called) == wanted:
            break
    return replace(table, rows=iter(rows), total=len(rows))
