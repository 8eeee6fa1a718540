"""The results table: pages without gaps, the filter, what each attempt came to, and the file."""

import csv
import io
import random
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from control_panel import results
from tests.control_panel import sample
from tests.control_panel.conftest import Browser

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.fixture
def campaign_id(conn: Connection[Any]) -> int:
    """A campaign with seven attempts: three interested, three busy, one up."""
    gateway_id, caller_id = sample.a_gateway(conn)
    campaign_id = sample.a_campaign(conn, "Autumn", (gateway_id, caller_id))
    chance = random.Random(1)
    kinds = ["interested", "busy", "interested", "busy", "interested", "busy", None]
    for number, contact_id in enumerate(sample.contacts(conn, campaign_id, len(kinds))):
        at = AT + timedelta(seconds=number // 2)  # pairs share their time: the cursor must tell them apart
        sample.attempt(conn, contact_id, gateway_id, at, kinds[number], chance)
    return campaign_id


def phones(page: str) -> list[str]:
    return re.findall(r'<th scope="row" class="phone">(\+\d+)</th>', page)


def test_it_pages_through_everything_once(admin: Browser, campaign_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "PAGE_ROWS", 2)
    seen, path = [], f"/campaigns/{campaign_id}/results/"
    while path:
        page = admin.text(path)
        seen += phones(page)
        older = re.search(r'href="([^"]*after=[^"]*)"', page)
        path = older.group(1).replace("&amp;", "&") if older else ""
    assert len(seen) == len(set(seen)) == 7
    assert seen[0] == "+79164000822"


def test_it_filters_by_how_the_call_ended(admin: Browser, campaign_id: int) -> None:
    page = admin.text(f"/campaigns/{campaign_id}/results/?disposition=busy")
    assert len(phones(page)) == 3
    assert "USER_BUSY" in page
    assert ">486<" in page
    assert "Interested (3)" in page
    assert "Delivered" not in page


def test_it_shows_all_of_an_attempt_in_the_campaigns_time(
    admin: Browser, conn: Connection[Any], campaign_id: int
) -> None:
    page = admin.text(f"/campaigns/{campaign_id}/results/?disposition=interested")
    assert "2026-11-20 12:00:00" in page, "Moscow is three hours ahead"
    lead = conn.execute("SELECT external_id FROM leads ORDER BY id LIMIT 1").fetchone()
    assert lead is not None
    for part in ("Delivered", f"№ {lead[0]}", '<td class="keys">1</td>', "Person", "NORMAL_CLEARING", "trunk"):
        assert part in page


def test_it_exports_what_the_filter_shows(admin: Browser, conn: Connection[Any], campaign_id: int) -> None:
    answer = admin.get(f"/campaigns/{campaign_id}/results/results.csv?disposition=interested")
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert len(rows) == 4
    assert rows[0][:3] == ["Call's id", "Number", "Name"]
    assert all(row[1].startswith("+7916") and row[9] == "Interested" and row[13] == "1" for row in rows[1:])
    assert conn.execute("SELECT details FROM audit_log WHERE action = 'results.exported'").fetchone() == (
        {"disposition": "interested"},
    )


def test_it_runs_no_formula_from_a_contacts_name(admin: Browser, conn: Connection[Any], campaign_id: int) -> None:
    conn.execute("UPDATE contacts SET name = '=HYPERLINK(\"http://evil\")'")
    text = admin.get(f"/campaigns/{campaign_id}/results/results.csv").get_data(as_text=True)
    assert "'=HYPERLINK" in text
    assert ",=HYPERLINK" not in text


def test_it_shows_the_first_page_for_a_mistyped_place(admin: Browser, campaign_id: int) -> None:
    for query in ("after=x", "after=2026-01-01T00:00:00,nope", "disposition=nope", "after=,"):
        assert len(phones(admin.text(f"/campaigns/{campaign_id}/results/?{query}"))) == 7


def test_it_says_so_when_nobody_was_called(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = sample.a_campaign(conn)
    assert "Nobody has been called yet" in admin.text(f"/campaigns/{campaign_id}/results/")


def test_it_counts_on_the_campaigns_page(admin: Browser, campaign_id: int) -> None:
    page = admin.text(f"/campaigns/{campaign_id}")
    counts = dict(re.findall(r'data-count="(\w+)">(\d+)<', page))
    assert counts == {
        "contacts": "7", "concluded": "3", "dialing": "1", "retry": "3", "queued": "0", "blocked": "0", "leads": "3",
    }  # fmt: skip
    assert re.search(r'data-disposition="interested">.*?data-outcome-count>3<', page, re.DOTALL)
