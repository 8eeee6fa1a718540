"""Accounts: an administrator makes, changes and shuts them out, never the own one; nobody else sees them."""

from typing import Any

import pytest
from psycopg import Connection

from db import users
from tests.control_panel.conftest import PASSWORD, Browser, SignIn

FORM = {"email": "Boris@Example.com", "role": "operator", "password": PASSWORD}


def account(conn: Connection[Any], email: str) -> users.User:
    return next(user for user in users.list_all(conn) if user.email == email)


def test_a_made_account_signs_in_and_is_on_record_without_its_password(
    admin: Browser, stranger: Browser, conn: Connection[Any]
) -> None:
    assert admin.post("/users/", FORM).status_code == 302
    page = admin.text("/users/")
    assert "boris@example.com" in page
    assert "has never signed in" in page
    assert admin.post("/users/", FORM).status_code == 400
    stranger.get("/sign-in")
    assert stranger.post("/sign-in", {"email": "boris@example.com", "password": PASSWORD}).status_code == 302
    assert stranger.get("/users/").status_code == 403
    row = conn.execute("SELECT details::text FROM audit_log WHERE action = 'user.created'").fetchone()
    assert row == ('{"role": "operator", "email": "Boris@Example.com"}',)


@pytest.mark.parametrize("wrong", [{"email": "boris"}, {"email": "@x"}, {"role": "king"}, {"password": "short"}])
def test_it_refuses_what_is_no_account(admin: Browser, conn: Connection[Any], wrong: dict[str, str]) -> None:
    assert admin.post("/users/", FORM | wrong).status_code == 400
    assert len(users.list_all(conn)) == 1


def test_who_is_shut_out_loses_the_session_and_who_gets_a_role_its_pages(
    admin: Browser, sign_in: SignIn, conn: Connection[Any]
) -> None:
    viewer = sign_in("viewer")
    found = account(conn, "viewer-en@example.com")
    page = f"/users/{found.id}"
    assert viewer.get("/campaigns/new").status_code == 403
    admin.post(page, {"role": "manager", "is_active": "y"})
    assert viewer.get("/campaigns/new").status_code == 200
    admin.post(page, {"role": "manager"})
    assert viewer.get("/campaigns/new").status_code == 302
    row = conn.execute("SELECT details FROM audit_log WHERE action = 'user.changed' ORDER BY id LIMIT 1").fetchone()
    assert row == ({"email": found.email, "changed": {"role": ["viewer", "manager"]}},)
    assert "viewer → manager" in admin.text("/audit/?action=user.changed")
    assert "shut out" in admin.text("/users/")


def test_a_new_password_replaces_the_old_one(admin: Browser, stranger: Browser, conn: Connection[Any]) -> None:
    admin.post("/users/", FORM)
    page = f"/users/{account(conn, 'boris@example.com').id}"
    assert admin.post(page, {"role": "operator", "is_active": "y", "password": "short"}).status_code == 400
    admin.post(page, {"role": "operator", "is_active": "y", "password": "another long password"})
    stranger.get("/sign-in")
    assert stranger.post("/sign-in", {"email": "boris@example.com", "password": PASSWORD}).status_code == 401
    again = {"email": "boris@example.com", "password": "another long password"}
    assert stranger.post("/sign-in", again).status_code == 302
    assert conn.execute("SELECT count(*) FROM audit_log WHERE action = 'user.password_set'").fetchone() == (1,)


def test_nobody_takes_away_the_own_access(admin: Browser, conn: Connection[Any]) -> None:
    mine = account(conn, "admin-en@example.com")
    for form in ({"role": "viewer", "is_active": "y"}, {"role": "admin"}):
        assert admin.post(f"/users/{mine.id}", form).status_code == 400
    assert account(conn, mine.email) == mine
    assert admin.get("/users/999").status_code == 404


def test_only_an_administrator_sees_accounts(sign_in: SignIn) -> None:
    manager = sign_in("manager")
    assert manager.get("/users/").status_code == 403
    assert manager.post("/users/", FORM).status_code == 403
