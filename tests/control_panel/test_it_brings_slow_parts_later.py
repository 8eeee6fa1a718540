"""A real Chromium: what takes long to count does not hold up its page, and comes when it is asked for again."""

from typing import Any

import psycopg
import pytest
from playwright.sync_api import Route, ViewportSize, expect

from tests.control_panel import sample
from tests.control_panel.test_it_works_in_a_browser import NARROW, WIDE, chromium, fits, opened, panel

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
__all__ = ["chromium", "panel"]


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_a_campaigns_page_is_there_before_its_contacts_are_judged(
    chromium: Any,
    panel: str,
    postgres_url: str,
    size: ViewportSize,
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        campaign_id = sample.a_campaign(conn, pair=sample.a_gateway(conn))
        sample.contacts(conn, campaign_id, 5)
        other = sample.a_campaign(conn, "Осень", sample.a_gateway(conn, "second", "+74957654321"))
    problems: list[str] = []
    page = opened(chromium, panel, size, problems)
    held: list[Route] = []
    page.route("**/preflight", lambda route: held.append(route))
    page.goto(f"/campaigns/{campaign_id}")
    part = page.locator("#preflight")
    expect(part.locator("progress")).to_be_visible()
    expect(part).to_contain_text("Все ожидающие проверяются по правилам")
    expect(page.locator("[data-count=queued]")).to_have_text("5")
    assert fits(page)

    held[0].abort()
    expect(part).to_contain_text("Загрузить не удалось.")
    expect(part.locator("progress")).to_be_hidden()
    assert fits(page)

    page.unroute("**/preflight")
    part.get_by_role("button", name="Ещё раз").click()
    expect(part).to_contain_text("Будут набраны")
    expect(part.locator("progress")).to_have_count(0)
    assert fits(page)

    page.goto(f"/campaigns/{other}/fill/?campaigns={campaign_id}")
    page.get_by_role("button", name="Добавить 5 контактов").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Контакты из других кампаний")
    assert [problem for problem in problems if "ERR_FAILED" not in problem] == []
