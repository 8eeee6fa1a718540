"""Leads: the list, each one's log, sending one again, and going on after the CRM's integration was paused."""

import html
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from control_panel import leads as pages
from db import integrations_state, leads
from tests.control_panel import sample
from tests.control_panel.conftest import Browser, SignIn


@pytest.fixture
def lead_ids(conn: Connection[Any]) -> list[int]:
    """A lead that waits for an hour, one that was refused for good and one that was delivered."""
    gateway_id, caller_id = sample.a_gateway(conn)
    campaign_id = sample.a_campaign(conn, "Autumn", (gateway_id, caller_id))
    chance = random.Random(1)
    for contact_id in sample.contacts(conn, campaign_id, 3):
        sample.attempt(conn, contact_id, gateway_id, datetime.now(UTC), "interested", chance)
    ids = [row[0] for row in conn.execute("SELECT id FROM leads ORDER BY id").fetchall()]
    conn.execute(
        "UPDATE leads SET state = 'pending', external_id = NULL, delivered_at = NULL WHERE id = ANY(%s)", [ids[:2]]
    )
    leads.retry_later(conn, ids[0], datetime.now(UTC) + timedelta(hours=1), "503 busy")
    leads.failed(conn, ids[1], "ERROR_ARGUMENT: <b>title</b>")
    return ids


def state_of(conn: Connection[Any], lead_id: int) -> tuple[str, bool]:
    row = conn.execute("SELECT state::text, next_try_at <= now() FROM leads WHERE id = %s", [lead_id]).fetchone()
    assert row is not None
    return row[0], row[1]


def test_it_lists_leads_by_state(admin: Browser, lead_ids: list[int]) -> None:
    page = admin.text("/leads/")
    assert all(f'href="/leads/{lead_id}"' in page for lead_id in lead_ids)
    assert "ERROR_ARGUMENT: &lt;b&gt;title" in page
    only = admin.text("/leads/?state=failed")
    assert [f'href="/leads/{lead_id}"' in only for lead_id in lead_ids] == [False, True, False]
    assert "Not delivered (1)" in only


def test_it_pages_through_the_leads(admin: Browser, lead_ids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_ROWS", 2)
    assert f'href="/leads/{lead_ids[0]}"' not in admin.text("/leads/")
    assert f'href="/leads/{lead_ids[0]}"' in admin.text("/leads/?page=2")


def test_it_shows_the_portals_own_words_in_a_leads_log(
    admin: Browser, conn: Connection[Any], lead_ids: list[int]
) -> None:
    leads.log_exchange(
        conn, lead_ids[1], "crm.item.add", {"fields": {"name": "Анна"}}, 400, {"error": "ERROR_ARGUMENT"}, "refused"
    )
    leads.log_exchange(conn, lead_ids[1], "crm.item.add", {"fields": {}}, error="connection reset")
    page = html.unescape(admin.text(f"/leads/{lead_ids[1]}"))
    for part in ("crm.item.add", '"name": "Анна"', '"error": "ERROR_ARGUMENT"', ">400<", "connection reset"):
        assert part in page
    assert admin.get("/leads/999").status_code == 404


def test_a_manager_sends_one_again(sign_in: SignIn, conn: Connection[Any], lead_ids: list[int]) -> None:
    manager = sign_in("manager")
    for lead_id in lead_ids:
        assert manager.post(f"/leads/{lead_id}/retry").status_code == 302
    assert [state_of(conn, lead_id) for lead_id in lead_ids][:2] == [("pending", True), ("pending", True)]
    assert state_of(conn, lead_ids[2])[0] == "delivered"
    rows = conn.execute("SELECT entity_id FROM audit_log WHERE action = 'lead.retried' ORDER BY id").fetchall()
    assert rows == [(str(lead_ids[0]),), (str(lead_ids[1]),)]


def test_a_lead_that_is_being_sent_is_not_sent_twice(
    admin: Browser, conn: Connection[Any], lead_ids: list[int]
) -> None:
    conn.execute("UPDATE leads SET next_try_at = now() WHERE id = %s", [lead_ids[0]])
    assert [lead.lead_id for lead in leads.claim_due(conn, 1, 60)] == [lead_ids[0]]
    assert "being sent right now" in admin.post(f"/leads/{lead_ids[0]}/retry", follow_redirects=True).get_data(
        as_text=True
    )
    assert leads.claim_due(conn, 1, 60) == []


def test_a_paused_integration_says_why_and_is_resumed(
    sign_in: SignIn, conn: Connection[Any], lead_ids: list[int]
) -> None:
    manager = sign_in("manager")
    assert "paused" not in manager.text("/leads/")
    integrations_state.pause(conn, "bitrix24", "INVALID_CREDENTIALS: the webhook is gone")
    for path in ("/", "/leads/", f"/leads/{lead_ids[0]}"):
        page = manager.text(path)
        assert "Deliveries to the CRM are paused" in page
        assert "INVALID_CREDENTIALS: the webhook is gone" in page
        assert f"Since {datetime.now(UTC):%Y-%m-%d}" in page
    answer = manager.post(f"/leads/{lead_ids[0]}/retry", follow_redirects=True).get_data(as_text=True)
    assert "It is sent once deliveries go on." in answer
    answer = manager.post("/leads/resume", follow_redirects=True).get_data(as_text=True)
    assert "Deliveries go on: 1 lead is waiting." in answer
    assert "Deliveries to the CRM are paused" not in answer
    assert not integrations_state.is_paused(conn, "bitrix24")
    assert state_of(conn, lead_ids[0]) == ("pending", True)
    rows = conn.execute(
        "SELECT email, entity_id, details->>'reason' FROM audit_log JOIN users ON users.id = user_id"
        " WHERE action = 'integration.resumed'"
    ).fetchall()
    assert rows == [("manager-en@example.com", "bitrix24", "INVALID_CREDENTIALS: the webhook is gone")]
    assert "going on already" in manager.post("/leads/resume", follow_redirects=True).get_data(as_text=True)


def test_who_only_watches_can_send_nothing(sign_in: SignIn, conn: Connection[Any], lead_ids: list[int]) -> None:
    integrations_state.pause(conn, "bitrix24", "gone")
    operator = sign_in("operator")
    page = operator.text("/leads/")
    assert "A manager can resume them" in page
    assert "/leads/resume" not in page
    assert "/retry" not in page
    assert operator.post("/leads/resume").status_code == 403
    assert operator.post(f"/leads/{lead_ids[0]}/retry").status_code == 403
    assert integrations_state.is_paused(conn, "bitrix24")
