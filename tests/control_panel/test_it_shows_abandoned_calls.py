"""The abandon ledger of a campaign: rates, days, each call, and the evidence as a file."""

import csv
import io
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from psycopg import Connection

from db import campaigns
from dialer.campaign import CampaignState, PauseReason
from tests.control_panel import sample
from tests.control_panel.conftest import Browser

NOW = datetime.now(UTC)


def a_campaign(conn: Connection[Any], abandoned: int, talked: int) -> int:
    """Make an active campaign whose calls of yesterday ended so."""
    pair = sample.a_gateway(conn)
    campaign_id = sample.a_campaign(conn, "Autumn", pair)
    chance = random.Random(5)
    people = sample.contacts(conn, campaign_id, abandoned + talked + 3)
    for index, contact_id in enumerate(people[: abandoned + talked]):
        made = sample.attempt(conn, contact_id, pair[0], NOW - timedelta(days=1), "no_input", chance)
        if index < abandoned:
            conn.execute("UPDATE attempts SET disposition = 'abandoned' WHERE id = %s", [made])
    # The sample stores what is over; the ledger counts what becomes so.
    conn.execute("DELETE FROM abandon_days")
    conn.execute(
        "INSERT INTO abandon_days (campaign_id, day, shard, answered, abandoned)"
        " SELECT campaign_id, claimed_at::date, 0, count(*), count(*) FILTER (WHERE disposition = 'abandoned')"
        " FROM attempts GROUP BY 1, 2"
    )
    campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
    return campaign_id


def test_it_shows_the_rate_the_cap_and_each_day(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = a_campaign(conn, abandoned=2, talked=48)
    page = admin.text(f"/campaigns/{campaign_id}/abandoned")
    assert "<dd>4 %</dd>" in page
    assert "<dd>3 %</dd>" in page
    assert "answered 50, abandoned 2" in page
    assert page.count('class="chart-abandoned"') == 30
    assert "slowed down" not in page
    assert "4 % of 50 people" in admin.text(f"/campaigns/{campaign_id}")


def test_it_says_that_a_campaign_is_slowed_or_stopped(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = a_campaign(conn, abandoned=3, talked=20)
    assert "slowed down to 10 % of its limits" in admin.text(f"/campaigns/{campaign_id}/abandoned")
    conn.execute("UPDATE campaigns SET abandon_cap = 2")
    assert "The campaign may not dial." in admin.text(f"/campaigns/{campaign_id}/abandoned")


def test_a_campaign_beyond_its_cap_goes_on_only_when_the_cap_is_raised(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = a_campaign(conn, abandoned=4, talked=6)
    campaigns.move(conn, campaign_id, CampaignState.PAUSED, pause_reason=PauseReason.ABANDON_CAP)
    page = admin.text(f"/campaigns/{campaign_id}")
    assert "Paused because too many of its calls were abandoned." in page
    answer = admin.post(f"/campaigns/{campaign_id}/resume", follow_redirects=True).get_data(as_text=True)
    assert "were abandoned than the campaign&#39;s cap allows" in answer
    assert campaigns.get(conn, campaign_id).state is CampaignState.PAUSED
    conn.execute("UPDATE campaigns SET abandon_cap = 50")
    admin.post(f"/campaigns/{campaign_id}/resume")
    resumed = campaigns.get(conn, campaign_id)
    assert (resumed.state, resumed.pause_reason) == (CampaignState.ACTIVE, None)


def test_the_evidence_has_a_line_for_each_abandoned_call(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = a_campaign(conn, abandoned=2, talked=5)
    answer = admin.get(f"/campaigns/{campaign_id}/abandoned.csv")
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
    stored = {str(row[0]) for row in conn.execute("SELECT id FROM attempts WHERE disposition = 'abandoned'")}
    assert {row["Call's id"] for row in rows} == stored
    assert {(row["Result"], row["Cause"], row["SIP code"]) for row in rows} == {("abandoned", "NORMAL_CLEARING", "200")}
    assert all(row["Answered at"].endswith("+00:00") for row in rows)
    assert conn.execute("SELECT details FROM audit_log WHERE action = 'abandoned.exported'").fetchone() == (
        {"calls": 2},
    )


def test_every_campaigns_ledger_is_on_a_page_and_in_a_file(admin: Browser, conn: Connection[Any]) -> None:
    assert "Nobody has answered in the last 30 days." in admin.text("/campaigns/abandoned")
    campaign_id = a_campaign(conn, abandoned=2, talked=48)
    quiet = sample.a_campaign(conn, "Quiet")
    chance, gateway_id = random.Random(9), conn.execute("SELECT min(id) FROM gateways").fetchone()
    assert gateway_id
    cut_off = sample.contacts(conn, campaign_id, 5, start=100)
    for index, contact_id in enumerate(cut_off):
        made = sample.attempt(conn, contact_id, gateway_id[0], NOW - timedelta(days=2), "machine", chance)
        if index < 4:
            conn.execute(
                "INSERT INTO amd_labels (attempt_id, campaign_id, label) VALUES (%s, %s, %s)",
                [made, campaign_id, "human" if index == 0 else "machine"],
            )
    page = admin.text("/campaigns/abandoned")
    assert "Autumn" in page
    assert f"/campaigns/{quiet}/abandoned" not in page
    assert "5.88 %" in page  # three of 51: who was cut off as a machine was a person
    assert "may not dial" not in page
    assert "slowed down to 10 %" in page
    assert "25 %" in page
    assert "1 of 4 listened to" in page
    answer = admin.get("/campaigns/abandon-ledger.csv")
    (row,) = csv.DictReader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff")))
    figures = [row[name] for name in ("Campaign", "Answered by people", "Abandoned", "Abandoned, %", "Cap, %")]
    assert figures == ["Autumn", "51", "3", "5.88", "3"]
    assert [row["Machines listened to"], row["People called machines, %"]] == ["4", "25.00"]
    assert (date.fromisoformat(row["Last day"]) - date.fromisoformat(row["First day"])).days == 29
    conn.execute("UPDATE campaigns SET abandon_cap = 1")
    assert "may not dial" in admin.text("/campaigns/abandoned")
    rows = conn.execute("SELECT entity_id, details FROM audit_log WHERE action = 'abandoned.exported'").fetchall()
    assert rows == [("all", {"campaigns": 1})]


def test_a_campaign_that_called_nobody_has_an_empty_ledger(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = sample.a_campaign(conn)
    page = admin.text(f"/campaigns/{campaign_id}/abandoned")
    assert "No call was abandoned in the last 30 days." in page
    assert "abandoned.csv" not in page
