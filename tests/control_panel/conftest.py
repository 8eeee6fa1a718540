"""The panel on real stores: an application, people with each role signed in, and a connection that sees it all."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from psycopg import Connection
from redis import Redis

from control_panel.app import create_app
from control_panel.live_hub import LiveHub
from db import users
from db.pool import open_pool
from db.redis_client import open_redis
from db.users import UserRole
from dialer.settings import Settings, read_settings

PASSWORD = "a long enough password"
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords with the same code at a cost that hundreds of tests can bear."""
    monkeypatch.setattr(users, "hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


@pytest.fixture
def settings(postgres_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """Settings of a panel that keeps its files in the test's folder."""
    return read_settings(
        {
            "DIALER_DATABASE_URL": postgres_url,
            "DIALER_REDIS_URL": redis_url,
            "DIALER_SECRET_KEY": "x" * 32,
            "DIALER_ESL_PASSWORD": "never-shown-esl-password",
            "DIALER_BITRIX24_WEBHOOK_URL": "https://portal.example/rest/1/never-shown-webhook/",
            "DIALER_AUDIO_DIR": str(tmp_path / "audio"),
            "DIALER_RECORDINGS_DIR": str(tmp_path / "recordings"),
            "DIALER_UPLOADS_DIR": str(tmp_path / "uploads"),
            "DIALER_PANEL_LANGUAGE": "en",
            "DIALER_UPLOAD_LIMIT_MB": "2",
        }
    )


@pytest.fixture
def conn(postgres_url: str) -> Iterator[Connection[Any]]:
    """A connection in which each statement commits by itself."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def redis(settings: Settings) -> Iterator[Redis]:
    """A client of the test's emptied Redis."""
    client = open_redis(settings.redis_url, 2000)
    yield client
    client.close()


@pytest.fixture
def app(settings: Settings, redis: Redis) -> Iterator[Flask]:
    """The application."""
    with open_pool(settings.database_url, 6) as pool:
        made = create_app(settings, pool, redis)
        yield made
        made.extensions["panel"].live.close()


@pytest.fixture
def without_redis(app: Flask) -> None:
    """Let the application find nobody at Redis's address."""
    panel = app.extensions["panel"]
    away = open_redis("redis://127.0.0.1:1/0", 200)
    app.extensions["panel"] = replace(panel, redis=away, live=LiveHub(away, app.extensions["pool"]))


class Browser:
    """A test client that sends the forms' CSRF token along."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.token = ""

    def get(self, path: str, **more: Any) -> Any:
        """Open a page, and remember its token."""
        answer = self.client.get(path, **more)
        found = TOKEN.search(answer.get_data(as_text=True)) if answer.mimetype == "text/html" else None
        self.token = found.group(1) if found else self.token
        return answer

    def post(self, path: str, data: Any = None, **more: Any) -> Any:
        """Send a form with the token."""
        if isinstance(data, list):
            from werkzeug.datastructures import MultiDict

            data = MultiDict([*data, ("csrf_token", self.token)])
        else:
            data = {**(data or {}), "csrf_token": self.token}
        return self.client.post(path, data=data, **more)

    def text(self, path: str, **more: Any) -> str:
        """Open a page that must be there, and return its HTML."""
        answer = self.get(path, follow_redirects=True, **more)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return str(answer.get_data(as_text=True))


SignIn = Callable[..., Browser]


@pytest.fixture
def stranger(app: Flask) -> Browser:
    """Somebody who has not signed in."""
    return Browser(app.test_client())


@pytest.fixture
def sign_in(app: Flask, conn: Connection[Any]) -> SignIn:
    """Make a user of a role and sign them in."""

    def make(role: str = "admin", language: str = "en") -> Browser:
        email = f"{role}-{language}@example.com"
        users.create(conn, email, UserRole(role), PASSWORD, language)
        browser = Browser(app.test_client())
        browser.get("/sign-in")
        answer = browser.post("/sign-in", {"email": email, "password": PASSWORD})
        assert answer.status_code == 302, answer.get_data(as_text=True)
        browser.get("/")
        return browser

    return make


@pytest.fixture
def admin(sign_in: SignIn) -> Browser:
    """A signed-in administrator who reads English."""
    return sign_in("admin")
