"""Measures the claim at size: python -m bench.claim [--contacts 1000000] [--listed 100000] [--rounds 100].

The same claim of 100 contacts, in a campaign of a million with listed numbers at the head of its queue and in one of
ten thousand without, each in a database of its own on one server that waits for its disk. Claims take turns, so that
whatever else the machine does falls on both. What was claimed is concluded and replaced between the claims.
"""

import argparse
import json
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any

import psycopg
from psycopg import Connection

from bench.plan_reader import rows_read
from db import caller_ids, campaigns, claims, flows, gateways, limits
from db.campaigns import DialingCampaign, NewCampaign
from db.migrate import migrate
from db.pool import connection_options
from db.preflight import preflight
from devstack.postgres import Postgres, private_postgres
from dialer.call_flow import default_definition
from dialer.campaign import CampaignState

WANTED = 100
SMALL = 10_000
WARM_UP = 20
MOST_RATIO = 1.3
MOST_P99_S = 0.015
MOST_ROWS_PER_CLAIMED = 3.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Durations in seconds. rows: of contacts read per contact claimed."""

    large_s: float
    small_s: float
    p99_s: float
    rows: float

    @property
    def ratio(self) -> float:
        """How many times longer the claim takes in the large campaign."""
        return self.large_s / self.small_s

    @property
    def broken(self) -> list[str]:
        """Name the limits that are not kept."""
        return [
            name
            for name, value, limit in (
                ("ratio", self.ratio, MOST_RATIO),
                ("p99", self.p99_s, MOST_P99_S),
                ("rows read per contact claimed", self.rows, MOST_ROWS_PER_CLAIMED),
            )
            if value > limit
        ]


@dataclass(frozen=True, slots=True)
class Side:
    """A database with one campaign that dials."""

    conn: Connection[Any]
    campaign: DialingCampaign
    zone_set_id: int

    def claim_s(self) -> float:
        """Claim once and return how long it took, commit included; raises RuntimeError when it got fewer."""
        ids = [str(uuid.uuid4()) for _ in range(WANTED)]
        began = time.perf_counter()
        found = claims.claim(self.conn, self.campaign, self.campaign.gateways[0], ids, [self.zone_set_id])
        took = time.perf_counter() - began
        if len(found) != WANTED:
            raise RuntimeError(f"only {len(found)} of {WANTED} contacts were claimed")
        self._replace()
        return took

    def _replace(self) -> None:
        """Conclude what was claimed, and let as many new contacts wait at the tail."""
        with self.conn.transaction():
            self.conn.execute(
                "UPDATE attempts SET concluded_at = now(), ended_at = now(), disposition = 'no_answer'"
                " WHERE concluded_at IS NULL"
            )
            self.conn.execute(
                "UPDATE contacts SET state = 'concluded', disposition = 'no_answer', concluded_at = now()"
                " WHERE id IN (SELECT contact_id FROM attempts WHERE concluded_at = now()) AND state = 'dialing'"
            )
            self.conn.execute(
                "INSERT INTO contacts (campaign_id, phone, zone_set_id, due_at, consent_basis, consent_at,"
                " consent_source)"
                " SELECT %s, '+7' || (9300000000 + n), %s, now() - interval '1 second', 'offers', now(), 'form'"
                " FROM generate_series((SELECT count(*) FROM attempts) * 2, (SELECT count(*) FROM attempts) * 2 + %s) n"
                " ON CONFLICT DO NOTHING",
                [self.campaign.id, self.zone_set_id, WANTED - 1],
            )

    def explain(self) -> dict[str, Any]:
        """Run the claim under EXPLAIN ANALYZE, undo it, and return its plan."""
        values = claims.claim_values(
            self.campaign,
            self.campaign.gateways[0],
            [str(uuid.uuid4()) for _ in range(WANTED)],
            [self.zone_set_id],
            None,
        )
        with self.conn.transaction(force_rollback=True):
            query = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + claims.claim_query(1)
            row = self.conn.execute(query, values).fetchone()
        assert row is not None
        return dict(row[0][0]["Plan"])


@contextmanager
def side(server: Postgres, name: str, contacts: int, listed: int) -> Iterator[Side]:
    """Make a database and a campaign of `contacts`; the first `listed` to be due have numbers on the blacklist."""
    with psycopg.connect(server.url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    migrate(server.database_url(name))
    with psycopg.connect(server.database_url(name), autocommit=True, **connection_options("bench", 0)) as conn:
        yield fill(conn, contacts, listed)


def fill(conn: Connection[Any], contacts: int, listed: int) -> Side:
    """Fill an empty database. Numbers come in no order, as in people's files.

    Half of the listed numbers are listed before their contacts come, half after; both head the queue.
    """
    gateway_id = gateways.create(conn, "carrier", 1000, 1000)
    caller_id = caller_ids.add(conn, gateway_id, "+74950000001", "Company", "survey")
    version = flows.create_version(conn, "survey", default_definition())
    campaign_id = campaigns.create(
        conn,
        NewCampaign(  # with every rule that costs something
            "bench",
            version,
            ((gateway_id, caller_id),),
            requires_consent=True,
            limit_profile_id=limits.profiles(conn)[0].id,
            max_calls_per_day=10_000_000,
            max_minutes_per_day=100_000_000,
        ),
    )
    conn.execute("INSERT INTO zone_sets (zones) VALUES ('{Europe/Moscow}')")
    row = conn.execute("SELECT id FROM zone_sets").fetchone()
    assert row is not None
    listing = (
        "INSERT INTO blacklist (phone, reason) SELECT '+7' || 9000000000 + (n::bigint * 7368787) %% 299999977, 'legal'"
        " FROM generate_series(%s::int, %s::int) n"
    )
    conn.execute(listing, [1, listed // 2])
    conn.execute(
        "INSERT INTO contacts (campaign_id, phone, name, zone_set_id, due_at, consent_basis, consent_at,"
        " consent_source)"
        " SELECT %s, '+7' || 9000000000 + (n::bigint * 7368787) %% 299999977, 'Contact ' || n, %s,"
        " now() - interval '1 day' + n * interval '1 millisecond', 'offers', now(), 'form'"
        " FROM generate_series(1, %s) n",
        [campaign_id, row[0], contacts],
    )
    conn.execute(listing, [listed // 2 + 1, listed])
    conn.execute("VACUUM ANALYZE")  # as autovacuum has done soon after an import
    campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
    return Side(conn, campaigns.active(conn)[0], row[0])


def figures(large_s: Sequence[float], small_s: Sequence[float], rows: float) -> Figures:
    """Compute the figures from every claim's duration; p99 is that of the large campaign."""
    ordered = sorted(large_s)
    p99_s = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    return Figures(median(large_s), median(small_s), p99_s, rows)


