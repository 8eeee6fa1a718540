"""`python -m tests.control_panel.picture [FILE]` draws docs/panel.png: a campaign's page in full swing."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from playwright.sync_api import ViewportSize, expect, sync_playwright

from db import users
from db.migrate import migrate
from devstack.postgres import private_postgres
from devstack.redis import private_redis
from tests.control_panel import sample
from tests.control_panel.server import ROOT, running_panel
from tests.control_panel.test_it_works_in_a_browser import ARGUMENTS, CHROMIUM

PASSWORD = "only for this picture"
SIZE: ViewportSize = {"width": 1280, "height": 900}
IMPORT = (
    "INSERT INTO contact_imports (campaign_id, file_name, state, rows_total, accepted, rejected)"
    """ VALUES (%s, 'клиенты-осень.xlsx', 'done', 1234, 1200, '{"invalid_number": 21, "duplicate": 13}')"""
)


def main() -> int:
    """Start a panel over sample data and photograph it."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "panel.png"
    with private_postgres(for_tests=True) as postgres, private_redis() as redis, TemporaryDirectory() as folder:
        migrate(postgres.url)
        with psycopg.connect(postgres.url, autocommit=True) as conn:
            users.create(conn, "anna@example.com", users.UserRole.ADMIN, PASSWORD, "ru")
            conn.execute(IMPORT, [sample.a_running_campaign(conn)])
        with running_panel(postgres.url, redis.url, Path(folder)) as (base, _process), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            page = browser.new_context(viewport=SIZE, locale="ru-RU", base_url=base).new_page()
            page.goto("/sign-in")
            page.locator("#email").fill("anna@example.com")
            page.locator("#password").fill(PASSWORD)
            page.keyboard.press("Enter")
            page.get_by_role("link", name="Осенняя акция").click()
            expect(page.locator("[data-light]")).to_have_attribute("data-state", "live")
            expect(page.locator("table.calls tbody td.num").first).not_to_be_empty()
            page.screenshot(path=target, full_page=False)
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
