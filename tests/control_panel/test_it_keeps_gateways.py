"""Gateways with limits, and the caller IDs registered on them."""

from typing import Any

import pytest
from psycopg import Connection

from db import caller_ids, gateways
from tests.control_panel import sample
from tests.control_panel.conftest import Browser

LIMITS = {"max_channels": "20", "calls_per_second": "2.5", "calls_per_minute": ""}


def test_it_adds_a_gateway_under_its_name_in_the_switch(admin: Browser, conn: Connection[Any]) -> None:
    admin.get("/gateways/")
    assert admin.post("/gateways/", {"name": "trunk-1.msk", **LIMITS}).status_code == 302
    (stored,) = gateways.list_all(conn)
    assert (stored.name, stored.max_channels, stored.calls_per_second, stored.calls_per_minute) == (
        "trunk-1.msk", 20, 2.5, None,
    )  # fmt: skip
    assert "No caller ID is registered" in admin.text("/gateways/")


@pytest.mark.parametrize("name", ["", "two words", "${evil}", "a/b", "x" * 65, "-dash", "имя", "trunk\n"])
def test_it_takes_only_names_that_may_enter_a_dial_string(admin: Browser, conn: Connection[Any], name: str) -> None:
    admin.get("/gateways/")
    assert admin.post("/gateways/", {"name": name, **LIMITS}).status_code == 400
    assert gateways.list_all(conn) == []


def test_it_wants_gateway_names_to_be_unique(admin: Browser, conn: Connection[Any]) -> None:
    sample.a_gateway(conn, "trunk")
    admin.get("/gateways/")
    answer = admin.post("/gateways/", {"name": "trunk", **LIMITS})
    assert "There is a gateway of this name already." in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "wrong", [{"max_channels": "0"}, {"calls_per_second": "0"}, {"calls_per_minute": "-5"}, {"max_channels": "x"}]
)
def test_it_refuses_limits_that_make_no_sense(admin: Browser, conn: Connection[Any], wrong: dict[str, str]) -> None:
    gateway_id, _caller = sample.a_gateway(conn)
    admin.get(f"/gateways/{gateway_id}")
    assert admin.post(f"/gateways/{gateway_id}", LIMITS | wrong).status_code == 400


def test_it_changes_limits_and_writes_both_to_the_audit_log(admin: Browser, conn: Connection[Any]) -> None:
    gateway_id, _caller = sample.a_gateway(conn)
    admin.get(f"/gateways/{gateway_id}")
    assert admin.post(f"/gateways/{gateway_id}", LIMITS | {"calls_per_minute": "90"}).status_code == 302
    (stored,) = gateways.list_all(conn)
    assert (stored.max_channels, stored.calls_per_minute, stored.is_enabled) == (20, 90, False)
    row = conn.execute("SELECT details FROM audit_log WHERE action = 'gateway.changed'").fetchone()
    assert row is not None
    assert (row[0]["from"]["max_channels"], row[0]["to"]["max_channels"]) == (30, 20)
    assert "switched off" in admin.text("/gateways/")


def test_it_registers_a_caller_id_with_its_label(admin: Browser, conn: Connection[Any]) -> None:
    gateway_id = gateways.create(conn, "trunk", 5, 1)
    admin.get("/gateways/")
    form = {"phone": "8 (495) 765-43-21", "label": "ООО «Ромашка»", "category": "услуги"}
    assert admin.post(f"/gateways/{gateway_id}/caller-ids", form).status_code == 302
    (stored,) = caller_ids.list_all(conn)
    assert (stored.phone, stored.label, stored.category) == ("+74957654321", "ООО «Ромашка»", "услуги")


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"phone": "12"}, "This is no phone number."),
        ({"phone": "+7 495 765-43-21", "label": "x" * 33}, "At most 32 characters"),
        ({"phone": "+7 495 765-43-21", "label": "x" * 20, "category": "y" * 12}, "At most 32 characters"),
        ({"phone": ""}, "Fill this in."),
    ],
)
def test_it_explains_what_is_wrong_with_a_caller_id(
    admin: Browser, conn: Connection[Any], form: dict[str, str], says: str
) -> None:
    gateway_id = gateways.create(conn, "trunk", 5, 1)
    admin.get("/gateways/")
    answer = admin.post(f"/gateways/{gateway_id}/caller-ids", form)
    assert answer.status_code == 400
    assert says in answer.get_data(as_text=True)
    assert caller_ids.list_all(conn) == []


def test_it_removes_a_caller_id_unless_a_campaign_shows_it(admin: Browser, conn: Connection[Any]) -> None:
    pair = sample.a_gateway(conn)
    free = caller_ids.add(conn, pair[0], "+74950000000")
    sample.a_campaign(conn, pair=pair)
    admin.get("/gateways/")
    page = admin.post(f"/gateways/caller-ids/{pair[1]}/remove", follow_redirects=True).get_data(as_text=True)
    assert "A campaign shows this number, so it stays." in page
    admin.post(f"/gateways/caller-ids/{free}/remove")
    assert [c.id for c in caller_ids.list_all(conn)] == [pair[1]]


def test_the_registry_shows_who_uses_a_number_and_changes_its_label(admin: Browser, conn: Connection[Any]) -> None:
    pair = sample.a_gateway(conn)
    free = caller_ids.add(conn, pair[0], "+74950000000", "Old", "ads")
    campaign_id = sample.a_campaign(conn, "Autumn", pair)
    page = admin.text("/caller-ids/")
    assert f'<a href="/campaigns/{campaign_id}">Autumn</a>' in page
    assert f"/gateways/caller-ids/{free}/remove" in page
    assert f"/gateways/caller-ids/{pair[1]}/remove" not in page
    admin.get(f"/caller-ids/{free}")
    assert admin.post(f"/caller-ids/{free}", {"label": "New", "category": "survey"}).status_code == 302
    (stored,) = [c for c in caller_ids.list_all(conn) if c.id == free]
    assert (stored.phone, stored.label, stored.category) == ("+74950000000", "New", "survey")
    row = conn.execute("SELECT details FROM audit_log WHERE action = 'caller_id.changed'").fetchone()
    assert row
    assert row[0]["from"] == {"label": "Old", "category": "ads"}
    refused = admin.post(f"/caller-ids/{free}", {"label": "x" * 30, "category": "yyy"})
    assert refused.status_code == 400
    assert admin.get("/caller-ids/999").status_code == 404


def test_a_number_is_free_again_once_its_campaign_has_ended(admin: Browser, conn: Connection[Any]) -> None:
    pair = sample.a_gateway(conn)
    campaign_id = sample.a_campaign(conn, pair=pair)
    conn.execute("UPDATE campaigns SET state = 'completed' WHERE id = %s", [campaign_id])
    admin.get("/caller-ids/")
    assert admin.post(f"/gateways/caller-ids/{pair[1]}/remove").status_code == 302
    assert caller_ids.list_all(conn) == []
