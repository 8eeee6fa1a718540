"""A real Chromium: a newcomer's whole way from signing in to a campaign that dials, wide and narrow."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
import redis as redis_package
import soundfile
from playwright.sync_api import FilePayload, Page, Route, ViewportSize, expect, sync_playwright

from db import switches, users
from db.switches import Seen, SwitchRow
from tests.control_panel import sample
from tests.control_panel.conftest import PASSWORD
from tests.control_panel.server import running_panel

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WIDE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 360, "height": 740}
CONTACTS = "Имя;Телефон;Город\nАнна;+7 916 123-45-67;Москва\nБорис;12;Тверь\nВера;8 916 765-43-21;Тула\n"
expect.set_options(timeout=20_000)  # a busy machine is slow, not wrong


@pytest.fixture
def chromium() -> Iterator[Any]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def panel(postgres_url: str, redis_url: str, tmp_path: Path) -> Iterator[str]:
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        users.create(conn, "anna@example.com", users.UserRole.ADMIN, PASSWORD, "ru")
    with running_panel(postgres_url, redis_url, tmp_path) as (base, _process):
        yield base


def opened(chromium: Any, base: str, size: ViewportSize, problems: list[str], scheme: str = "light") -> Page:
    """Sign in as Anna, by keyboard alone; what the page's console complains about is collected."""
    context = chromium.new_context(viewport=size, locale="ru-RU", color_scheme=scheme, base_url=base)
    page: Page = context.new_page()
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto("/")
    expect(page.get_by_label("Электронная почта")).to_be_focused()
    page.keyboard.type("anna@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Обзор")
    return page


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_a_newcomer_gets_from_signing_in_to_a_campaign_that_dials(
    chromium: Any, panel: str, postgres_url: str, redis_url: str
) -> None:
    problems: list[str] = []
    page = opened(chromium, panel, WIDE, problems)
    main = page.locator("main")

    page.get_by_role("link", name="Добавить шлюз и номер для исходящих").click()
    main.get_by_label("Название").fill("demo")
    page.get_by_role("button", name="Добавить шлюз").click()
    main.get_by_label("Номер").fill("+7 495 123-45-67")
    main.get_by_label("Подпись").fill("ООО «Тепло»")
    page.get_by_role("button", name="Зарегистрировать номер").click()
    expect(main).to_contain_text("Номер +74951234567 зарегистрирован.")

    page.get_by_role("link", name="Аудио").first.click()
    wave = io.BytesIO()
    soundfile.write(wave, 0.3 * np.sin(np.arange(44_100) / 16), 44_100, format="OGG")
    sound: FilePayload = {"name": "Привет.ogg", "mimeType": "audio/ogg", "buffer": wave.getvalue()}
    page.get_by_label("Аудиофайл").set_input_files(files=[sound])
    expect(page.get_by_label("Название")).to_have_value("Привет")
    page.get_by_role("button", name="Загрузить").click()
    expect(main).to_contain_text("Запись «Привет» готова для кампаний.")
    loaded = "a => new Promise(done => { a.onloadedmetadata = () => done(a.duration); a.load(); })"
    assert page.locator("audio").evaluate(loaded) == pytest.approx(1.0, abs=0.05)

    page.get_by_role("link", name="Кампании").first.click()
    page.get_by_role("link", name="Создать первую кампанию").click()
    page.get_by_label("Название").fill("Весна")
    page.get_by_label("Приветствие", exact=True).select_option(label="Привет")
    expect(page.get_by_role("checkbox", name="+74951234567")).to_be_checked()
    page.get_by_role("button", name="Создать кампанию").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Весна")

    page.get_by_role("link", name="Загрузить контакты").first.click()
    people: FilePayload = {"name": "contacts.csv", "mimeType": "text/csv", "buffer": CONTACTS.encode("cp1251")}
    page.get_by_label("Файл с контактами").set_input_files(files=[people])
    page.get_by_role("button", name="Загрузить и посмотреть").click()
    expect(page.get_by_label("Номер телефона")).to_have_value("1")
    expect(page.locator("td.chosen").first).to_have_text("Анна")
    page.get_by_role("button", name="Загрузить 3 строки").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Отчёт о загрузке")
    expect(main).to_contain_text("Нет правильного номера")
    with page.expect_download() as download:
        page.get_by_role("link", name="Скачать отклонённые строки (CSV)").click()
    assert "Борис" in Path(download.value.path()).read_text(encoding="utf-8-sig")

    page.get_by_role("link", name="К «Весна»").click()
    page.get_by_role("button", name="Начать звонить").click()
    expect(page.locator(".title .badge")).to_have_text("Звонит")
    expect(page.locator("[data-light]")).to_have_attribute("data-state", "live")
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        assert conn.execute("SELECT state FROM campaigns").fetchone() == ("active",)
        conn.execute("UPDATE contacts SET state = 'concluded', disposition = 'busy' WHERE phone = '+79161234567'")
    with redis_package.Redis.from_url(redis_url) as client:
        client.publish("dialer:live", json.dumps({"type": "call.ended", "campaign_id": 1}))
    expect(page.locator('[data-count="concluded"]')).to_have_text("1")
    bar = page.locator('[data-part="concluded"]').first
    expect(bar).to_have_attribute("width", "50%")

    page.get_by_role("button", name="Пауза").click()
    expect(page.locator(".title .badge")).to_have_text("На паузе")
    assert problems == []


