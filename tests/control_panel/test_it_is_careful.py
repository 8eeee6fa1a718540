"""What a browser, a stranger or a hostile contact list must never get out of the panel."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from psycopg import Connection

from tests.control_panel import sample
from tests.control_panel.conftest import Browser

NASTY = """<script>alert(1)</script>"'><img src=x onerror=alert(2)> ${system(reboot)} {{ 7*7 }} {% raw %}"""
PAGES = ["/", "/campaigns/", "/campaigns/1", "/campaigns/1/edit", "/campaigns/1/results/", "/campaigns/1/imports/new",
         "/audio/", "/gateways/", "/blacklist/"]  # fmt: skip
CHANGING = ["/campaigns/1/start", "/blacklist/", "/audio/", "/gateways/", "/language", "/sign-out"]


def attributes(page: str) -> list[tuple[str, str]]:
    """Return every attribute of every tag as a browser reads them."""
    found: list[tuple[str, str]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend((name, value or "") for name, value in attrs)

    Reader().feed(page)
    return found


@pytest.fixture
def nasty_world(conn: Connection[Any]) -> None:
    sample.a_running_campaign(conn, NASTY[:100], size=12, done=6)
    conn.execute("UPDATE contacts SET name = %s", [NASTY])
    conn.execute("UPDATE campaigns SET description = %s", [NASTY])
    conn.execute("UPDATE caller_ids SET label = %s, category = %s", [NASTY[:32], NASTY])
    conn.execute("UPDATE leads SET external_id = %s", [NASTY])
    conn.execute(
        "INSERT INTO audio_files (name, path, original_name, duration_ms, sha256) VALUES (%s, 'a.wav', %s, 5, '')",
        [NASTY, NASTY],
    )
    conn.execute("INSERT INTO blacklist (phone, reason, note) VALUES ('+79160000000', 'vip', %s)", [NASTY])


def test_it_shows_nasty_names_as_text(admin: Browser, nasty_world: None) -> None:
    for path in PAGES:
        page = admin.text(path)
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
        assert not re.search(r'"\'><', page), path
        assert "49" not in re.findall(r"system\(reboot\)\} (\S+)", page), path


def test_it_runs_no_script_that_is_not_its_own_file(admin: Browser, nasty_world: None) -> None:
    for path in PAGES:
        page = admin.text(path)
        for tag in re.findall(r"<script\b[^>]*>", page):
            assert re.fullmatch(r'<script type="module" src="/static/\w+\.js">', tag), path
        for name, value in attributes(page):
            assert not name.startswith("on"), f"{path}: no inline handlers"
            assert name != "style", f"{path}: no inline styles"
            assert name not in ("src", "href") or value.startswith(("/", "#")), f"{path}: nothing from other hosts"
            assert not value.startswith("//"), f"{path}: nothing from other hosts"


@pytest.mark.parametrize("path", ["/sign-in", "/", "/static/panel.css", "/health/live", "/nowhere", "/live/state.json"])
def test_it_hardens_every_answer(admin: Browser, path: str) -> None:
    headers = admin.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == ("public, max-age=3600" if path.startswith("/static") else "no-store")
    assert "Strict-Transport-Security" not in headers
    secure = admin.client.get(path, base_url="https://localhost").headers
    assert "max-age" in secure["Strict-Transport-Security"]


def test_it_shows_no_secret_anywhere(admin: Browser, nasty_world: None) -> None:
    for path in [*PAGES, "/health/ready", "/live/state.json"]:
        page = admin.get(path).get_data(as_text=True)
        assert "never-shown" not in page
        assert "argon2" not in page
        assert "postgresql://" not in page


def test_it_refuses_every_change_without_the_forms_token(admin: Browser, nasty_world: None) -> None:
    for path in CHANGING:
        answer = admin.client.post(path, data={"phone": "+79161234567", "reason": "vip"})
        assert answer.status_code == 400, path
        assert "out of date" in answer.get_data(as_text=True), path


def test_it_turns_away_text_that_no_database_can_hold(admin: Browser) -> None:
    assert admin.get("/blacklist/?search=%00").status_code == 400
    admin.get("/blacklist/")
    assert admin.post("/blacklist/", {"phone": "\0", "reason": "vip"}).status_code == 400


def test_it_believes_no_forwarded_address_unless_told_of_a_proxy(app: Flask, stranger: Browser) -> None:
    seen: list[str | None] = []

    @app.before_request
    def note() -> None:
        from flask import request

        seen.append(request.remote_addr)

    stranger.get("/health/live", headers={"X-Forwarded-For": "203.0.113.9"})
    assert seen == ["127.0.0.1"]


def test_its_labels_and_descriptions_name_fields_that_are_there_once(admin: Browser, nasty_world: None) -> None:
    naming = ("for", "aria-describedby", "aria-labelledby")
    for path in [*PAGES, "/campaigns/new", "/gateways/1"]:
        found = attributes(admin.text(path))
        ids = [value for name, value in found if name == "id"]
        assert len(ids) == len(set(ids)), path
        named = [word for name, value in found if name in naming for word in value.split()]
        assert set(named) <= set(ids), path
