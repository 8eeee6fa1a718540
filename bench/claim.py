"""Measures the claim at size: python -m bench.claim [--contacts 1000000] [--listed 100000] [--rounds 100].

The same claim of 100 contacts, in a campaign of a million with listed numbers at the head of its queue and in one of
ten thousand without, each in a database of its own on one server that waits for its disk. Claims take turns, so that
whatever else the machine does falls on both. What was claimed is marked as sent, concluded and replaced between the
claims. Both have hundreds of other campaigns, gateways, lists and so on, as an installation in use has; it fails when a
plan of the claim reads any table as a whole.

Beside them, each round: one insert of 100 numbers into a bare table, which says what the disk and the machine take.
The kernel says how long the large campaign's server process waited for a core, which is not the claim's doing.
"""

import argparse
import json
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from psycopg import Connection

from bench.claim_figures import Figures, figures, p99, report
from bench.installation import furnish
from bench.plan_reader import read_whole, rows_read
from db import caller_ids, campaigns, claims, dialing, flows, gateways, limits
from db.campaigns import NewCampaign
from db.dialing import DialingCampaign
from db.migrate import migrate
from db.pool import connection_options
from db.preflight import preflight
from devstack.postgres import Postgres, private_postgres
from dialer.call_flow import default_definition
from dialer.campaign import CampaignState

WANTED = 100
SMALL = 10_000
WARM_UP = 20
BARE = "CREATE TABLE bare (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, phone text NOT NULL)"
BARE_INSERT = "INSERT INTO bare (phone) SELECT '+7' || (9000000000 + n) FROM generate_series(1, %s) n"


@dataclass(slots=True)
class Side:
    """A database with one campaign that dials.

    last_waited_s, last_worked_s: by the server's process during the last claim, for a core and on one. last_mark_s: how
    long marking took after it.
    """

    conn: Connection[Any]
    campaign: DialingCampaign
    zone_set_id: int
    last_waited_s: float = 0.0
    last_worked_s: float = 0.0
    last_mark_s: float = 0.0

    def claim_s(self) -> float:
        """Claim once and return how long it took, commit included; raises RuntimeError when it got fewer."""
        ids = [str(uuid.uuid4()) for _ in range(WANTED)]
        (worked_s, waited_s), began = self.scheduled_s(), time.perf_counter()
        found = claims.claim(self.conn, self.campaign, self.campaign.gateways[0], ids, [self.zone_set_id])
        took = time.perf_counter() - began
        worked_to_s, waited_to_s = self.scheduled_s()
        self.last_worked_s, self.last_waited_s = worked_to_s - worked_s, waited_to_s - waited_s
        if len(found) != WANTED:
            raise RuntimeError(f"only {len(found)} of {WANTED} contacts were claimed")
        began = time.perf_counter()
        claims.mark_originated(self.conn, [attempt.attempt_id for attempt in found], None)
        self.last_mark_s = time.perf_counter() - began
        self._replace()
        return took

    def bare_s(self) -> float:
        """Insert as many numbers into a table without rules and return how long it took, commit included."""
        began = time.perf_counter()
        self.conn.execute(BARE_INSERT, [WANTED])
        return time.perf_counter() - began

    def scheduled_s(self) -> tuple[float, float]:
        """Return how long the server's process of this connection has been on a core, and waited for one, so far."""
        told = Path(f"/proc/{self.conn.info.backend_pid}/schedstat").read_text(encoding="ascii").split()
        return int(told[0]) / 1e9, int(told[1]) / 1e9

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

    def explain(self, plan_cache_mode: str = "auto") -> dict[str, Any]:
        """Run the claim under EXPLAIN ANALYZE, undo it, and return its plan.

        plan_cache_mode: `force_generic_plan` for the one that a connection settles on after ten claims.
        """
        values = claims.claim_values(
            self.campaign,
            self.campaign.gateways[0],
            [str(uuid.uuid4()) for _ in range(WANTED)],
            [self.zone_set_id],
            None,
        )
        with self.conn.transaction(force_rollback=True):
            self.conn.execute("SELECT set_config('plan_cache_mode', %s, true)", [plan_cache_mode])
            query = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + claims.claim_query(1)
            row = self.conn.execute(query, values, prepare=True).fetchone()
        assert row is not None
        return dict(row[0][0]["Plan"])

    def read_whole(self) -> set[str]:
        """Name the tables that the claim would read as a whole, by either plan."""
        return read_whole(self.explain()) | read_whole(self.explain("force_generic_plan"))


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
    row = conn.execute("INSERT INTO zone_sets (zones) VALUES ('{Europe/Moscow}') RETURNING id").fetchone()
    assert row is not None
    furnish(conn)
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
    return Side(conn, dialing.active(conn)[0], row[0])


def measure(large: Side, small: Side, rounds: int) -> Figures:
    """Let the two take turns."""
    rows, whole = rows_read(large.explain(), "contacts") / WANTED, large.read_whole() | small.read_whole()
    large.conn.execute(BARE)
    for _ in range(WARM_UP):
        large.claim_s()
        small.claim_s()
        large.bare_s()
    large_s, small_s, bare_s = list[float](), list[float](), list[float]()
    waited_s, worked_s, mark_s = list[float](), list[float](), list[float]()
    for turn in range(rounds):
        for is_large in (turn % 2 == 0, turn % 2 == 1):
            if is_large:
                large_s.append(large.claim_s())
                waited_s.append(large.last_waited_s)
                worked_s.append(large.last_worked_s)
                mark_s.append(large.last_mark_s)
            else:
                small_s.append(small.claim_s())
        bare_s.append(large.bare_s())
    return replace(
        figures(large_s, small_s, rows),
        bare_s=median(bare_s),
        bare_p99_s=p99(bare_s),
        core_p99_s=p99(waited_s),
        worked_s=median(worked_s),
        worked_p99_s=p99(worked_s),
        mark_s=median(mark_s),
        mark_p99_s=p99(mark_s),
        whole=tuple(sorted(whole)),
    )


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
    print(f"a bare insert of {WANTED} rows: median {1000 * found.bare_s:.1f} ms, p99 {1000 * found.bare_p99_s:.1f} ms")
    print(
        f"of the large campaign's claims the server worked: median {1000 * found.worked_s:.1f} ms,"
        f" p99 {1000 * found.worked_p99_s:.1f} ms; waited for a core: p99 {1000 * found.core_p99_s:.1f} ms"
    )
    print(
        f"marking them as sent, its commit on the disk: median {1000 * found.mark_s:.1f} ms,"
        f" p99 {1000 * found.mark_p99_s:.1f} ms"
    )
    print(f"contacts read per contact claimed: {found.rows:.2f}")
    if found.broken:
        print(f"not kept: {', '.join(found.broken)}")
    print(report(found))
    return 1 if found.broken else 0


if __name__ == "__main__":
    sys.exit(main())
