"""Russian and English: nothing untranslated, nothing bare in a template, and the switch that remembers."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from flask import Flask
from psycopg import Connection

from control_panel import catalogues, labels
from db import switches
from tests.control_panel import sample
from tests.control_panel.conftest import Browser, SignIn

TEMPLATES = catalogues.ROOM / "templates"
JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
TAG = re.compile(r"<[^>]*>", re.DOTALL)
SPOKEN_ATTRIBUTE = re.compile(r'\b(?:title|placeholder|aria-label|alt)="([^"]*[A-Za-zА-Яа-я][^"]*)"')
LETTER = re.compile(r"[A-Za-zА-Яа-я]{2,}")
CYRILLIC = re.compile(r"[А-Яа-яЁё]")
SAID_AS_IT_IS = {"", "+7 495 123-45-67", "+7 916 123-45-67"}
PAGES = ["/", "/campaigns/", "/campaigns/new", "/campaigns/1", "/campaigns/1/edit", "/campaigns/1/results/",
         "/campaigns/1/imports/new", "/audio/", "/gateways/", "/gateways/1", "/blacklist/", "/holidays/", "/limits/",
         "/leads/", "/leads/1", "/campaigns/1/contacts/", "/campaigns/1/schedule",
         "/caller-ids/", "/caller-ids/1", "/campaigns/1/abandoned", "/system/", "/limits/profiles/1", "/audit/",
         "/campaigns/1/zones/", "/blacklist/changes/", "/users/", "/users/1",
         "/switches/", "/switches/1", "/switches/1/write-off", "/campaigns/1/pacing",
         "/campaigns/1/preflight"]  # fmt: skip
PLACE = re.compile(r"%\((\w+)\)[sd]")


def ids(catalogue: Catalog) -> set[tuple[str | None, str]]:
    return {(m.context, m.id if isinstance(m.id, str) else m.id[0]) for m in catalogue if m.id}


@pytest.mark.parametrize("language", ["ru", "en"])
def test_it_has_every_text_in_each_catalogue_and_none_that_is_gone(language: str) -> None:
    assert ids(catalogues.read(language)) == ids(catalogues.extract())


def test_it_leaves_nothing_untranslated_in_russian() -> None:
    assert catalogues.untranslated(catalogues.read("ru")) == []


def test_its_translations_keep_every_placeholder() -> None:
    for message in catalogues.read("ru"):
        for form in [message.string] if isinstance(message.string, str) else message.string or ():
            source = message.id if isinstance(message.id, str) else message.id[0]
            assert set(PLACE.findall(form)) == set(PLACE.findall(source)), message.id


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_its_templates_hold_no_bare_text(path: Path) -> None:
    markup = JINJA.sub("", path.read_text(encoding="utf-8"))
    assert LETTER.findall(TAG.sub("", markup)) == []
    assert set(SPOKEN_ATTRIBUTE.findall(markup)) <= SAID_AS_IT_IS


def test_it_labels_every_member_of_every_enum_it_shows() -> None:
    for kind, texts in labels.LABELS.items():
        assert set(texts) == {str(member) for member in kind}, kind
    assert set(labels.TONES.values()) <= set(labels.GROUPS)
    assert {str(d) for d in labels.TONES} == set(labels.LABELS[next(iter(labels.TONES)).__class__])


def test_it_remembers_the_choice_with_the_account(sign_in: SignIn, conn: Connection[Any]) -> None:
    browser = sign_in("viewer", "en")
    assert '<html lang="en">' in browser.text("/")
    answer = browser.post("/language", {"language": "ru", "next": "/campaigns/"})
    assert answer.location == "/campaigns/"
    page = browser.text("/campaigns/")
    assert '<html lang="ru">' in page
    assert "Кампании" in page
    assert conn.execute("SELECT language FROM users").fetchone() == ("ru",)


def test_it_speaks_a_strangers_browsers_language_until_they_choose(stranger: Browser) -> None:
    assert '<html lang="ru">' in stranger.text("/sign-in", headers={"Accept-Language": "ru,en;q=0.5"})
    assert '<html lang="en">' in stranger.text("/sign-in", headers={"Accept-Language": "de"})
    stranger.post("/language", {"language": "ru", "next": "//evil.example"})
    assert '<html lang="ru">' in stranger.text("/sign-in", headers={"Accept-Language": "en"})


def test_its_russian_pages_are_russian_and_its_english_pages_english(sign_in: SignIn, conn: Connection[Any]) -> None:
    sample.a_running_campaign(conn, "Zzz", size=12, done=4)
    switches.from_settings(conn, "127.0.0.1", 8021)
    conn.execute("UPDATE contacts SET name = ''")
    conn.execute("UPDATE caller_ids SET label = '', category = ''")
    conn.execute("UPDATE holidays SET name = '-'")
    conn.execute("UPDATE limit_profiles SET name = '-'")
    in_english, in_russian = sign_in("admin", "en"), sign_in("admin", "ru")
    sources = {m.id for m in catalogues.read("ru") if isinstance(m.id, str) and m.id != m.string and len(m.id) > 5}
    for path in PAGES:
        english = TAG.sub(" ", in_english.text(path))
        assert CYRILLIC.findall(english) == [], path
        shown = {" ".join(text.split()) for text in TAG.sub("\n", in_russian.text(path)).splitlines()}
        assert shown & sources == set(), path


def test_it_finds_a_text_that_was_forgotten(tmp_path: Path) -> None:
    """The check for bare text must be able to fail."""
    markup = JINJA.sub("", '<p>{{ _("Fine") }} Forgotten</p><input placeholder="Type here">')
    assert LETTER.findall(TAG.sub("", markup)) == ["Forgotten"]
    assert SPOKEN_ATTRIBUTE.findall(markup) == ["Type here"]


def test_its_update_command_changes_nothing_when_all_is_up_to_date() -> None:
    before = {language: catalogues.catalogue_path(language).read_bytes() for language in ("ru", "en")}
    done = subprocess.run(
        [sys.executable, "-m", "control_panel.catalogues"], capture_output=True, text=True, check=True
    )
    assert "ru:" in done.stdout
    assert "0 untranslated" in done.stdout
    assert {language: catalogues.catalogue_path(language).read_bytes() for language in ("ru", "en")} == before


def test_it_compiles_catalogues_outside_the_checkout(app: Flask) -> None:
    assert not list(catalogues.SOURCE.rglob("*.mo"))
    assert str(catalogues.SOURCE) not in app.config["BABEL_TRANSLATION_DIRECTORIES"]
