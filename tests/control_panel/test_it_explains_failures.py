"""Friendly pages for what goes wrong, in the reader's language, and nothing half done behind them."""

from typing import Any

import pytest
from flask import Flask
from psycopg import Connection

from control_panel import dashboard
from db import blacklist
from tests.control_panel.conftest import Browser, SignIn


def test_it_says_that_a_page_is_not_there(sign_in: SignIn, stranger: Browser) -> None:
    answer = sign_in("viewer", "ru").get("/nowhere")
    assert answer.status_code == 404
    assert "Такой страницы нет" in answer.get_data(as_text=True)
    assert stranger.get("/nowhere").status_code == 404


def test_it_says_that_an_address_takes_no_such_request(admin: Browser) -> None:
    assert admin.get("/campaigns/1/start").status_code == 405


@pytest.mark.parametrize("language", ["ru", "en"])
def test_it_apologises_for_a_bug_and_shows_none_of_it(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, language: str
) -> None:
    browser = sign_in("viewer", language)

    def broken(*_anything: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(dashboard.overview, "first_steps", broken)
    answer = browser.get("/")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert {"ru": "Что-то сломалось у нас", "en": "Something went wrong on our side"}[language] in page
    assert "secret detail" not in page
    assert "secret detail" in caplog.text


def test_it_undoes_everything_when_a_request_fails(
    admin: Browser, conn: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from db import audit

    admin.get("/blacklist/")

    def broken(*_anything: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(audit, "record", broken)
    assert admin.post("/blacklist/", {"blacklist_id": "1", "phone": "+79161234567", "reason": "vip"}).status_code == 500
    assert blacklist.list_page(conn) == ([], 0)


def test_it_says_that_the_database_is_away_and_works_again_after(
    app: Flask, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from psycopg_pool import PoolTimeout

    pool = app.extensions["pool"]

    def no_connection(*_anything: Any, **_more: Any) -> None:
        raise PoolTimeout("away")

    with monkeypatch.context() as patched:
        patched.setattr(pool, "getconn", no_connection)
        answer = admin.get("/")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert "database is away" in answer.get_data(as_text=True)
        assert admin.client.get("/health/live").status_code == 200
    assert admin.get("/").status_code == 200


def test_it_is_ready_with_both_stores(stranger: Browser) -> None:
    answer = stranger.get("/health/ready")
    assert (answer.status_code, answer.json) == (200, {"status": "ok", "postgresql": "ok", "redis": "ok"})


def test_it_is_not_ready_without_redis(without_redis: None, stranger: Browser) -> None:
    answer = stranger.get("/health/ready")
    assert (answer.status_code, answer.json) == (503, {"status": "away", "postgresql": "ok", "redis": "away"})
