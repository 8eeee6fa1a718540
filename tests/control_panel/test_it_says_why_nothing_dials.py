"""The campaign page's preflight: how many will be dialled, who is out and why, and what keeps it from dialing."""

from typing import Any

from psycopg import Connection

from db import blacklist, campaigns
from db.blacklist import BlacklistReason
from dialer.campaign import CampaignState
from tests.control_panel import sample
from tests.control_panel.conftest import Browser, SignIn


def test_it_counts_before_the_start_who_will_be_dialled_and_who_not(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = sample.a_campaign(conn, pair=sample.a_gateway(conn))
    sample.contacts(conn, campaign_id, 5)
    blacklist.add(conn, "+79164000000", BlacklistReason.COMPLAINT)
    page = " ".join(admin.text(f"/campaigns/{campaign_id}").split())
    assert "Before the start" in page
    assert "<dt><b>To be dialled</b></dt><dd><b>4</b></dd>" in page
    assert "<dt>Blocked: Complaint</dt><dd>1</dd>" in page
    assert "calls a minute" in page
    assert "Nothing can be dialled now." not in page


def test_it_says_when_nobody_may_be_called_at_this_hour(sign_in: SignIn, conn: Connection[Any]) -> None:
    campaign_id = sample.a_campaign(conn, pair=sample.a_gateway(conn))
    sample.contacts(conn, campaign_id, 2)
    campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
    conn.execute("UPDATE contacts SET due_at = now() + interval '2 hours'")
    page = sign_in("viewer", "en").text(f"/campaigns/{campaign_id}")
    assert "Nothing can be dialled now." in page
    assert "Everybody waits for the next attempt." in page
    assert "The next one can be called at" in page
    assert "Все ждут следующей попытки." in sign_in("viewer", "ru").text(f"/campaigns/{campaign_id}")
    conn.execute("UPDATE gateways SET is_enabled = false")
    assert "No enabled gateway" in sign_in("operator", "en").text(f"/campaigns/{campaign_id}")


def test_a_campaign_that_is_over_has_no_preflight(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = sample.a_campaign(conn, pair=sample.a_gateway(conn))
    sample.contacts(conn, campaign_id, 2)
    campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
    campaigns.move(conn, campaign_id, CampaignState.COMPLETED)
    assert 'id="preflight"' not in admin.text(f"/campaigns/{campaign_id}")
