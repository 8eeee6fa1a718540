"""Pacing by operators in the panel: set, shown, and its kill switch released by an administrator, on record."""

from dataclasses import asdict, replace
from typing import Any

import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

from db import campaigns, flows, pacing
from dialer.adaptive_pacing import PacingMode, PacingRules, PacingState
from dialer.call_flow import parse_flow
from tests.control_panel import sample
from tests.control_panel.conftest import Browser, SignIn
from tests.control_panel.test_it_makes_campaigns import fields

FORM = {"mode": "predictive", "operators": "12", "lines_per_operator": "1.5", "abandon_cap": "2.5"}
TRIPPED = replace(PacingState(), calls=900, transfers=300, hit_rate=0.2, abandon_rate=0.071, is_tripped=True)


def tripped(conn: Connection[Any]) -> int:
    campaign_id = sample.a_campaign(conn)
    pacing.put(conn, campaign_id, PacingRules(PacingMode.PREDICTIVE, 10))
    conn.execute("UPDATE campaign_pacing SET state = %s", [Jsonb(asdict(TRIPPED))])
    return campaign_id


def last_action(conn: Connection[Any]) -> tuple[Any, ...] | None:
    query = "SELECT action, details FROM audit_log WHERE action LIKE 'campaign.pacing%%' ORDER BY id DESC LIMIT 1"
    return conn.execute(query).fetchone()


def test_a_campaign_follows_no_operators_until_it_is_told_to(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = sample.a_campaign(conn)
    assert "As many calls as the limits allow" in admin.text(f"/campaigns/{campaign_id}/pacing")
    assert pacing.get(conn, campaign_id) is None
    assert f"/campaigns/{campaign_id}/pacing" in admin.text(f"/campaigns/{campaign_id}")


def test_it_stores_the_mode_and_its_figures(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = sample.a_campaign(conn)
    admin.get(f"/campaigns/{campaign_id}/pacing")
    assert admin.post(f"/campaigns/{campaign_id}/pacing", FORM).status_code == 302
    found = pacing.get(conn, campaign_id)
    assert found is not None
    assert found.rules == PacingRules(PacingMode.PREDICTIVE, 12, 1.5, 0.025)
    action = last_action(conn)
    assert action is not None
    assert (action[0], action[1]["from"]["mode"], action[1]["to"]["operators"]) == (
        *("campaign.pacing_changed", "fixed"),
        12,
    )


@pytest.mark.parametrize(
    "wrong",
    [{"mode": "x"}, {"operators": "-1"}, {"lines_per_operator": "0"}, {"abandon_cap": "0"}, {"abandon_cap": "99"}],
)
def test_it_refuses_what_makes_no_sense(admin: Browser, conn: Connection[Any], wrong: dict[str, str]) -> None:
    campaign_id = sample.a_campaign(conn)
    admin.get(f"/campaigns/{campaign_id}/pacing")
    assert admin.post(f"/campaigns/{campaign_id}/pacing", FORM | wrong).status_code == 400
    assert pacing.get(conn, campaign_id) is None


def test_what_was_learnt_and_a_tripped_kill_switch_stay_when_the_figures_change(
    admin: Browser, conn: Connection[Any]
) -> None:
    campaign_id = tripped(conn)
    page = admin.text(f"/campaigns/{campaign_id}/pacing")
    assert "The kill switch has tripped" in page
    assert "7.1 % of those who asked" in page
    admin.post(f"/campaigns/{campaign_id}/pacing", FORM)
    found = pacing.get(conn, campaign_id)
    assert found is not None
    assert found.learnt == TRIPPED


def test_an_administrator_releases_it_and_that_stays_on_record(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = tripped(conn)
    admin.get(f"/campaigns/{campaign_id}/pacing")
    assert admin.post(f"/campaigns/{campaign_id}/pacing/reset", {}).status_code == 302
    found = pacing.get(conn, campaign_id)
    assert found is not None
    assert (found.learnt.is_tripped, found.learnt.is_reset) == (False, True)
    assert last_action(conn) == ("campaign.pacing_reset", {"abandon_rate": 0.071, "abandon_cap": 0.03})
    page = admin.text(f"/campaigns/{campaign_id}/pacing")
    assert "Kill switch released" in page
    assert "comes back below 50 % of the cap" in page
    admin.post(f"/campaigns/{campaign_id}/pacing/reset", {})
    assert conn.execute("SELECT count(*) FROM audit_log WHERE action = 'campaign.pacing_reset'").fetchone() == (1,)


def test_a_manager_may_not_release_it(sign_in: SignIn, conn: Connection[Any]) -> None:
    campaign_id, manager = tripped(conn), sign_in("manager")
    assert "Release the kill switch" not in manager.text(f"/campaigns/{campaign_id}/pacing")
    assert manager.post(f"/campaigns/{campaign_id}/pacing/reset", {}).status_code == 403
    viewer = sign_in("viewer")
    assert viewer.post(f"/campaigns/{campaign_id}/pacing", FORM).status_code == 403


def transferring(admin: Browser, number: str) -> int:
    """Post the form of a campaign of which key 3 puts through; return the answer's status."""
    admin.get("/campaigns/new")
    return int(admin.post("/campaigns/new", fields(key_3="transfer", transfer_to=number)).status_code)


def test_a_key_puts_through_to_the_number_of_the_operators(admin: Browser, conn: Connection[Any]) -> None:
    assert transferring(admin, "+7 (495) 123-45-67") == 302
    (campaign,) = campaigns.list_all(conn)
    flow = parse_flow(flows.definition(conn, campaign.flow_version_id))
    assert flow.transfer_to == "+74951234567"
    assert "+74951234567" in admin.text(f"/campaigns/{campaign.id}/edit")


@pytest.mark.parametrize("number", ["", "12", "operators"])
def test_a_key_that_puts_through_needs_a_number(admin: Browser, conn: Connection[Any], number: str) -> None:
    assert transferring(admin, number) == 400
    assert campaigns.list_all(conn) == []
