"""A portal may be renamed within its operator's domain; anything else might be somebody else's machine."""

from urllib.parse import urlsplit

import pytest

from integrations.web_address import may_move

PORTAL = "https://old.bitrix24.ru/rest/1/s/"


@pytest.mark.parametrize(
    "there", ["https://new.bitrix24.ru/x", "https://NEW.bitrix24.ru/x", "https://new.bitrix24.ru:443/x"]
)
def test_it_follows(there):
    assert may_move(urlsplit(PORTAL), urlsplit(there))


@pytest.mark.parametrize(
    "there",
    [
        "http://new.bitrix24.ru/x",
        "https://bitrix24.ru.evil.example/x",
        "https://evil.example/x",
        "https://bitrix24.ru/x",
        "https://user:pass@new.bitrix24.ru/x",
        "https://127.0.0.1/x",
        "https://10.0.0.1/x",
        "https://localhost/x",
        "/relative",
        "//",
        "",
        "ftp://new.bitrix24.ru/x",
    ],
)
def test_it_stays(there):
    assert not may_move(urlsplit(PORTAL), urlsplit(there))


def test_two_companies_below_one_public_suffix_are_strangers():
    assert not may_move(urlsplit("https://one.co.uk/"), urlsplit("https://two.co.uk/"))
    assert not may_move(urlsplit("https://one.ru/"), urlsplit("https://two.ru/"))


def test_one_machine_has_two_names():
    assert may_move(urlsplit("http://127.0.0.1:8000/"), urlsplit("http://localhost:8000/"))
