"""The scheduler's own state: alive or silent, who leads, what holds the dialing, and what comes next."""

from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection

from control_panel.system import HELD
from db import campaigns, schedulers, schedules
from db.schedulers import Beat
from dialer.campaign import CampaignState
from dialer.schedule import Schedule
from scheduler.brakes import Brake
from tests.control_panel import sample
from tests.control_panel.conftest import Browser

NOW = datetime.now(UTC)


def test_without_a_scheduler_it_says_that_nothing_is_dialled(admin: Browser) -> None:
    assert "No scheduler runs" in admin.text("/system/")


def test_it_shows_who_leads_and_what_holds_the_dialing(admin: Browser, conn: Connection[Any]) -> None:
    schedulers.beat(conn, Beat("alpha:1", NOW, NOW, None, is_leader=True))
    schedulers.beat(conn, Beat("beta:2", NOW, NOW, "switch_away", is_leader=False))
    page = admin.text("/system/")
    assert "No scheduler runs" not in page
    assert page.count(">alive<") == 2
    assert page.count(">leads<") == 1
    assert "nothing holds it" in page
    assert "There is no connection to the switch." in page


def test_one_that_has_not_been_heard_of_is_silent(admin: Browser, conn: Connection[Any]) -> None:
    schedulers.beat(conn, Beat("alpha:1", NOW, NOW, None, is_leader=True))
    conn.execute("UPDATE schedulers SET seen_at = now() - interval '1 minute'")
    page = admin.text("/system/")
    assert ">silent<" in page
    assert ">leads<" not in page
    assert "No scheduler runs" in page


def test_one_that_was_stopped_or_vanished_long_ago_is_not_listed(conn: Connection[Any]) -> None:
    for name in ("alpha:1", "beta:2"):
        schedulers.beat(conn, Beat(name, NOW, NOW, None, is_leader=True))
    schedulers.leave(conn, "alpha:1")
    conn.execute("UPDATE schedulers SET seen_at = now() - interval '2 days'")
    schedulers.beat(conn, Beat("gamma:3", NOW, NOW, None, is_leader=True))
    assert [one.id for one in schedulers.known(conn)] == ["gamma:3"]


def test_it_names_every_brake() -> None:
    assert {str(brake) for brake in Brake} <= set(HELD)


def test_it_lists_the_next_run_of_each_schedule(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = sample.a_campaign(conn, "Autumn")
    schedules.save(conn, campaign_id, Schedule("UTC", start_at=NOW + timedelta(days=1)))
    assert "No schedule has a run to come." in admin.text("/system/")
    campaigns.move(conn, campaign_id, CampaignState.SCHEDULED)
    assert f"/campaigns/{campaign_id}/schedule" in admin.text("/system/")
