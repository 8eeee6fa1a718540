"""A switch that never returns: the panel says what will happen, refuses while there is doubt, and keeps a record."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import Connection

from control_panel.switch_write_off import AGAINST
from db import switches
from db.switches import Seen, SwitchRow
from dialer.write_off import Obstacle
from tests.control_panel import sample
from tests.control_panel.conftest import Browser, SignIn

CONFIRMED = {"is_gone": "y"}


@pytest.fixture
def gone(conn: Connection[Any]) -> int:
    """A switch that was taken out two hours ago and has not answered since, with a call open on it."""
    switch_id = switches.create(conn, SwitchRow(0, "fs1", "10.0.0.1", 8021, 100, is_enabled=False))
    campaign_id = sample.a_campaign(conn, pair=sample.a_gateway(conn))
    (contact_id,) = sample.contacts(conn, campaign_id, 1)
    gateway_id = conn.execute("SELECT id FROM gateways").fetchone()[0]  # type: ignore[index]
    attempt = sample.attempt(conn, contact_id, gateway_id, datetime.now(UTC), None, random.Random(1))
    conn.execute(
        "UPDATE attempts SET switch_id = %s, originated_at = now() - interval '3 hours' WHERE id = %s",
        [switch_id, attempt],
    )
    conn.execute("UPDATE switches SET disabled_at = now() - interval '2 hours'")
    switches.write_seen(conn, Seen(switch_id, None, None, "disabled", 7200.0))
    return switch_id


def when(conn: Connection[Any]) -> Any:
    return conn.execute("SELECT written_off_at FROM switches").fetchone()[0]  # type: ignore[index]


def test_it_says_what_happens_and_does_it_once_confirmed(admin: Browser, conn: Connection[Any], gone: int) -> None:
    assert f"/switches/{gone}/write-off" in admin.text("/switches/")
    page = admin.text(f"/switches/{gone}/write-off")
    for word in ("as lost", "channels are free", "retry rules", "one conclusion", "one lead at most", "with 1 call"):
        assert word in page
    assert admin.post(f"/switches/{gone}/write-off", CONFIRMED).status_code == 302
    assert when(conn) is not None
    action, details = conn.execute("SELECT action, details FROM audit_log WHERE entity_type = 'switch'").fetchall()[-1]
    assert (action, details["name"], details["calls"]) == ("switch.written_off", "fs1", 1)
    assert "Written off" in admin.text("/switches/")


def test_it_is_not_offered_for_one_that_answers_and_runs_empty(
    admin: Browser, conn: Connection[Any], gone: int
) -> None:
    switches.write_seen(conn, Seen(gone, None, 1, "disabled", 0.3))
    assert f"/switches/{gone}/write-off" not in admin.text("/switches/")


def test_it_wants_a_confirmation(admin: Browser, conn: Connection[Any], gone: int) -> None:
    admin.get(f"/switches/{gone}/write-off")
    assert admin.post(f"/switches/{gone}/write-off", {}).status_code == 400
    assert when(conn) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE switches SET is_enabled = true", "Take it out first"),
        ("UPDATE switches SET seen_at = now() - interval '1 hour'", "No scheduler looks at it"),
        ("UPDATE switches SET answered_at = now() - interval '1 minute'", "within the last 10 minutes"),
        ("UPDATE attempts SET originated_at = now()", "hold calls still, the last until 2"),
        ("UPDATE attempts SET concluded_at = now(), disposition = 'lost'", "No call of ours"),
    ],
)
def test_it_refuses_while_there_is_doubt(
    admin: Browser, conn: Connection[Any], gone: int, change: str, words: str
) -> None:
    conn.execute(change)
    page = admin.text(f"/switches/{gone}/write-off")
    assert words in page
    assert 'name="is_gone"' not in page
    assert admin.post(f"/switches/{gone}/write-off", CONFIRMED).status_code == 409
    assert when(conn) is None
    assert conn.execute("SELECT FROM audit_log WHERE action = 'switch.written_off'").fetchall() == []


def test_every_obstacle_has_its_words() -> None:
    assert set(AGAINST) == set(Obstacle)


def test_only_an_administrator_writes_any_off(sign_in: SignIn, conn: Connection[Any], gone: int) -> None:
    manager = sign_in("manager")
    assert "write-off" not in manager.text("/switches/")
    assert manager.get(f"/switches/{gone}/write-off").status_code == 403
    assert manager.post(f"/switches/{gone}/write-off", CONFIRMED).status_code == 403
    assert when(conn) is None
