"""Switches in the panel: listed with how they fare, added, changed, taken out and removed, all on record."""

from typing import Any

import pytest
from psycopg import Connection

from control_panel.switches import OUT
from db import switches
from db.switches import Seen, SwitchRow
from dialer.switches import Out
from tests.control_panel import sample
from tests.control_panel.conftest import Browser, SignIn
from tests.control_panel.test_it_makes_campaigns import as_a_browser_sends

NEW = {"name": "fs2", "host": "10.0.0.2", "port": "8021", "max_channels": "200", "is_enabled": "y"}


def a_switch(conn: Connection[Any], name: str = "fs1", host: str = "10.0.0.1") -> int:
    return switches.create(conn, SwitchRow(0, name, host, 8021, 100, is_enabled=True))


def actions(conn: Connection[Any]) -> list[str]:
    return [row[0] for row in conn.execute("SELECT action FROM audit_log WHERE entity_type = 'switch' ORDER BY id")]


def test_it_adds_a_switch(admin: Browser, conn: Connection[Any]) -> None:
    admin.get("/switches/")
    assert admin.post("/switches/", NEW).status_code == 302
    (row,) = switches.rows(conn)
    assert (row.name, row.host, row.port, row.max_channels, row.is_enabled) == ("fs2", "10.0.0.2", 8021, 200, True)
    assert actions(conn) == ["switch.added"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "два"},
        {"name": "a b"},
        {"host": "a b"},
        {"host": ""},
        {"port": "0"},
        {"port": "x"},
        {"max_channels": "0"},
    ],
)
def test_it_refuses_what_makes_no_sense(admin: Browser, conn: Connection[Any], wrong: dict[str, str]) -> None:
    admin.get("/switches/")
    assert admin.post("/switches/", NEW | wrong).status_code == 400
    assert switches.rows(conn) == []


@pytest.mark.parametrize("same", [{"name": "fs1"}, {"host": "10.0.0.1"}])
def test_it_wants_names_and_addresses_to_be_unique(admin: Browser, conn: Connection[Any], same: dict[str, str]) -> None:
    a_switch(conn)
    admin.get("/switches/")
    assert admin.post("/switches/", NEW | same).status_code == 400


def test_it_shows_how_each_fares_and_why_one_is_out(admin: Browser, conn: Connection[Any]) -> None:
    well, out = a_switch(conn), a_switch(conn, "fs2", "10.0.0.2")
    assert "No scheduler looks at it" in admin.text("/switches/")
    switches.write_seen(conn, Seen(well, "11111111-2222-4333-8444-555555555555", 17, None, 0.2))
    switches.write_seen(conn, Seen(out, None, None, "away", None))
    page = admin.text("/switches/")
    assert "takes calls" in page
    assert "there is no connection to its Event Socket" in page
    assert "11111111-2222-4333-8444-555555555555" in page
    assert "No scheduler looks at it" not in page


def test_it_says_that_a_switch_keeps_results_until_something_is_mended(admin: Browser, conn: Connection[Any]) -> None:
    switch_id = a_switch(conn)
    switches.write_seen(conn, Seen(switch_id, None, None, None, 0.2))
    assert "Its disk keeps" not in admin.text("/switches/")
    switches.write_seen(conn, Seen(switch_id, None, None, None, 0.2, kept_results=3))
    assert "Its disk keeps 3 results" in admin.text("/switches/")
    assert "The log of this switch names the call" in admin.text("/switches/")


@pytest.mark.parametrize("path", ["/", "/system/"])
def test_the_first_pages_tell_of_results_that_are_kept(sign_in: SignIn, conn: Connection[Any], path: str) -> None:
    viewer, first, second = sign_in("viewer"), a_switch(conn), a_switch(conn, "fs2", "10.0.0.2")
    assert "in no figure yet" not in viewer.text(path)
    for switch_id in (first, second):
        switches.write_seen(conn, Seen(switch_id, None, None, None, 0.2, kept_results=2))
    assert "4 results of calls wait" in viewer.text(path)


