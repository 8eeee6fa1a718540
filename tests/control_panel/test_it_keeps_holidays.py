"""Public holidays: Russia's are there, a day is added and removed, and a campaign keeps them when told to."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from db import campaigns, holidays
from dialer.public_holidays import statutory
from tests.control_panel import sample
from tests.control_panel.conftest import Browser, SignIn


def test_it_adds_and_removes_a_day_and_writes_down_who_did(admin: Browser, conn: Connection[Any]) -> None:
    page = admin.text("/holidays/")
    assert "2026-01-07" in page
    assert "Рождество" in page
    form = {"country": "RU", "day": "2026-12-31", "name": "Перенос <выходного>"}
    assert admin.post("/holidays/", form).status_code == 302
    assert "Перенос &lt;выходного&gt;" in admin.text("/holidays/")
    assert admin.post("/holidays/remove", {"country": "RU", "day": "2026-12-31"}).status_code == 302
    assert admin.post("/holidays/remove", {"country": "RU", "day": "2026-12-31"}).status_code == 404
    assert admin.post("/holidays/remove", {"country": "RU", "day": "soon"}).status_code == 404
    rows = conn.execute("SELECT action, entity_id FROM audit_log WHERE entity_type = 'holiday' ORDER BY id").fetchall()
    assert rows == [("holiday.added", "RU 2026-12-31"), ("holiday.removed", "RU 2026-12-31")]


def test_it_says_which_days_of_a_year_are_missing_and_adds_those_of_the_law(
    admin: Browser, conn: Connection[Any]
) -> None:
    this = datetime.now(UTC).year
    conn.execute("DELETE FROM holidays")
    page = admin.text("/holidays/")
    assert f"Of {this} days off that Russia's Labour Code gives are missing: {len(statutory(this))}." in page
    assert admin.post("/holidays/year", {"year": str(this)}).status_code == 302
    assert {h.day: h.name for h in holidays.list_all(conn)} == statutory(this)
    page = admin.text("/holidays/")
    assert f"Of {this} days off" not in page
    assert f"Of {this + 1} days off" in page
    assert f"Of {this} only the days off are here" in page
    assert "2 of them are not in the list" in page
    moved = [day for day in (date(this, 7, 1) + timedelta(days=n) for n in range(7)) if day.isoweekday() < 6][:2]
    admin.post("/holidays/", {"country": "RU", "day": moved[0].isoformat(), "name": "moved"})
    assert "1 of them is not in the list" in admin.text("/holidays/")
    admin.post("/holidays/", {"country": "RU", "day": moved[1].isoformat(), "name": "moved"})
    assert f"Of {this} only" not in admin.text("/holidays/")
    assert admin.post("/holidays/year", {"year": "1999"}).status_code == 404
    assert admin.post("/holidays/year", {"year": "soon"}).status_code == 404
    row = conn.execute("SELECT entity_id, details FROM audit_log WHERE action = 'holiday.added' ORDER BY id").fetchone()
    assert row == (f"RU {this}", {"days": len(statutory(this))})


@pytest.mark.parametrize("form", [{"country": "RU", "day": "32.12.2026", "name": "x"}, {"country": "XX"}, {}])
def test_it_explains_what_is_no_holiday(admin: Browser, conn: Connection[Any], form: dict[str, str]) -> None:
    before = holidays.list_all(conn)
    admin.get("/holidays/")
    answer = admin.post("/holidays/", form)
    assert answer.status_code == 400
    assert 'class="error"' in answer.get_data(as_text=True)
    assert holidays.list_all(conn) == before


def test_only_a_manager_may_change_them(sign_in: SignIn) -> None:
    operator = sign_in("operator")
    assert 'name="day"' not in operator.text("/holidays/")
    assert operator.post("/holidays/remove", {"country": "RU", "day": "2026-01-07"}).status_code == 403


def test_a_campaigns_settings_say_whether_it_keeps_them(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = sample.a_campaign(conn)
    assert campaigns.get(conn, campaign_id).holidays == ()
    conn.execute("UPDATE campaigns SET keeps_holidays = true")
    assert date(2027, 1, 1) in campaigns.get(conn, campaign_id).holidays
    page = admin.text(f"/campaigns/{campaign_id}/edit")
    assert 'checked id="keeps_holidays"' in page
    assert 'checked id="keeps_holidays"' in admin.text("/campaigns/new")
