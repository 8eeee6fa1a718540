"""Phone numbers: from what people type to E.164, with the zones the number may be in."""

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import timezone

from dialer.errors import InvalidNumber

DIALABLE = re.compile(r"\+?[0-9\s().\-/\u00a0\u2010-\u2015\u2212\u202f]+")
"""Letters are refused: `7.9E+10` from a spreadsheet would otherwise be read as another, valid number."""
UNKNOWN_ZONE = "Etc/Unknown"


@dataclass(frozen=True, slots=True)
class Phone:
    """e164: `+79161234567`. region: ISO country, `RU`. zones: sorted IANA names, empty when the plan tells none."""

    e164: str
    region: str
    zones: tuple[str, ...]


def normalise(raw: str, default_country: str) -> Phone:
    """Read a number as people write it; without `+` it is one of `default_country` (ISO, `RU`).

    Raises InvalidNumber when no dialable number can be read from it.
    """
    text = raw.strip()
    if not text:
        raise InvalidNumber("the number is empty")
    if not DIALABLE.fullmatch(text):
        raise InvalidNumber(f"{raw!r} holds characters that are no part of a phone number")
    try:
        number = phonenumbers.parse(text, default_country)
    except phonenumbers.NumberParseException as error:
        raise InvalidNumber(f"{raw!r} is no phone number: {error}") from error
    region = phonenumbers.region_code_for_number(number)
    if region is None or not phonenumbers.is_valid_number_for_region(number, region):
        raise InvalidNumber(f"{raw!r} is no number of any country's numbering plan")
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Phone(e164, region, _sorted_zones(tuple(timezone.time_zones_for_number(number))))


@lru_cache(maxsize=4096)
def _sorted_zones(zones: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(zones) - {UNKNOWN_ZONE}))


def zones_of(e164: str) -> tuple[str, ...]:
    """Return every zone the numbering plan allows for the number, sorted; a Russian mobile may be in sixteen."""
    return _sorted_zones(tuple(timezone.time_zones_for_number(phonenumbers.parse(e164))))
