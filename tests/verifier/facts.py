"""What the three witnesses wrote down, as plain values."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact of one campaign; phone: E.164."""

    id: int
    campaign_id: int
    phone: str
    state: str
    disposition: str | None
    attempt_count: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt; times are aware datetimes. number: 1 is the contact's first. outcome: what the call committed.

    claimed_at, billsec: what the roll-ups count it by.
    """

    id: str
    contact_id: int
    campaign_id: int
    phone: str
    number: int
    originated_at: datetime | None
    answered_at: datetime | None
    concluded_at: datetime | None
    ended_at: datetime | None
    disposition: str | None
    digits: str
    amd_verdict: str | None
    sip_code: int | None
    outcome: str | None = None
    switch_core_uuid: str | None = None
    claimed_at: datetime | None = None
    billsec: int | None = None


@dataclass(frozen=True, slots=True)
class Lead:
    """One row of the outbox."""

    attempt_id: str
    state: str
    external_id: str | None


@dataclass(frozen=True, slots=True)
class Campaign:
    """What decides about a campaign's calls. keys: key → action. retry_rules: as stored."""

    id: int
    retry_rules: Mapping[str, Any]
    keys: Mapping[str, str]
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Import:
    """An import's counts."""

    rows_total: int
    accepted: int
    rejected: int


@dataclass(frozen=True, slots=True)
class RollUps:
    """What was added up while calls ended, of all shards.

    ended: (campaign, day in its own zone, disposition) → attempts and billed seconds.
    people: (campaign, day in UTC) → calls that people answered, and how many of them were abandoned.
    """

    ended: Mapping[tuple[int, date, str], tuple[int, int]] = field(default_factory=dict)
    people: Mapping[tuple[int, date], tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Database:
    """Everything the database says. blacklist: phone → since when."""

    campaigns: Mapping[int, Campaign]
    contacts: Sequence[Contact]
    attempts: Sequence[Attempt]
    leads: Sequence[Lead]
    imports: Sequence[Import] = ()
    blacklist: Mapping[str, datetime] = field(default_factory=dict)
    roll_ups: RollUps = field(default_factory=RollUps)


@dataclass(frozen=True, slots=True)
class Posted:
    """A lead that the CRM made: the attempt it was told of, and the CRM's id. originator: who made it."""

    attempt_id: str
    originator: str
    external_id: str


CAMPAIGNS = """SELECT c.id, c.retry_rules, v.definition->'keys' AS keys, c.time_zone
    FROM campaigns c JOIN flow_versions v ON v.id = c.flow_version_id"""
CONTACTS = "SELECT id, campaign_id, phone, state::text, disposition::text, attempt_count FROM contacts ORDER BY id"
ATTEMPTS = """SELECT id::text, contact_id, campaign_id, phone, number, originated_at, answered_at,
    concluded_at, ended_at, disposition::text, digits, amd_verdict, sip_code, outcome::text,
    switch_core_uuid::text, claimed_at, billsec
    FROM attempts ORDER BY contact_id, number"""
LEADS = "SELECT attempt_id::text, state::text, external_id FROM leads ORDER BY id"
IMPORTS = """SELECT rows_total, accepted,
    (SELECT coalesce(sum(count::integer), 0) FROM jsonb_each_text(rejected) AS reason (name, count)) AS rejected
    FROM contact_imports WHERE state = 'done'"""
BLACKLIST = "SELECT phone, created_at FROM blacklist"
ENDED = """SELECT campaign_id, day, disposition::text, sum(attempts)::bigint AS attempts,
    sum(billsec)::bigint AS billsec FROM campaign_tallies GROUP BY 1, 2, 3"""
PEOPLE = """SELECT campaign_id, day, sum(answered)::bigint AS answered, sum(abandoned)::bigint AS abandoned
    FROM abandon_days GROUP BY 1, 2"""


def read_database(database_url: str) -> Database:
    """Read everything in one snapshot."""
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True

        def rows(query: str) -> list[dict[str, Any]]:
            return connection.execute(query).fetchall()

        return Database(
            campaigns={row["id"]: Campaign(**row) for row in rows(CAMPAIGNS)},
            contacts=[Contact(**row) for row in rows(CONTACTS)],
            attempts=[Attempt(**row) for row in rows(ATTEMPTS)],
            leads=[Lead(**row) for row in rows(LEADS)],
            imports=[Import(**row) for row in rows(IMPORTS)],
            blacklist={row["phone"]: row["created_at"] for row in rows(BLACKLIST)},
            roll_ups=RollUps(
                {(r["campaign_id"], r["day"], r["disposition"]): (r["attempts"], r["billsec"]) for r in rows(ENDED)},
                {(r["campaign_id"], r["day"]): (r["answered"], r["abandoned"]) for r in rows(PEOPLE)},
            ),
        )


LEAD_METHODS = {"crm.item.add", "crm.lead.add"}


def read_journal(path: Path) -> list[Posted]:
    """Return the leads that the CRM made, in its order; requests it refused made none."""
    posted = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        entry = json.loads(line)
        if entry["method"].removesuffix(".json") in LEAD_METHODS and entry.get("result") is not None:
            fields = {name.lower(): value for name, value in entry["fields"].items()}
            posted.append(Posted(str(fields.get("originid")), str(fields.get("originatorid")), str(entry["result"])))
    return posted