def test_it_leads_to_the_campaign_whose_rules_are_to_be_mended(admin: Browser, conn: Connection[Any]) -> None:
    well, ill = sample.a_campaign(conn, "Well"), sample.a_campaign(conn, "Ill")
    conn.execute("UPDATE campaigns SET retry_rules = %s WHERE id = %s", ['{"busy": {}}', ill])
    switches.write_seen(conn, Seen(a_switch(conn), None, None, None, 0.2, kept_results=1))
    page = admin.text("/switches/")
    assert f'<a href="/campaigns/{ill}">Ill</a>' in page
    assert f"/campaigns/{well}" not in page
    assert "The log of this switch" not in page
    sent = as_a_browser_sends(admin.text(f"/campaigns/{ill}/edit"))
    assert "The stored retry rules can't be followed." in admin.text(f"/campaigns/{ill}/preflight")
    assert admin.post(f"/campaigns/{ill}/edit", sent).status_code == 302
    assert "/campaigns/" + str(ill) + '">Ill' not in admin.text("/switches/")
    assert "t be followed" not in admin.text(f"/campaigns/{ill}/preflight")


def test_every_reason_has_its_words() -> None:
    assert set(OUT) == {str(reason) for reason in Out}


def test_it_changes_limit_and_address(admin: Browser, conn: Connection[Any]) -> None:
    switch_id = a_switch(conn)
    admin.get(f"/switches/{switch_id}")
    changed = {"host": "fs.example.org", "port": "8022", "max_channels": "", "is_enabled": "y"}
    assert admin.post(f"/switches/{switch_id}", changed).status_code == 302
    (row,) = switches.rows(conn)
    assert (row.host, row.port, row.max_channels) == ("fs.example.org", 8022, None)
    assert actions(conn) == ["switch.changed"]


def test_the_address_of_the_settings_is_theirs(admin: Browser, conn: Connection[Any]) -> None:
    switches.from_settings(conn, "127.0.0.1", 8021)
    (row,) = switches.rows(conn)
    admin.get(f"/switches/{row.id}")
    posted = {"host": "evil", "port": "1", "max_channels": "5", "is_enabled": "y"}
    assert admin.post(f"/switches/{row.id}", posted).status_code == 302
    (after,) = switches.rows(conn)
    assert (after.host, after.port, after.max_channels) == ("127.0.0.1", 8021, 5)


def test_one_is_taken_out_and_back_in(admin: Browser, conn: Connection[Any]) -> None:
    switch_id = a_switch(conn)
    admin.get("/switches/")
    admin.post(f"/switches/{switch_id}/service", {})
    assert [row.is_enabled for row in switches.rows(conn)] == [False]
    assert "taken out" in admin.text("/switches/")
    admin.post(f"/switches/{switch_id}/service", {})
    assert [row.is_enabled for row in switches.rows(conn)] == [True]
    assert actions(conn) == ["switch.changed", "switch.changed"]


def test_one_is_removed_only_when_it_was_out_for_a_while(admin: Browser, conn: Connection[Any]) -> None:
    switch_id = a_switch(conn)
    admin.get("/switches/")
    admin.post(f"/switches/{switch_id}/remove", {})
    admin.post(f"/switches/{switch_id}/service", {})
    admin.post(f"/switches/{switch_id}/remove", {})
    assert len(switches.rows(conn)) == 1, "a scheduler may not know yet"
    conn.execute("UPDATE switches SET disabled_at = now() - interval '1 minute'")
    admin.post(f"/switches/{switch_id}/remove", {})
    assert switches.rows(conn) == []
    assert actions(conn)[-1] == "switch.removed"


@pytest.mark.parametrize("path", ["/switches/", "/switches/{}", "/switches/{}/service", "/switches/{}/remove"])
def test_only_an_administrator_changes_any(sign_in: SignIn, conn: Connection[Any], path: str) -> None:
    switch_id, manager = a_switch(conn), sign_in("manager")
    manager.get("/switches/")
    assert manager.post(path.format(switch_id), NEW).status_code == 403
    assert [row.is_enabled for row in switches.rows(conn)] == [True]
