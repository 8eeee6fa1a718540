"""Who may be called: a campaign's rules in its form, the limits of all campaigns, and consents contact by contact."""

from typing import Any

import pytest
from psycopg import Connection

from db import campaigns, flows, limits
from db.limits import Budgets
from dialer.campaign import CampaignState
from dialer.retry import parse_rules
from tests.control_panel import sample
from tests.control_panel.conftest import Browser, SignIn
from tests.control_panel.test_it_makes_campaigns import as_a_browser_sends, fields

RULES = {
    "requires_consent": "y",
    "is_by_own_clock": "y",
    "destinations": "KZ, +7495",
    "max_per_day": "2",
    "jitter_percent": "25",
    "max_calls_per_day": "1000",
    "max_minutes_per_day": "500",
}


def test_a_campaigns_rules_are_stored_shown_again_and_their_changes_audited(
    admin: Browser, conn: Connection[Any]
) -> None:
    profile = limits.profiles(conn)[0]
    assert (profile.per_day, profile.per_week, profile.per_month) == (1, 2, 8)
    rules = RULES | {"limit_profile": str(profile.id)}
    answer = admin.post("/campaigns/new", fields(**rules))
    stored = campaigns.get(conn, int(answer.location.rsplit("/", 1)[1]))
    assert (stored.requires_consent, stored.destinations, stored.limit_profile_id) == (
        True,
        ("KZ", "+7495"),
        profile.id,
    )
    assert (stored.max_calls_per_day, stored.max_minutes_per_day) == (1000, 500)
    assert stored.is_by_own_clock
    retry = parse_rules(stored.retry_rules)
    assert (retry.max_per_day, retry.jitter) == (2, 0.25)
    page = as_a_browser_sends(admin.text(f"/campaigns/{stored.id}/edit"))
    assert {(name, value) for name, value in page if name in rules} == set(rules.items())
    changed = [(name, "" if name == "max_calls_per_day" else value) for name, value in page]
    assert admin.post(f"/campaigns/{stored.id}/edit", changed).status_code == 302
    assert campaigns.get(conn, stored.id).max_calls_per_day is None
    row = conn.execute("SELECT details FROM audit_log WHERE action = 'campaign.changed'").fetchone()
    assert row
    assert row[0]["changed"] == {"max_calls_per_day": ["1000", "null"]}
    shown = admin.text(f"/campaigns/{stored.id}")
    assert "only with consent" in shown
    assert "by the clock of Asia/Almaty for everybody" in shown
    assert "KZ, +7495" in shown


def test_other_limits_of_a_campaign_let_those_it_had_put_off_be_looked_at_again(
    admin: Browser, conn: Connection[Any]
) -> None:
    campaign_id = sample.a_campaign(conn, pair=sample.a_gateway(conn))
    conn.execute("UPDATE campaigns SET limit_profile_id = (SELECT id FROM limit_profiles)")
    sample.contacts(conn, campaign_id, 1)
    conn.execute("UPDATE contacts SET due_at = now() + interval '20 days'")
    is_due = "SELECT due_at <= now() FROM contacts"
    page = as_a_browser_sends(admin.text(f"/campaigns/{campaign_id}/edit"))
    admin.post(f"/campaigns/{campaign_id}/edit", page)
    assert conn.execute(is_due).fetchone() == (False,)
    admin.post(f"/campaigns/{campaign_id}/edit", [(n, "" if n == "limit_profile" else v) for n, v in page])
    assert conn.execute(is_due).fetchone() == (True,)


@pytest.mark.parametrize("wrong", [{"destinations": "Russia"}, {"max_calls_per_day": "0"}, {"jitter_percent": "101"}])
def test_it_refuses_rules_that_mean_nothing(admin: Browser, conn: Connection[Any], wrong: dict[str, str]) -> None:
    assert admin.post("/campaigns/new", fields(**wrong)).status_code == 400
    assert campaigns.list_all(conn) == []


