"""A schedule is saved only after its next runs were shown, and its log says what became of each run."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from db import campaigns, schedules
from dialer.campaign import CampaignState
from dialer.schedule import Schedule
from tests.control_panel import sample
from tests.control_panel.conftest import Browser, SignIn

SEAL = re.compile(r'name="seal" value="([0-9a-f]{64})"')
YEAR = datetime.now(UTC).year + 1
MOSCOW = {"time_zone": "Europe/Moscow"}
ONCE = MOSCOW | {"kind": "once", "start_at": f"{YEAR}-06-01T10:00", "stop_at": f"{YEAR}-06-02T18:00"}
CRON = MOSCOW | {"kind": "cron", "cron": "0 10 * * 1-5", "pause_cron": "0 18 * * 1-5"}


@pytest.fixture
def campaign_id(conn: Connection[Any]) -> int:
    made = sample.a_campaign(conn, "Autumn", sample.a_gateway(conn))
    sample.contacts(conn, made, 2)
    return made


def show(browser: Browser, campaign_id: int, fields: dict[str, str]) -> str:
    """Ask for the next runs; return the page."""
    browser.get(f"/campaigns/{campaign_id}/schedule")
    answer = browser.post(f"/campaigns/{campaign_id}/schedule", fields | {"look": "1"})
    return str(answer.get_data(as_text=True))


def save(browser: Browser, campaign_id: int, fields: dict[str, str]) -> Any:
    """Look at the next runs, then save."""
    found = SEAL.search(show(browser, campaign_id, fields))
    assert found is not None
    return browser.post(f"/campaigns/{campaign_id}/schedule", fields | {"seal": found.group(1)}, follow_redirects=True)


def test_it_shows_the_next_five_runs_and_saves_nothing_yet(
    admin: Browser, conn: Connection[Any], campaign_id: int
) -> None:
    page = show(admin, campaign_id, CRON)
    assert len(re.findall(r'<time datetime="[^"]+T(?:07|15):00:00\+00:00">', page)) == 5
    assert "10:00:00" in page
    assert "18:00:00" in page
    assert schedules.get(conn, campaign_id) is None


def test_it_saves_what_was_shown_and_says_who_did_it(admin: Browser, conn: Connection[Any], campaign_id: int) -> None:
    page = save(admin, campaign_id, ONCE | {"late_minutes": "5"}).get_data(as_text=True)
    assert "The schedule is saved." in page
    assert schedules.get(conn, campaign_id) == Schedule(
        "Europe/Moscow",
        datetime(YEAR, 6, 1, 7, tzinfo=UTC),
        datetime(YEAR, 6, 2, 15, tzinfo=UTC),
        late_start_s=300,
    )
    row = conn.execute("SELECT action, details ->> 'time_zone' FROM audit_log ORDER BY id DESC LIMIT 1").fetchone()
    assert row == ("campaign.schedule_changed", "Europe/Moscow")
    again = admin.text(f"/campaigns/{campaign_id}/schedule")
    assert f'value="{YEAR}-06-01T10:00"' in again


def test_it_does_not_save_another_schedule_than_the_one_that_was_shown(
    admin: Browser, conn: Connection[Any], campaign_id: int
) -> None:
    found = SEAL.search(show(admin, campaign_id, CRON))
    assert found
    changed = CRON | {"cron": "0 3 * * *", "seal": found.group(1)}
    page = admin.post(f"/campaigns/{campaign_id}/schedule", changed).get_data(as_text=True)
    assert "03:00:00" in page
    assert schedules.get(conn, campaign_id) is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "cron", "cron": "0 25 * * *"}, "The hour is made of numbers from 0 to 23."),
        ({"kind": "cron", "cron": ""}, "Five fields are needed"),
        ({"kind": "cron", "cron": "0 1 * * *", "pause_cron": "61 1 * * *"}, "The minute is made of numbers"),
        ({"kind": "cron", "cron": "0 0 31 2 *"}, "It would never run"),
        ({"kind": "once"}, "Give a start, a stop or a repetition."),
        ({"kind": "once", "start_at": "2020-01-01T10:00"}, "It would never run"),
        (ONCE | {"stop_at": f"{YEAR}-05-01T10:00"}, "The stop comes before the start."),
        (ONCE | {"late_minutes": "1441"}, "A whole number from 0 to 1440."),
        (
            {"kind": "once", "time_zone": "Europe/Berlin", "start_at": "2027-03-28T02:30"},
            "The clock skips this time on that day",
        ),
    ],
)
def test_it_says_what_is_wrong(
    admin: Browser, conn: Connection[Any], campaign_id: int, fields: dict[str, str], said: str
) -> None:
    fields = MOSCOW | fields
    admin.get(f"/campaigns/{campaign_id}/schedule")
    answer = admin.post(f"/campaigns/{campaign_id}/schedule", fields)
    assert answer.status_code == 400
    assert said in answer.get_data(as_text=True)
    open_page = admin.post(f"/campaigns/{campaign_id}/schedule/runs", fields).get_data(as_text=True)
    assert said in open_page
    assert "seal" not in open_page
    assert schedules.get(conn, campaign_id) is None


def test_a_kind_keeps_only_its_own_fields(admin: Browser, conn: Connection[Any], campaign_id: int) -> None:
    save(admin, campaign_id, ONCE | CRON | {"kind": "cron"})
    found = schedules.get(conn, campaign_id)
    assert found
    assert (found.start_at, found.stop_at, found.cron) == (None, None, "0 10 * * 1-5")
    save(admin, campaign_id, ONCE | CRON | {"kind": "combined"})
    found = schedules.get(conn, campaign_id)
    assert found
    assert found.stop_at is not None
    assert found.pause_cron == "0 18 * * 1-5"
    assert '<option selected value="combined">' in admin.text(f"/campaigns/{campaign_id}/schedule")


def test_it_shows_what_became_of_each_run(admin: Browser, conn: Connection[Any], campaign_id: int) -> None:
    conn.execute(
        "INSERT INTO campaign_runs (campaign_id, due_at, action, result, reason, runs) VALUES"
        " (%(id)s, now() - interval '3 h', 'start', 'missed', 'too_late', 12),"
        " (%(id)s, now() - interval '2 h', 'start', 'refused', 'no_contacts', 1),"
        " (%(id)s, now() - interval '1 h', 'start', 'started', NULL, 1)",
        {"id": campaign_id},
    )
    page = admin.text(f"/campaigns/{campaign_id}/schedule")
    for said in ("and 11 before", "it was too late to make up for it", "Nobody is left to be dialled.", "started"):
        assert said in page


def test_it_removes_a_schedule_unless_the_campaign_waits_for_it(
    admin: Browser, conn: Connection[Any], campaign_id: int
) -> None:
    schedules.save(conn, campaign_id, Schedule("UTC", start_at=datetime.now(UTC) + timedelta(days=1)))
    campaigns.move(conn, campaign_id, CampaignState.SCHEDULED)
    admin.get(f"/campaigns/{campaign_id}/schedule")
    admin.post(f"/campaigns/{campaign_id}/schedule/remove")
    assert schedules.get(conn, campaign_id) is not None
    campaigns.move(conn, campaign_id, CampaignState.DRAFT)
    admin.post(f"/campaigns/{campaign_id}/schedule/remove")
    assert schedules.get(conn, campaign_id) is None
    assert admin.post(f"/campaigns/{campaign_id}/schedule/remove").status_code == 404


def test_a_viewer_sees_the_schedule_and_changes_nothing(
    sign_in: SignIn, conn: Connection[Any], campaign_id: int
) -> None:
    schedules.save(conn, campaign_id, Schedule("UTC", cron="0 10 * * *"))
    viewer = sign_in("viewer")
    page = viewer.text(f"/campaigns/{campaign_id}/schedule")
    assert "What comes next" in page
    assert "data-look" not in page
    for path in ("schedule", "schedule/runs", "schedule/remove"):
        assert viewer.post(f"/campaigns/{campaign_id}/{path}", CRON).status_code == 403
