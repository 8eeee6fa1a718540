"""Fixtures: a portal of its own for every test, a database with leads to deliver, and a client without patience."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
import requests

from db import flows, leads
from db.leads import LeadToPost
from dialer.call_flow import default_definition
from integrations.bitrix24 import Bitrix24
from tests.standins.bitrix24 import Bitrix24 as StandIn

PRODUCT = "voice-dialer"
PATIENCE_S = 0.5


@pytest.fixture
def portal() -> Iterator[StandIn]:
    with StandIn(hold_s=PATIENCE_S * 3) as server:
        yield server


@pytest.fixture
def client(portal: StandIn) -> Iterator[Bitrix24]:
    with requests.Session() as session:
        yield Bitrix24(portal.webhook_url, session, PATIENCE_S, PRODUCT)


@pytest.fixture
def a_lead() -> Callable[..., LeadToPost]:
    def make(**different: Any) -> LeadToPost:
        values: dict[str, Any] = {
            "lead_id": 1,
            "attempt_id": str(uuid.uuid4()),
            "campaign_id": 7,
            "campaign_name": "Осень",
            "phone": "+79161234567",
            "name": "Анна",
            "extra": {"city": "Тверь"},
            "digits": "1",
            "is_ambiguous": False,
            "tries": 1,
            "mapping": {},
            "created_at": datetime.now(UTC),
        }
        return LeadToPost(**(values | different))

    return make


class Outbox:
    """A database in which attempts end interested; every statement commits at once."""

    def __init__(self, url: str) -> None:
        self.url = url
        with psycopg.connect(url) as conn:
            flow = flows.create_version(conn, "flow", default_definition("ru"))
            self.campaign = self._value(
                conn, "INSERT INTO campaigns (name, flow_version_id) VALUES ('Осень', %s) RETURNING id", flow
            )
            self.gateway = self._value(
                conn,
                "INSERT INTO gateways (name, max_channels, calls_per_second) VALUES ('g', 9, 9) RETURNING id",
            )
            self.zone_set = self._value(conn, "INSERT INTO zone_sets (zones) VALUES ('{Europe/Moscow}') RETURNING id")
            self.flow = flow
        self.phones = iter(range(79160000000, 79169999999))

    @staticmethod
    def _value(conn: psycopg.Connection[Any], query: Any, *arguments: Any) -> Any:
        row = conn.execute(query, arguments).fetchone()
        assert row is not None
        return row[0]

    def run(self, job: Callable[[psycopg.Connection[Any]], Any]) -> Any:
        """What lead_delivery asks of a database."""
        with psycopg.connect(self.url) as conn:
            return job(conn)

    def owe(self, count: int = 1, age_s: float = 0) -> list[str]:
        """Store leads that are due and return their attempts' ids."""
        attempts = [str(uuid.uuid4()) for _ in range(count)]
        with psycopg.connect(self.url) as conn:
            for attempt in attempts:
                phone = f"+{next(self.phones)}"
                contact = self._value(
                    conn,
                    "INSERT INTO contacts (campaign_id, phone, name, zone_set_id) "
                    "VALUES (%s, %s, 'Анна', %s) RETURNING id",
                    *(self.campaign, phone, self.zone_set),
                )
                conn.execute(
                    "INSERT INTO attempts (id, campaign_id, contact_id, gateway_id, flow_version_id, phone, caller_id,"
                    " number, concluded_at, disposition) VALUES (%s, %s, %s, %s, %s, %s, '+74950000001', 1, now(),"
                    " 'interested')",
                    (attempt, self.campaign, contact, self.gateway, self.flow, phone),
                )
                conn.execute(
                    "INSERT INTO leads (attempt_id, campaign_id, contact_id, created_at) "
                    "VALUES (%s, %s, %s, now() - make_interval(secs => %s))",
                    (attempt, self.campaign, contact, age_s),
                )
        return attempts

    def make_due(self) -> None:
        """Let the time until the next try pass."""
        with psycopg.connect(self.url) as conn:
            conn.execute("UPDATE leads SET next_try_at = now() WHERE state = 'pending'")

    def states(self) -> dict[str, str]:
        """Attempt's id → state of its lead."""
        with psycopg.connect(self.url) as conn:
            return dict(conn.execute("SELECT attempt_id::text, state::text FROM leads").fetchall())

    def lead(self, attempt: str) -> leads.Lead:
        """The lead as the panel lists it."""
        with psycopg.connect(self.url) as conn:
            return next(lead for lead in leads.list_page(conn)[0] if lead.attempt_id == attempt)


@pytest.fixture
def outbox(postgres_url: str) -> Outbox:
    return Outbox(postgres_url)