def test_a_consent_is_entered_and_taken_back_and_the_contact_follows(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = sample.a_campaign(conn, pair=sample.a_gateway(conn))
    contact_id = sample.contacts(conn, campaign_id, 2)[0]
    conn.execute("UPDATE campaigns SET requires_consent = true")
    page = f"/campaigns/{campaign_id}/contacts/{contact_id}/consent"
    assert "Will be blocked: no consent on record</dt><dd>2<" in admin.text(f"/campaigns/{campaign_id}/preflight")
    form = {"basis": "offers <by phone>", "at": "2026-01-05T12:00", "source": "form 17"}
    assert admin.post(page, form | {"source": ""}).status_code == 400
    assert admin.post(page, form).status_code == 302
    listed = admin.text(f"/campaigns/{campaign_id}/contacts/")
    assert "offers &lt;by phone&gt;" in listed
    state = "SELECT state::text, consent_at::text FROM contacts WHERE id = %s"
    assert conn.execute("SET TIME ZONE 'UTC'")
    assert conn.execute(state, [contact_id]).fetchone() == ("queued", "2026-01-05 09:00:00+00")
    assert admin.post(f"{page}/withdraw").status_code == 302
    assert conn.execute(state, [contact_id]).fetchone() == ("blocked", None)
    assert "No consent on record" in admin.text(f"/campaigns/{campaign_id}/contacts/?state=blocked")
    assert admin.post(page, form).status_code == 302
    assert conn.execute(state, [contact_id]).fetchone() == ("queued", "2026-01-05 09:00:00+00")
    rows = conn.execute("SELECT action, details->>'basis' FROM audit_log WHERE entity_type = 'contact' ORDER BY id")
    assert rows.fetchall() == [
        ("consent.recorded", form["basis"]), ("consent.withdrawn", form["basis"]), ("consent.recorded", form["basis"]),
    ]  # fmt: skip
    assert admin.get(f"/campaigns/{campaign_id + 1}/contacts/{contact_id}/consent").status_code == 404


def test_profiles_prefixes_and_budgets_are_kept_and_every_change_audited(admin: Browser, conn: Connection[Any]) -> None:
    assert "Взыскание долгов" in admin.text("/limits/")
    assert admin.post("/limits/profiles", {"name": "Gentle", "per_week": "1"}).status_code == 302
    assert admin.post("/limits/profiles", {"name": "Gentle"}).status_code == 400
    gentle = next(profile for profile in limits.profiles(conn) if profile.name == "Gentle")
    assert (gentle.per_day, gentle.per_week, gentle.per_month) == (None, 1, None)
    assert admin.post("/limits/budgets", {"max_calls_per_day": "50"}).status_code == 302
    assert limits.budgets(conn) == Budgets(50, None)
    assert "+7809" in admin.text("/limits/?search=%2B7809")
    assert admin.post("/limits/prefixes", {"prefix": "7 (809)"}).status_code == 400
    assert admin.post(f"/limits/profiles/{gentle.id}/remove").status_code == 302
    rows = conn.execute("SELECT action FROM audit_log ORDER BY id").fetchall()
    assert [action for (action,) in rows if action not in ("user.signed_in",)] == [
        "limit_profile.added", "budgets.changed", "limit_profile.removed",
    ]  # fmt: skip


def test_a_changed_profile_holds_for_its_campaigns_at_once_and_is_audited(
    admin: Browser, conn: Connection[Any]
) -> None:
    campaign_id = sample.a_campaign(conn, pair=sample.a_gateway(conn))
    debts = limits.profiles(conn)[0]
    conn.execute("UPDATE campaigns SET limit_profile_id = %s", [debts.id])
    put_off, retried = sample.contacts(conn, campaign_id, 2)
    conn.execute("UPDATE contacts SET due_at = now() + interval '20 days'")
    conn.execute("UPDATE contacts SET state = 'retry', attempt_count = 1 WHERE id = %s", [retried])
    page = f"/limits/profiles/{debts.id}"
    assert page in admin.text("/limits/")
    shown = admin.text(page)
    assert 'value="8"' in shown
    assert "1 campaign keeps this profile" in shown
    form = {"name": "Debts", "per_day": "1", "per_week": "3", "per_month": ""}
    assert admin.post(page, form | {"per_week": "0"}).status_code == 400
    assert admin.post(page, form).status_code == 302
    changed = limits.profiles(conn)[0]
    assert (changed.name, changed.per_day, changed.per_week, changed.per_month) == ("Debts", 1, 3, None)
    due = dict(conn.execute("SELECT id, due_at <= now() FROM contacts").fetchall())
    assert due == {put_off: True, retried: False}
    row = conn.execute("SELECT details FROM audit_log WHERE action = 'limit_profile.changed'").fetchone()
    assert row == (
        {
            "from": {"name": debts.name, "limits": [1, 2, 8]},
            "to": {"name": "Debts", "limits": [1, 3, None]},
            "campaigns": 1,
        },
    )
    other = limits.add_profile(conn, limits.LimitProfile(0, "Other", 1, None, None))
    assert admin.post(f"/limits/profiles/{other}", form).status_code == 400
    assert admin.get("/limits/profiles/999").status_code == 404


def test_a_refused_prefix_takes_its_contacts_out_of_every_queue_and_gives_them_back(
    admin: Browser, conn: Connection[Any]
) -> None:
    campaign_id = sample.a_campaign(conn, pair=sample.a_gateway(conn))
    sample.contacts(conn, campaign_id, 2)
    campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
    states = "SELECT DISTINCT state::text, blocked_reason FROM contacts"
    admin.post("/limits/prefixes", {"prefix": "+79164", "note": "made up"})
    assert conn.execute(states).fetchall() == [("blocked", "destination: premium_rate")]
    assert "A number that costs extra" in admin.text(f"/campaigns/{campaign_id}/preflight")
    admin.post("/limits/prefixes/remove", {"prefix": "+79164"})
    assert conn.execute(states).fetchall() == [("queued", None)]
    assert admin.post("/limits/prefixes/remove", {"prefix": "+79164"}).status_code == 404


def test_what_may_cost_money_is_an_administrators(sign_in: SignIn, conn: Connection[Any]) -> None:
    manager, viewer = sign_in("manager"), sign_in("viewer")
    assert manager.post("/limits/budgets", {"max_calls_per_day": "50"}).status_code == 403
    assert manager.post("/limits/prefixes/remove", {"prefix": "+7809"}).status_code == 403
    assert viewer.post("/limits/profiles", {"name": "x"}).status_code == 403
    assert "+7809" in viewer.text("/limits/?search=%2B7809")
    assert limits.budgets(conn) == Budgets(None, None)


def test_times_to_be_called_back_at_are_kept_in_the_flow_while_a_key_asks_for_them(
    admin: Browser, conn: Connection[Any]
) -> None:
    times = {"callback_1": "120", "callback_2": "1 18:00", "callback_3": ""}
    answer = admin.post("/campaigns/new", fields(**times))  # its key 7 means a later call
    stored = campaigns.get(conn, int(answer.location.rsplit("/", 1)[1]))
    definition = flows.definition(conn, stored.flow_version_id)
    assert definition["callback"] == {
        "prompt": {"kind": "builtin", "name": "callback_when"},
        "keys": {"1": {"minutes": 120}, "2": {"days": 1, "at": "18:00"}},
    }
    page = as_a_browser_sends(admin.text(f"/campaigns/{stored.id}/edit"))
    assert {(name, value) for name, value in page if name in times} == set(times.items())
    admin.post(f"/campaigns/{stored.id}/edit", [(name, "" if name == "key_7" else value) for name, value in page])
    changed = flows.definition(conn, campaigns.get(conn, stored.id).flow_version_id)
    assert "callback" not in changed
