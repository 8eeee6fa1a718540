"""A campaign's buttons are its legal moves, and a move that came too late is explained."""

from typing import Any

import pytest
from psycopg import Connection

from control_panel.campaigns import VERBS, moves_from
from db import campaigns, schedules
from dialer.campaign import MOVES, CampaignState, PauseReason
from dialer.schedule import Schedule
from tests.control_panel import sample
from tests.control_panel.conftest import Browser, SignIn

S = CampaignState
PATH_TO = {
    S.DRAFT: [],
    S.SCHEDULED: [S.SCHEDULED],
    S.ACTIVE: [S.ACTIVE],
    S.PAUSED: [S.ACTIVE, S.PAUSED],
    S.COMPLETED: [S.ACTIVE, S.COMPLETED],
    S.ARCHIVED: [S.ARCHIVED],
}


def a_campaign_in(conn: Connection[Any], state: CampaignState) -> int:
    campaign_id = sample.a_campaign(conn, "Autumn", sample.a_gateway(conn))
    sample.contacts(conn, campaign_id, 2)
    for step in PATH_TO[state]:
        campaigns.move(conn, campaign_id, step)
    return campaign_id


@pytest.mark.parametrize("state", list(S))
def test_it_offers_exactly_the_legal_moves_that_have_a_button(
    admin: Browser, conn: Connection[Any], state: CampaignState
) -> None:
    campaign_id = a_campaign_in(conn, state)
    page = admin.text(f"/campaigns/{campaign_id}")
    offered = {verb for verb in VERBS if f"/campaigns/{campaign_id}/{verb}" in page}
    assert offered == {move.verb for move in moves_from(state)}
    # Without a schedule there is nothing to wait for; every other legal move has its button.
    assert {VERBS[verb][0] for verb in offered} == MOVES[state] - {S.SCHEDULED}


