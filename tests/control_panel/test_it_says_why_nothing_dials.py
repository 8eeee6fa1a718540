"""The campaign page's preflight: how many will be dialled, who is out and why, and what keeps it from dialing."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from psycopg import Connection
from psycopg.errors import QueryCanceled

from control_panel import preflights
from control_panel.dialing_now import BRAKES
from db import blacklist, campaigns, dialing_state, leases
from db.attempts import OpenAttempt
from db.blacklist import BlacklistReason
from db.redis_client import open_redis
from dialer.campaign import CampaignState
from dialer.settings import Settings
from scheduler.brakes import Brake
from tests.control_panel import sample
from tests.control_panel.conftest import Browser, SignIn

NOW = datetime.now(UTC)


def test_it_counts_before_the_start_who_will_be_dialled_and_who_not(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = sample.a_campaign(conn, pair=sample.a_gateway(conn))
    sample.contacts(conn, campaign_id, 5)
    blacklist.add(conn, "+79164000000", BlacklistReason.COMPLAINT)
    page = admin.text(f"/campaigns/{campaign_id}")
    assert "Before the start" in page
    assert f'data-later="/campaigns/{campaign_id}/preflight"' in page
    page = " ".join(admin.text(f"/campaigns/{campaign_id}/preflight").split())
    assert "<dt><b>To be dialled</b></dt><dd><b>4</b></dd>" in page
    assert "<dt>Blocked: Complaint</dt><dd>1</dd>" in page
    assert "calls a minute" in page
    assert "Nothing can be dialled now." not in page


def test_it_says_when_nobody_may_be_called_at_this_hour(sign_in: SignIn, conn: Connection[Any]) -> None:
    campaign_id = sample.a_campaign(conn, pair=sample.a_gateway(conn))
    sample.contacts(conn, campaign_id, 2)
    campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
    conn.execute("UPDATE contacts SET due_at = now() + interval '2 hours'")
    page = sign_in("viewer", "en").text(f"/campaigns/{campaign_id}/preflight")
    assert "Nothing can be dialled now." in page
    assert "Everybody waits for the next attempt." in page
    assert "The next one can be called at" in page
    assert "Все ждут следующей попытки." in sign_in("viewer", "ru").text(f"/campaigns/{campaign_id}/preflight")
    conn.execute("UPDATE gateways SET is_enabled = false")
    assert "No enabled gateway" in sign_in("operator", "en").text(f"/campaigns/{campaign_id}/preflight")


def test_a_campaign_that_is_over_has_no_preflight(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = sample.a_campaign(conn, pair=sample.a_gateway(conn))
    sample.contacts(conn, campaign_id, 2)
    campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
    campaigns.move(conn, campaign_id, CampaignState.COMPLETED)
    assert 'id="preflight"' not in admin.text(f"/campaigns/{campaign_id}")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Those of the panel's tests, with a limit in all that one call reaches."""
    return replace(settings, max_calls_per_minute=1)


def test_it_says_what_the_schedulers_and_the_shared_limits_hold_up(
    sign_in: SignIn, conn: Connection[Any], redis_url: str
) -> None:
    campaign_id = sample.a_campaign(conn, pair=sample.a_gateway(conn))
    sample.contacts(conn, campaign_id, 2)
    campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
    viewer = sign_in("viewer", "en")

    def shown() -> str:
        return viewer.text(f"/campaigns/{campaign_id}/preflight")

    assert "No scheduler is running" in shown()
    with open_redis(redis_url, wait_ms=2000) as redis:
        dialing_state.tell(redis, "switch_away", [])
        assert "There is no connection to the telephone switch." in shown()
        dialing_state.tell(redis, None, ["trunk"])
        dialing_state.tell(redis, "stopping", [])  # another one, which does not contradict
        assert "every gateway of the campaign is down" in shown()
        dialing_state.tell(redis, None, [])
        assert "Nothing can be dialled now." not in shown()
        redis.zadd("dialer:minute:total", {"another campaign's": leases.time_us(redis)})
        assert "within a minute as may be over all campaigns" in shown()
        conn.execute("UPDATE gateways SET max_channels = 1")
        gateway_id = conn.execute("SELECT id FROM gateways").fetchone()
        assert gateway_id
        call = OpenAttempt(str(uuid4()), campaign_id + 1, 1, gateway_id[0], "+7", NOW, NOW, None, None)
        leases.restore(redis, [call])
        assert "All channels of its gateways are busy." in shown()


def test_a_campaign_too_large_to_judge_in_time_has_its_page_all_the_same(
    admin: Browser, conn: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*_: Any) -> None:
        raise QueryCanceled

    monkeypatch.setattr(preflights, "preflight", late)
    campaign_id = sample.a_campaign(conn, pair=sample.a_gateway(conn))
    sample.contacts(conn, campaign_id, 2)
    assert "Before the start" in admin.text(f"/campaigns/{campaign_id}")
    assert "There are too many contacts to judge them all in time." in admin.text(f"/campaigns/{campaign_id}/preflight")


def test_every_brake_of_the_scheduler_has_its_words() -> None:
    assert set(BRAKES) == {str(brake) for brake in Brake}
