"""What `make bench-import` says is computed from what was measured: seeded faults make it fail."""

from typing import Any

import psycopg
import pytest
from psycopg import Connection

from bench import contact_import as bench
from bench.contact_import import Figures, Made, make, measure, wrong_counts

ROWS = 400


@pytest.fixture
def made() -> Made:
    """A small file of every kind of rows."""
    found = make(ROWS)
    assert all(found.expected[kind] for kind in ("accepted", *bench.OF_A_HUNDRED))
    return found


@pytest.fixture
def conn(postgres_url: str) -> Any:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for no speed: a busy machine is slow, not wrong."""
    monkeypatch.setattr(bench, "LEAST_PER_S", 0.0)


@pytest.mark.usefixtures("quick")
def test_a_run_whose_counts_are_right_passes(postgres_url: str, made: Made) -> None:
    found = measure(postgres_url, made)
    assert (found.rows, found.broken) == (ROWS, [])


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kind", ["accepted", *bench.OF_A_HUNDRED])
def test_a_file_of_which_something_else_was_expected_fails(postgres_url: str, made: Made, kind: str) -> None:
    count = made.expected[kind]
    found = measure(postgres_url, Made(made.data, made.listed, {**made.expected, kind: count + 1}))
    assert found.broken == [f"{kind}: {count} told, {count} stored, {count + 1} expected"]


@pytest.mark.usefixtures("quick")
def test_a_blacklist_that_the_import_does_not_see_fails(postgres_url: str, made: Made) -> None:
    broken = measure(postgres_url, Made(made.data, [], made.expected)).broken
    assert [fault.split(":")[0] for fault in broken] == ["accepted", "blacklisted"]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ("DELETE FROM contacts WHERE id = (SELECT min(id) FROM contacts)", ["accepted"]),
        ("DELETE FROM contact_import_rejects WHERE reason = 'duplicate'", ["duplicate"]),
        ("UPDATE contact_import_rejects SET reason = 'malformed' WHERE reason = 'blacklisted'",
         ["blacklisted", "malformed"]),
    ],
)  # fmt: skip
def test_a_report_that_tells_what_is_not_stored_fails(
    postgres_url: str, conn: Connection[Any], made: Made, fault: str, named: list[str]
) -> None:
    assert measure(postgres_url, made).broken == []
    row = conn.execute("SELECT id FROM contact_imports").fetchone()
    assert row is not None
    assert wrong_counts(conn, row[0], made.expected, made.expected) == []
    conn.execute(fault)
    assert [wrong.split(":")[0] for wrong in wrong_counts(conn, row[0], made.expected, made.expected)] == named


def test_slowness_and_wrong_counts_are_both_named_and_either_fails() -> None:
    assert Figures(ROWS, 30_000.0, 90_000.0, []).broken == []
    assert Figures(ROWS, 29_999.0, 90_000.0, []).broken == ["fewer than 30,000 rows/s"]
    assert Figures(ROWS, 29_999.0, 90_000.0, ["x"]).broken == ["x", "fewer than 30,000 rows/s"]


@pytest.mark.parametrize(("wrong", "code"), [([], 0), (["accepted: 1 told, 0 stored, 1 expected"], 1)])
def test_what_is_broken_is_printed_and_ends_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: list[str], code: int
) -> None:
    monkeypatch.setattr("sys.argv", ["bench", "--rows", "10"])
    monkeypatch.setattr(bench, "measure", lambda _url, _made: Figures(10, 40_000.0, 90_000.0, wrong))
    assert bench.main() == code
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("not kept")] == [f"not kept: {fault}" for fault in wrong]
    assert lines[-1] == "bench-import: 10 rows, 40,000 rows/s, raw COPY 90,000 rows/s"