def test_it_lets_a_campaign_with_a_schedule_wait_for_it_and_come_back(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = a_campaign_in(conn, S.DRAFT)
    admin.get(f"/campaigns/{campaign_id}")
    page = admin.post(f"/campaigns/{campaign_id}/wait", follow_redirects=True).get_data(as_text=True)
    assert "no schedule with a run to come" in page
    schedules.save(conn, campaign_id, Schedule("UTC", cron="0 10 * * *"))
    assert f"/campaigns/{campaign_id}/wait" in admin.text(f"/campaigns/{campaign_id}")
    assert admin.post(f"/campaigns/{campaign_id}/wait").status_code == 302
    assert campaigns.get(conn, campaign_id).state == S.SCHEDULED
    assert admin.post(f"/campaigns/{campaign_id}/draft").status_code == 302
    assert campaigns.get(conn, campaign_id).state == S.DRAFT


def test_it_does_not_start_with_nobody_to_dial(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = sample.a_campaign(conn, "Autumn", sample.a_gateway(conn))
    admin.get(f"/campaigns/{campaign_id}")
    page = admin.post(f"/campaigns/{campaign_id}/start", follow_redirects=True).get_data(as_text=True)
    assert "It can&#39;t start: Nobody is left to be dialled." in page
    assert campaigns.get(conn, campaign_id).state == S.DRAFT


def test_it_says_who_paused_a_campaign(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = a_campaign_in(conn, S.ACTIVE)
    campaigns.move(conn, campaign_id, S.PAUSED, pause_reason=PauseReason.SCHEDULE)
    assert "Paused by its schedule" in admin.text(f"/campaigns/{campaign_id}")


@pytest.mark.parametrize("chosen", [{"hang_up": "1"}, {}])
def test_a_stop_ends_the_live_calls_only_when_that_is_chosen(
    admin: Browser, conn: Connection[Any], chosen: dict[str, str]
) -> None:
    campaign_id = a_campaign_in(conn, S.ACTIVE)
    admin.get(f"/campaigns/{campaign_id}")
    admin.post(f"/campaigns/{campaign_id}/stop", chosen)
    row = conn.execute(
        "SELECT hang_up_asked_at IS NOT NULL, (SELECT details ->> 'hangs_up' FROM audit_log WHERE action ="
        " 'campaign.stopped') FROM campaigns"
    ).fetchone()
    assert row == (bool(chosen), "true" if chosen else None)


@pytest.mark.parametrize(
    ("state", "verb", "becomes"),
    [
        (S.DRAFT, "start", S.ACTIVE),
        (S.ACTIVE, "pause", S.PAUSED),
        (S.PAUSED, "resume", S.ACTIVE),
        (S.ACTIVE, "stop", S.COMPLETED),
        (S.PAUSED, "stop", S.COMPLETED),
        (S.COMPLETED, "archive", S.ARCHIVED),
    ],
)
def test_it_moves_and_writes_who_did_it(
    sign_in: SignIn, conn: Connection[Any], state: CampaignState, verb: str, becomes: CampaignState
) -> None:
    campaign_id = a_campaign_in(conn, state)
    browser = sign_in("manager")
    browser.get(f"/campaigns/{campaign_id}")
    assert browser.post(f"/campaigns/{campaign_id}/{verb}").status_code == 302
    assert campaigns.get(conn, campaign_id).state == becomes
    row = conn.execute(
        "SELECT email, action, entity_id FROM audit_log JOIN users ON users.id = user_id WHERE entity_type = 'campaign'"
    ).fetchone()
    assert row == ("manager-en@example.com", VERBS[verb][1], str(campaign_id))


@pytest.mark.parametrize(
    ("verb", "state", "status"),
    [
        ("start", S.DRAFT, 403),
        ("pause", S.ACTIVE, 302),
        ("resume", S.PAUSED, 403),
        ("stop", S.ACTIVE, 403),
        ("archive", S.COMPLETED, 403),
    ],
)
def test_it_lets_an_operator_pause_and_nothing_else(
    sign_in: SignIn, conn: Connection[Any], verb: str, state: CampaignState, status: int
) -> None:
    campaign_id = a_campaign_in(conn, state)
    browser = sign_in("operator")
    assert (f"/campaigns/{campaign_id}/{verb}" in browser.text(f"/campaigns/{campaign_id}")) == (status == 302)
    assert browser.post(f"/campaigns/{campaign_id}/{verb}").status_code == status
    assert campaigns.get(conn, campaign_id).state == (S.PAUSED if status == 302 else state)


def test_it_lets_a_viewer_move_nothing(sign_in: SignIn, conn: Connection[Any]) -> None:
    campaign_id = a_campaign_in(conn, S.ACTIVE)
    browser = sign_in("viewer")
    assert not [
        verb for verb in VERBS if f"/campaigns/{campaign_id}/{verb}" in browser.text(f"/campaigns/{campaign_id}")
    ]
    assert browser.post(f"/campaigns/{campaign_id}/pause").status_code == 403


def test_it_explains_a_move_that_is_not_possible_any_more(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = a_campaign_in(conn, S.ACTIVE)
    admin.get(f"/campaigns/{campaign_id}")
    campaigns.move(conn, campaign_id, S.COMPLETED)
    page = admin.post(f"/campaigns/{campaign_id}/pause", follow_redirects=True).get_data(as_text=True)
    assert "Not possible: the campaign is “Completed” now. Possible moves: «Archive»." in page.replace("&#34;", '"')
    assert campaigns.get(conn, campaign_id).state == S.COMPLETED
    assert conn.execute("SELECT 1 FROM audit_log WHERE action = 'campaign.paused'").fetchone() is None


def test_it_does_not_start_without_a_gateway(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = sample.a_campaign(conn)
    admin.get(f"/campaigns/{campaign_id}")
    page = admin.post(f"/campaigns/{campaign_id}/start", follow_redirects=True).get_data(as_text=True)
    assert "No enabled gateway with a caller ID is chosen in its settings." in page
    assert campaigns.get(conn, campaign_id).state == S.DRAFT


def test_it_answers_404_for_a_campaign_that_is_not_there(admin: Browser) -> None:
    for path in ("/campaigns/99", "/campaigns/99/edit", "/campaigns/99/results/", "/campaigns/99/imports/new"):
        assert admin.get(path).status_code == 404
    assert admin.post("/campaigns/99/start").status_code == 404


@pytest.mark.parametrize(("chosen", "contacts"), [({}, 0), ({"contacts": "1"}, 2)])
def test_it_clones_a_campaign_in_any_state(
    admin: Browser, conn: Connection[Any], chosen: dict[str, str], contacts: int
) -> None:
    campaign_id = a_campaign_in(conn, S.ARCHIVED)
    assert f"/campaigns/{campaign_id}/clone" in admin.text(f"/campaigns/{campaign_id}")
    page = admin.post(f"/campaigns/{campaign_id}/clone", chosen, follow_redirects=True).get_data(as_text=True)
    assert "“Autumn (2)” is made." in page
    newest = campaigns.list_all(conn)[0]
    assert (newest.name, newest.state) == ("Autumn (2)", S.DRAFT)
    assert campaigns.progress(conn, newest.id).contacts == contacts


def test_a_viewer_clones_nothing(sign_in: SignIn, conn: Connection[Any]) -> None:
    campaign_id = a_campaign_in(conn, S.DRAFT)
    viewer = sign_in("viewer")
    assert "/clone" not in viewer.text(f"/campaigns/{campaign_id}")
    assert viewer.post(f"/campaigns/{campaign_id}/clone").status_code == 403
