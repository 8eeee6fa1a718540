"""Signing in and out: right and wrong passwords, the throttle, the way back, and sessions that end."""

from typing import Any

import pytest
from psycopg import Connection
from redis import Redis

from control_panel import throttle
from db import users
from db.users import UserRole
from tests.control_panel.conftest import PASSWORD, Browser, SignIn


@pytest.fixture
def anna(conn: Connection[Any]) -> int:
    return users.create(conn, "anna@example.com", UserRole.VIEWER, PASSWORD, "en")


def attempt(browser: Browser, password: str, email: str = "anna@example.com", path: str = "/sign-in") -> Any:
    browser.get(path)
    return browser.post(path, {"email": email, "password": password})


def test_it_lets_the_right_password_in_and_writes_it_to_the_audit_log(
    stranger: Browser, anna: int, conn: Connection[Any]
) -> None:
    answer = attempt(stranger, PASSWORD)
    assert (answer.status_code, answer.location) == (302, "/")
    assert "anna@example.com" in stranger.text("/")
    assert conn.execute("SELECT user_id FROM audit_log WHERE action = 'user.signed_in'").fetchall() == [(anna,)]


@pytest.mark.parametrize("email", ["anna@example.com", "nobody@example.com"])
def test_it_refuses_a_wrong_password_and_an_unknown_account_alike(stranger: Browser, anna: int, email: str) -> None:
    answer = attempt(stranger, "not the password", email)
    assert answer.status_code == 401
    assert "The e-mail or the password is wrong." in answer.get_data(as_text=True)
    assert stranger.get("/").status_code == 302


def test_it_refuses_a_form_without_its_token(stranger: Browser, anna: int) -> None:
    answer = stranger.client.post("/sign-in", data={"email": "anna@example.com", "password": PASSWORD})
    assert answer.status_code == 400
    assert "out of date" in answer.get_data(as_text=True)


def test_it_makes_guessers_wait_even_when_they_guess_right_at_last(stranger: Browser, anna: int, redis: Redis) -> None:
    for _guess in range(throttle.ACCOUNT_LIMIT):
        assert attempt(stranger, "guess").status_code == 401
    answer = attempt(stranger, PASSWORD)
    assert answer.status_code == 429
    assert "Try again in 15 min." in answer.get_data(as_text=True)
    redis.flushall()
    assert attempt(stranger, PASSWORD).status_code == 302


def test_it_still_signs_in_while_redis_is_away(without_redis: None, stranger: Browser, anna: int) -> None:
    assert attempt(stranger, "wrong").status_code == 401
    assert attempt(stranger, PASSWORD).status_code == 302


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/campaigns/", "/campaigns/"),
        ("//evil.example/x", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_it_goes_on_to_pages_of_its_own_only(stranger: Browser, anna: int, wanted: str, reached: str) -> None:
    stranger.get("/sign-in")
    form = {"email": "anna@example.com", "password": PASSWORD}
    answer = stranger.post("/sign-in", form, query_string={"next": wanted})
    assert (answer.status_code, answer.location) == (302, reached)


def test_it_sends_strangers_to_the_form_and_back(stranger: Browser, anna: int) -> None:
    answer = stranger.get("/campaigns/?x=1")
    assert answer.location == "/sign-in?next=/campaigns/?x%3D1"
    assert attempt(stranger, PASSWORD, path=answer.location).location == "/campaigns/?x=1"


def test_it_ends_the_session_on_sign_out(sign_in: SignIn) -> None:
    browser = sign_in("viewer")
    assert browser.post("/sign-out").status_code == 302
    assert browser.get("/").status_code == 302


def test_it_shuts_out_an_account_that_was_switched_off_at_once(sign_in: SignIn, conn: Connection[Any]) -> None:
    browser = sign_in("viewer")
    conn.execute("UPDATE users SET is_active = false")
    assert browser.get("/").status_code == 302


def test_it_sets_a_cookie_that_scripts_and_other_sites_do_not_get(stranger: Browser, anna: int) -> None:
    stranger.get("/sign-in", base_url="https://panel.example")
    form = {"email": "anna@example.com", "password": PASSWORD}
    headers = {"Referer": "https://panel.example/sign-in"}
    answer = stranger.post("/sign-in", form, base_url="https://panel.example", headers=headers)
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" in cookie