def measure(large: Side, small: Side, rounds: int) -> Figures:
    """Let the two take turns."""
    rows = rows_read(large.explain(), "contacts") / WANTED
    for _ in range(WARM_UP):
        large.claim_s()
        small.claim_s()
    taken: dict[str, list[float]] = {"large": [], "small": []}
    turns = [("large", large), ("small", small)]
    for _ in range(rounds):
        for name, one in turns:
            taken[name].append(one.claim_s())
        turns.reverse()
    return figures(taken["large"], taken["small"], rows)


def report(found: Figures) -> str:
    """Spell the last line."""
    return f"bench-claim: ratio {found.ratio:.2f}, p99 {1000 * found.p99_s:.1f} ms"


def main() -> int:
    """Run, print both plans, and end with the line that says it all; 1 when a limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--listed", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=100)
    options = parser.parse_args()
    with (
        private_postgres() as server,
        side(server, "small", SMALL, 0) as small,
        side(server, "large", options.contacts, options.listed) as large,
    ):
        for name, one in (("large", large), ("small", small)):
            print(f"── the plan in the {name} campaign\n{json.dumps(one.explain(), indent=1)}")
        found = measure(large, small, options.rounds)
        began = time.perf_counter()
        preflight(large.conn, large.campaign.id, datetime.now(UTC))
        print(f"the preflight of the large campaign took {time.perf_counter() - began:.1f} s")
    print(f"median {1000 * found.large_s:.1f} ms with {options.contacts} contacts, {options.listed} of them listed")
    print(f"median {1000 * found.small_s:.1f} ms with {SMALL} contacts")
    print(f"contacts read per contact claimed: {found.rows:.2f}")
    if found.broken:
        print(f"not kept: {', '.join(found.broken)}")
    print(report(found))
    return 1 if found.broken else 0


if __name__ == "__main__":
    sys.exit(main())
