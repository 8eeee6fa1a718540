"""Where a campaign may call: countries and prefixes of numbers, and kinds of numbers that cost the caller extra."""

import re
from collections.abc import Iterable, Sequence
from functools import cache

import phonenumbers

from dialer.errors import InvalidDestination

PREFIX = re.compile(r"\+[1-9][0-9]{0,14}")
LEADING_DIGITS = {1: 3, 7: 3, 44: 4}
"""Calling code → how many national digits tell the countries apart that share it. Other shared codes, such as +39 of
Italy and the Vatican, are one plan with one tariff: whoever may call the one country may call the other."""
NATIONAL_DIGITS = 10
"""Of a full number in each of these plans."""
FILLER = "23456789"
"""What a leading part is filled up with; no plan gives such digits a meaning."""


def parse_destinations(texts: Iterable[str]) -> tuple[str, ...]:
    """Return countries (`RU`) and prefixes (`+7495`), tidied, each once; raises InvalidDestination."""
    found = dict.fromkeys(text.strip().upper() for text in texts if text.strip())
    for text in found:
        if text not in phonenumbers.SUPPORTED_REGIONS and not PREFIX.fullmatch(text):
            raise InvalidDestination(f"{text!r} is no country like RU and no prefix like +7495")
    return tuple(found)


def allowed_prefixes(destinations: Sequence[str], default_country: str) -> tuple[str, ...]:
    """Return the prefixes (`+79`) of all numbers a campaign may call; without destinations its country's alone."""
    found: set[str] = set()
    for destination in destinations or (default_country,):
        found.update((destination,) if destination.startswith("+") else prefixes_of(destination))
    return tuple(sorted(found))


def pattern_of(prefixes: Sequence[str]) -> str:
    """Return the regular expression, the same to Python and PostgreSQL, that numbers with these prefixes match.

    Without any prefix it matches no number at all.
    """
    return r"^\+(" + "|".join(prefix.removeprefix("+") for prefix in prefixes) + ")" if prefixes else "^$"


def calling_codes(prefixes: Sequence[str]) -> tuple[str, ...]:
    """Return the fewest beginnings of one or two characters that the prefixes share: what can concern them at all."""
    return tuple(sorted({prefix[:2] for prefix in prefixes}))


@cache
def prefixes_of(country: str) -> tuple[str, ...]:
    """Return the prefixes of a country's numbers, as few as there can be, `+375` or `+73, +74, …`.

    Countries that share a calling code are told apart by asking the numbering plan about each leading part.
    """
    code = phonenumbers.country_code_for_region(country)
    if not code:
        raise InvalidDestination(f"{country!r} is no country with a calling code")
    if code not in LEADING_DIGITS:
        return (f"+{code}",)
    return _shortened(f"+{code}", country, code)


def _shortened(prefix: str, country: str, code: int) -> tuple[str, ...]:
    owners = _owners(prefix.removeprefix(f"+{code}"), code)
    if country not in owners:
        return ()
    if owners == {country}:
        return (prefix,)
    return tuple(found for digit in "0123456789" for found in _shortened(prefix + digit, country, code))


@cache
def _owners(leading: str, code: int) -> frozenset[str]:
    """Return the countries that numbers beginning with these national digits belong to; nobody's are the main one's."""
    if len(leading) < LEADING_DIGITS[code]:
        return frozenset().union(*(_owners(leading + digit, code) for digit in "0123456789"))
    number = phonenumbers.parse(f"+{code}{(leading + FILLER)[:NATIONAL_DIGITS]}")
    return frozenset({phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(code)})
