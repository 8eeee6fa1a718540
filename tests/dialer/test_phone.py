"""Numbers as people type them."""

import pytest

from dialer.errors import InvalidNumber
from dialer.phone import normalise, zones_of


@pytest.mark.parametrize(
    ("raw", "country", "e164", "region"),
    [
        ("+7 916 123-45-67", "RU", "+79161234567", "RU"),
        ("8 (916) 123-45-67", "RU", "+79161234567", "RU"),
        ("79161234567", "RU", "+79161234567", "RU"),
        ("9161234567", "RU", "+79161234567", "RU"),
        (" 8\u00a0916\u00a0123\u201145\u201167 ", "RU", "+79161234567", "RU"),
        ("8 495 123 45 67", "RU", "+74951234567", "RU"),
        ("+49 30 901820", "RU", "+4930901820", "DE"),
        ("(212) 555-2368", "US", "+12125552368", "US"),
        ("8 701 234 56 78", "KZ", "+77012345678", "KZ"),
    ],
)
def test_a_number_becomes_e164(raw: str, country: str, e164: str, region: str) -> None:
    phone = normalise(raw, country)
    assert (phone.e164, phone.region) == (e164, region)


@pytest.mark.parametrize(
    "raw",
    ["", "  ", "abc", "12345", "112", "7.91612E+10", "8-800-FLOWERS", "+7 916 123-45-6", "+79161234567; rm", "$" * 40,
     "+7916123456789012", "00000000000", "${system(id)}", "+7916١٢٣٤٥٦٧x"],
)  # fmt: skip
def test_what_is_no_dialable_number_is_refused(raw: str) -> None:
    with pytest.raises(InvalidNumber):
        normalise(raw, "RU")


def test_a_mobile_keeps_every_zone_it_may_be_in_and_a_landline_its_own() -> None:
    mobile = normalise("+79161234567", "RU").zones
    assert len(mobile) > 10
    assert list(mobile) == sorted(mobile)
    assert {"Europe/Moscow", "Asia/Vladivostok"} <= set(mobile)
    assert normalise("+74951234567", "RU").zones == ("Europe/Moscow",)


def test_a_number_whose_plan_tells_no_zone_has_none() -> None:
    assert normalise("+80012345678", "RU").zones == zones_of("+80012345678") == ()