def test_a_files_name_is_offered_although_it_was_chosen_before_the_script_came(chromium: Any, panel: str) -> None:
    page, held = opened(chromium, panel, WIDE, []), list[Route]()

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/audio_preview.js*", hold)
    page.goto("/audio/", wait_until="commit")
    sound: FilePayload = {"name": "Привет.ogg", "mimeType": "audio/ogg", "buffer": b""}
    page.get_by_label("Аудиофайл").set_input_files(files=[sound])
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()
    expect(page.get_by_label("Название")).to_have_value("Привет")


def test_an_open_page_follows_the_campaign_and_recovers_when_the_panel_was_away(
    chromium: Any, postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        users.create(conn, "anna@example.com", users.UserRole.ADMIN, PASSWORD, "ru")
        sample.a_running_campaign(conn, size=30, done=10)
        with running_panel(postgres_url, redis_url, tmp_path) as (base, _process):
            page = opened(chromium, base, WIDE, [])
            light = page.locator("[data-light]")
            expect(light).to_have_attribute("data-state", "live")
            expect(page.locator("table.calls tbody tr")).to_have_count(9)
            expect(page.locator("table.calls tbody td.num").first).to_have_text(re.compile(r"^\d+:\d\d$"))
            page.route("**/live/*", lambda route: route.abort())
            page.reload()
            expect(light).to_have_attribute("data-state", "away", timeout=15_000)
            page.unroute("**/live/*")
            expect(light).to_have_attribute("data-state", "live", timeout=40_000)
            conn.execute("UPDATE campaigns SET state = 'paused'")
            expect(page.locator("main .badge").first).to_have_text("На паузе", timeout=15_000)


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (NARROW, "light"), (NARROW, "dark")])
def test_no_page_is_wider_than_the_screen(
    chromium: Any, panel: str, postgres_url: str, size: ViewportSize, scheme: str
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        sample.a_running_campaign(conn, "Очень-длинное-название-кампании-без-единого-пробела" * 2, size=60, done=40)
        conn.execute("UPDATE contacts SET name = repeat('Й', 200) WHERE id % 7 = 0")
        conn.execute("INSERT INTO blacklist (phone, reason, note) VALUES ('+79160000000', 'vip', repeat('Щ', 300))")
        name = "Ы" * 100
        conn.execute(
            "INSERT INTO audio_files (name, path, original_name, duration_ms, sha256) VALUES (%s, 'a', %s, 5, '')",
            [name, name],
        )
        known = switches.create(
            conn, SwitchRow(0, "w" * 64, "switch." * 30 + "example.org", 8021, None, is_enabled=True)
        )
        switches.write_seen(conn, Seen(known, "11111111-2222-4333-8444-555555555555", 7, "away", 3.0, kept_results=3))
    problems: list[str] = []
    page = opened(chromium, panel, size, problems, scheme)
    paths = ["/", "/campaigns/", "/campaigns/1", "/campaigns/1/edit", "/campaigns/1/results/",
             "/campaigns/1/imports/new", "/audio/", "/gateways/", "/gateways/1", "/blacklist/",
             "/leads/", "/leads/1", "/campaigns/1/contacts/", "/campaigns/1/schedule",
         "/caller-ids/", "/caller-ids/1", "/campaigns/1/abandoned", "/system/", "/audit/", "/blacklist/changes/",
             "/limits/", "/limits/profiles/1", "/holidays/", "/campaigns/1/zones/", "/users/", "/users/1",
             "/campaigns/abandoned", "/switches/", "/switches/1", "/switches/1/write-off",
             "/campaigns/1/pacing"]  # fmt: skip
    assert [path for path in paths if not (page.goto(path) and fits(page))] == []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert [problem for problem in problems if "404" not in problem] == []
