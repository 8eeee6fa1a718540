"""Where a campaign may call: countries and prefixes, told apart even where they share a calling code."""

import re

import phonenumbers
import pytest

from dialer.destination import allowed_prefixes, calling_codes, parse_destinations, pattern_of
from dialer.errors import InvalidDestination


def may_call(destinations: list[str], phone: str) -> bool:
    return re.search(pattern_of(allowed_prefixes(destinations, "RU")), phone) is not None


@pytest.mark.parametrize(
    ("destinations", "phone", "may"),
    [
        ([], "+79161234567", True),
        ([], "+77012345678", False),
        ([], "+375291234567", False),
        (["KZ"], "+77012345678", True),
        (["KZ"], "+79161234567", False),
        (["US"], "+12125550123", True),
        (["US"], "+16475550123", False),  # Canada
        (["US"], "+18765550123", False),  # Jamaica, a classic of toll fraud
        (["CA"], "+16475550123", True),
        (["GB"], "+447911123456", True),
        (["GB"], "+447781123456", False),  # Guernsey
        (["+7495", "BY"], "+74951234567", True),
        (["+7495", "BY"], "+79161234567", False),
        (["+7495", "BY"], "+375291234567", True),
    ],
)
def test_a_campaign_calls_where_it_may_and_nowhere_else(destinations: list[str], phone: str, *, may: bool) -> None:
    assert may_call(destinations, phone) is may


def test_every_country_may_call_its_own_numbers() -> None:
    wrong = []
    for country in phonenumbers.SUPPORTED_REGIONS - {"CA"}:  # one of Canada's examples has seven digits
        example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
        if example is not None and phonenumbers.region_code_for_number(example) == country:
            phone = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
            wrong += [] if may_call([country], phone) else [phone]
    assert wrong == []


def test_without_any_prefix_nothing_matches() -> None:
    assert re.search(pattern_of([]), "+79161234567") is None


def test_destinations_are_tidied_and_what_is_none_is_named() -> None:
    assert parse_destinations([" ru", "+7495", "RU", ""]) == ("RU", "+7495")
    assert calling_codes(("+7495", "+79", "+375")) == ("+3", "+7")
    for wrong in ("Russia", "+", "7495", "+7 495", "XX"):
        with pytest.raises(InvalidDestination, match=re.escape(wrong.upper())):
            parse_destinations([wrong])
