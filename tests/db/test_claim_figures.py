"""What `make bench-claim` says is right, shown by faults planted in a small one."""

from dataclasses import replace

import pytest
from psycopg import Connection

from bench.claim import WANTED, fill, measure
from bench.claim_figures import figures, report
from bench.plan_reader import rows_read


def test_the_last_line_is_computed_from_every_claim() -> None:
    found = figures([0.004] * 50 + [0.0084] * 50, [0.0035] * 99 + [1.0], rows=2.0)
    assert report(found) == "bench-claim: ratio 1.77, p99 8.4 ms"
    assert found.broken == ["ratio"]


def test_each_limit_that_is_not_kept_is_named() -> None:
    kept = figures([0.010] * 100, [0.009] * 100, rows=3.0)
    assert kept.broken == []
    assert figures([0.010] * 98 + [0.016] * 2, [0.009] * 100, rows=3.0).broken == ["p99"]
    assert replace(kept, large_s=0.012).broken == ["ratio"]
    assert replace(kept, rows=3.01).broken == ["rows read per contact claimed"]
    assert replace(kept, whole=("gateways",)).broken == ["sequential scan of gateways"]


def test_a_campaign_headed_by_listed_numbers_costs_the_claim_no_rows(conn: Connection) -> None:
    side = fill(conn, contacts=4000, listed=1000)
    assert conn.execute("SELECT count(*) FROM contacts WHERE state = 'blocked'").fetchone() == (1000,)
    found = measure(side, side, rounds=2)
    assert found.rows <= 3
    assert found.large_s > 0


def test_it_notices_a_claim_that_reads_too_much(conn: Connection) -> None:
    side = fill(conn, contacts=4000, listed=0)
    conn.execute("DROP INDEX contacts_due")
    assert rows_read(side.explain(), "contacts") / WANTED > 3


@pytest.mark.parametrize("listed", [0, 1000])
def test_no_plan_of_a_claim_reads_a_table_as_a_whole_in_an_installation_in_use(conn: Connection, listed: int) -> None:
    side = fill(conn, contacts=4000, listed=listed)
    side.claim_s()
    conn.execute("VACUUM ANALYZE")
    assert side.read_whole() == set()


def test_it_notices_a_table_that_is_read_as_a_whole(conn: Connection) -> None:
    side = fill(conn, contacts=4000, listed=1000)
    conn.execute("ALTER TABLE refused_prefixes DROP CONSTRAINT refused_prefixes_pkey")
    assert side.read_whole() == {"refused_prefixes"}
