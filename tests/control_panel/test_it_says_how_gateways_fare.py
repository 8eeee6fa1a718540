"""A gateway that is slowed down or rests says so, why and until when: on its page, on its campaigns' and live."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import Connection

from control_panel.live_state import read_state
from db import campaigns, gateway_health
from dialer.campaign import CampaignState
from tests.control_panel import sample
from tests.control_panel.conftest import Browser, SignIn

REASON = "NORMAL_TEMPORARY_FAILURE 503"
HOW = {
    "slowed": (
        "closed",
        0.25,
        "<b>Slowed down to <span data-share>25</span> %.</b> The trunk refused 3 of its last 10",
    ),
    "open": ("open", 0.05, "then it is tried again.</b> Nothing got through: the trunk refused 3 of 10 calls:"),
    "half_open": ("half_open", 0.05, "<b>Is being tried with single calls.</b>"),
}


@pytest.fixture
def ill(conn: Connection[Any]):
    """Let a campaign's only gateway be in such a state; return the campaign's id."""

    def make(kind: str) -> int:
        pair = sample.a_gateway(conn)
        campaign_id = sample.a_campaign(conn, pair=pair)
        sample.contacts(conn, campaign_id, 2)
        campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
        state, share, _text = HOW[kind]
        conn.execute(
            "INSERT INTO gateway_health (gateway_id, state, share, reason, failures, tries, open_until)"
            " VALUES (%s, %s, %s, %s, 3, 10, '2036-11-21 12:30:15+00')",
            [pair[0], state, share, REASON],
        )
        return campaign_id

    return make


@pytest.mark.parametrize("kind", HOW)
def test_it_says_why_and_until_when(ill, sign_in: SignIn, kind: str) -> None:
    campaign_id = ill(kind)
    viewer = sign_in("viewer", "en")
    for path in ("/gateways/", f"/campaigns/{campaign_id}"):
        page = " ".join(viewer.text(path).split())
        assert HOW[kind][2] in page
        assert REASON in page
    part = viewer.text(f"/campaigns/{campaign_id}/preflight")
    assert ("All its gateways rest" in part) == (kind == "open")


def test_the_time_is_of_the_campaigns_zone_on_its_page(ill, sign_in: SignIn) -> None:
    campaign_id = ill("open")
    viewer = sign_in("viewer", "en")
    assert "Rests until 12:30:15 (UTC)" in viewer.text("/gateways/")
    assert "Rests until 15:30:15 (Europe/Moscow)" in viewer.text(f"/campaigns/{campaign_id}")


def test_a_gateways_own_page_says_it_too_and_that_calls_to_operators_count(
    ill, admin: Browser, conn: Connection[Any]
) -> None:
    campaign_id = ill("open")
    gateway_id = conn.execute("SELECT id FROM gateways").fetchone()[0]  # type: ignore[index]
    page = admin.text(f"/gateways/{gateway_id}")
    assert REASON in page
    assert "Calls to operators" not in page
    (contact_id,) = sample.contacts(conn, campaign_id, 1, start=5)
    at = datetime.now(UTC)
    attempt_id = sample.attempt(conn, contact_id, gateway_id, at, None, random.Random(1))
    gateway_health.note_operators_leg(conn, attempt_id, at, "GATEWAY_DOWN", 502)
    for path in ("/gateways/", f"/gateways/{gateway_id}"):
        page = " ".join(admin.text(path).split())
        assert "unanswered within the last hour: 1, the last one with" in page
        assert "GATEWAY_DOWN 502" in page


def test_a_gateway_that_is_well_says_nothing(sign_in: SignIn, conn: Connection[Any]) -> None:
    sample.a_gateway(conn)
    assert "refused" not in sign_in("viewer", "en").text("/gateways/")


def test_the_live_picture_tells_of_it(ill, conn: Connection[Any]) -> None:
    ill("open")
    (health,) = read_state(conn, [])["gateways"].values()
    assert health == {"kind": "open 2110883415", "percent": 5}
