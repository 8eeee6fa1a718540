"""Every page asks for a role, and each role gets its own pages and no others."""

import pytest
from flask import Flask

from db.users import UserRole
from tests.control_panel.conftest import Browser, SignIn

OPEN = {
    "static",
    "sign_in.form",
    "sign_in.sign_in",
    "sign_in.sign_out",
    "sign_in.language",
    "health.live",
    "health.ready",
}


def test_it_asks_for_a_role_on_every_page_that_is_not_meant_for_strangers(app: Flask) -> None:
    unguarded = {name for name, view in app.view_functions.items() if not hasattr(view, "needed_role")}
    assert unguarded == OPEN


def test_it_lets_nobody_change_anything_by_a_link(app: Flask) -> None:
    changing = {"create", "add", "update", "remove", "move", "upload", "receive", "start", "add_caller_id"}
    rules = [rule for rule in app.url_map.iter_rules() if "POST" not in (rule.methods or set())]
    assert {rule.endpoint for rule in rules if rule.endpoint.split(".")[-1] in changing} <= {
        "imports.upload",
        "blacklist_imports.upload",
    }


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("viewer", "/", 200),
        ("viewer", "/campaigns/new", 403),
        ("operator", "/campaigns/new", 403),
        ("manager", "/campaigns/new", 200),
        ("manager", "/gateways/", 200),
        ("admin", "/gateways/", 200),
    ],
)
def test_it_shows_each_role_its_pages(sign_in: SignIn, role: str, path: str, status: int) -> None:
    assert sign_in(role).get(path).status_code == status


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("viewer", "/campaigns/1/start"),
        ("viewer", "/blacklist/"),
        ("operator", "/audio/"),
        ("operator", "/campaigns/1/imports/new"),
        ("manager", "/gateways/"),
        ("manager", "/gateways/1/caller-ids"),
    ],
)
def test_it_refuses_changes_above_a_role(sign_in: SignIn, role: str, path: str) -> None:
    answer = sign_in(role).post(path)
    assert answer.status_code == 403
    assert "Your role does not allow this" in answer.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/", "/campaigns/", "/campaigns/1", "/audio/1/file.wav", "/live/state.json"])
def test_it_shows_strangers_nothing(stranger: Browser, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 302
    assert answer.location.startswith("/sign-in?next=")


def test_it_ranks_every_role() -> None:
    from control_panel.access import RANK

    assert set(RANK) == set(UserRole)
