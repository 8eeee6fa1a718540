"""What the store's tests start from: a connection, and a campaign with contacts that dials."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import time
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection
from redis import Redis

from db import caller_ids, campaigns, dialing, flows, gateways
from db.campaigns import NewCampaign
from db.claims import ClaimedAttempt, claim, mark_originated
from db.dialing import DialingCampaign
from db.redis_client import open_redis
from dialer.call_flow import default_definition
from dialer.campaign import CampaignState

Connect = Callable[[], Connection[Any]]
CORE = "11111111-2222-4333-8444-555555555555"
RETRY_RULES = {"max_attempts": 3, "busy": {"delay_s": 0, "growth": 1, "max_attempts": 3}}


@pytest.fixture
def connect(postgres_url: str) -> Iterator[Connect]:
    """Open further connections to the test's database; each statement commits by itself."""
    opened: list[Connection[Any]] = []

    def connect_once() -> Connection[Any]:
        opened.append(psycopg.connect(postgres_url, autocommit=True))
        return opened[-1]

    yield connect_once
    for connection in opened:
        connection.close()


@pytest.fixture
def conn(connect: Connect) -> Connection[Any]:
    """A connection to the test's own database."""
    return connect()


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """A client of the test's emptied Redis."""
    client = open_redis(redis_url, wait_ms=2000)
    yield client
    client.close()


class World:
    """A database with gateways and campaigns in it, and short ways to dial."""

    def __init__(self, conn: Connection[Any]) -> None:
        self.conn = conn
        self.flow_version_id = flows.create_version(conn, "survey", default_definition())
        self.gateway_id = gateways.create(conn, "carrier", 100, 50)
        self.caller_id_id = caller_ids.add(conn, self.gateway_id, "+74950000001", "Company", "survey")
        self.zone_set_id = self.zone_set("Europe/Moscow")

    def zone_set(self, *zones: str) -> int:
        row = self.conn.execute(
            "INSERT INTO zone_sets (zones) VALUES (%s) ON CONFLICT (zones) DO UPDATE SET zones = excluded.zones"
            " RETURNING id",
            [sorted(zones)],
        ).fetchone()
        assert row is not None
        return int(row[0])

    def new_campaign(self, **changes: Any) -> NewCampaign:
        new = NewCampaign(
            "campaign",
            self.flow_version_id,
            ((self.gateway_id, self.caller_id_id),),
            hours_start=time(0),
            hours_end=time(0),
            weekdays=(1, 2, 3, 4, 5, 6, 7),
            retry_rules=RETRY_RULES,
        )
        return replace(new, **changes)

    def campaign(self, contacts: int = 0, first_phone: int = 79160000000, **changes: Any) -> int:
        """Make an active campaign whose contacts have consecutive numbers."""
        campaign_id = campaigns.create(self.conn, self.new_campaign(**changes))
        if contacts:
            self.add_contacts(campaign_id, contacts, first_phone)
        campaigns.move(self.conn, campaign_id, CampaignState.ACTIVE)
        return campaign_id

    def add_contacts(self, campaign_id: int, count: int, first_phone: int, zone_set_id: int | None = None) -> None:
        self.conn.execute(
            "INSERT INTO contacts (campaign_id, phone, name, zone_set_id, due_at)"
            " SELECT %s, '+' || (%s + n), 'Contact ' || n, %s, now() - interval '1 minute'"
            " FROM generate_series(0, %s - 1) n",
            [campaign_id, first_phone, zone_set_id or self.zone_set_id, count],
        )

    def dialing(self, campaign_id: int) -> DialingCampaign:
        return next(campaign for campaign in dialing.active(self.conn) if campaign.id == campaign_id)

    def claim(self, campaign_id: int, wanted: int = 1, conn: Connection[Any] | None = None) -> list[ClaimedAttempt]:
        campaign = self.dialing(campaign_id)
        open_sets = list(dialing.zone_sets(self.conn, campaign_id))
        return claim(conn or self.conn, campaign, campaign.gateways[0], new_ids(wanted), open_sets)

    def dial(self, campaign_id: int, wanted: int = 1) -> list[ClaimedAttempt]:
        """Claim and hand to the wire."""
        claimed = self.claim(campaign_id, wanted)
        ids = [attempt.attempt_id for attempt in claimed]
        assert mark_originated(self.conn, ids, CORE) == ids
        return claimed

    def value(self, query: str, *values: Any) -> Any:
        row = self.conn.execute(query, values).fetchone()
        return None if row is None else row[0]

    def contact(self, contact_id: int) -> tuple[Any, ...]:
        row = self.conn.execute(
            "SELECT state::text, disposition::text, attempt_count FROM contacts WHERE id = %s", [contact_id]
        ).fetchone()
        assert row is not None
        return row


def new_ids(count: int) -> list[str]:
    """Return ids for attempts."""
    return [str(uuid4()) for _ in range(count)]


@pytest.fixture
def world(conn: Connection[Any]) -> World:
    """A gateway, a caller ID and a flow, ready for campaigns."""
    return World(conn)


@pytest.fixture
def claimed(world: World) -> ClaimedAttempt:
    return world.dial(world.campaign(contacts=1))[0]
