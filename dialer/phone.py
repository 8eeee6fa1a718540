"""Phone numbers: from what people type to E.164, with the zones the number may be in."""

import re
from dataclasses import dataclass, field
from functools import lru_cache

import phonenumbers
from phonenumbers import timezone

from dialer.errors import InvalidNumber
from dialer.number_plan import Undecidable, decisive_digits

DIALABLE = re.compile(r"\+?[0-9\s().\-/\u00a0\u2010-\u2015\u2212\u202f]+")
"""Letters are refused: `7.9E+10` from a spreadsheet would otherwise be read as another, valid number."""
PUNCTUATION = dict.fromkeys(map(ord, " ().-/\u00a0\u2010\u2011\u2012\u2013\u2014\u2015\u2212"))
"""What may stand between digits, wherever it stands, without a say in how they are read."""
UNKNOWN_ZONE = "Etc/Unknown"
PREMIUM = frozenset({phonenumbers.PhoneNumberType.PREMIUM_RATE, phonenumbers.PhoneNumberType.SHARED_COST})
SHORTEST, LONGEST = 3, 20
"""Digits; below, phonenumbers looks at the punctuation, and above there are no numbers."""
LONGEST_TEXT = 250
MOST_KINDS = 100_000


@dataclass(frozen=True, slots=True)
class Phone:
    """e164: `+79161234567`. region: ISO country, `RU`. zones: sorted IANA names, empty when the plan tells none.

    is_premium: by its numbering plan calling it costs extra.
    """

    e164: str
    region: str
    zones: tuple[str, ...]
    is_premium: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """What all numbers of one length have in common that begin alike.

    cut: leading digits that are no part of the national number; head: what stands before it in E.164. refusal: what is
    wrong with all of them, then the rest does not count.
    """

    cut: int = 0
    head: str = ""
    region: str = ""
    zones: tuple[str, ...] = ()
    refusal: str | None = None
    is_premium: bool = False


@dataclass(slots=True)
class Kinds:
    """The kinds known so far of numbers of one country, length and spelling (with `+` or without), by their beginning.

    lengths: of the beginnings, ascending.
    """

    lengths: tuple[int, ...] = ()
    by_beginning: dict[str, Kind] = field(default_factory=dict)

    def find(self, digits: str) -> Kind | None:
        """Return the kind of a number, None when it is not known yet."""
        for length in self.lengths:
            kind = self.by_beginning.get(digits[:length])
            if kind is not None:
                return kind
        return None

    def learn(self, beginning: str, kind: Kind) -> None:
        """Remember a kind; threads may do so side by side."""
        if len(self.by_beginning) >= MOST_KINDS:
            self.by_beginning.clear()
        self.by_beginning[beginning] = kind
        self.lengths = tuple(sorted({*self.lengths, len(beginning)}))


_known: dict[tuple[str, int, bool], Kinds] = {}
"""By default country, length, and whether there is a `+`."""


def normalise(raw: str, default_country: str) -> Phone:
    """Read a number as people write it; without `+` it is one of `default_country` (ISO, `RU`).

    Raises InvalidNumber when no dialable number can be read from it. Finds what `judge` finds, but judges only one of
    all numbers that share their fate.
    """
    text = raw.strip()
    digits = text.translate(PUNCTUATION)
    is_international = text.startswith("+")
    if is_international:
        digits = digits[1:]
    is_plain = SHORTEST <= len(digits) <= LONGEST and len(text) <= LONGEST_TEXT and digits.isascii()
    if not is_plain or not digits.isdigit():
        return judge(raw, default_country)
    kinds = _known.setdefault((default_country, len(digits), is_international), Kinds())
    kind = kinds.find(digits) or _learn(kinds, raw, digits, default_country, is_international=is_international)
    if kind is None:
        return judge(raw, default_country)
    if kind.refusal is not None:
        raise InvalidNumber(f"{raw!r} {kind.refusal}")
    return Phone(kind.head + digits[kind.cut :], kind.region, kind.zones, kind.is_premium)


def _learn(kinds: Kinds, raw: str, digits: str, default_country: str, *, is_international: bool) -> Kind | None:
    """Judge a number and remember what is true of all that begin alike; None when that can't be said of any others."""
    try:
        found = phonenumbers.parse(raw.strip(), default_country)
    except phonenumbers.NumberParseException:
        found = None
    try:
        length = decisive_digits(digits, default_country, found, is_international=is_international)
    except Undecidable:
        return None
    try:
        phone = judge(raw, default_country)
    except InvalidNumber as error:
        kind = Kind(refusal=str(error).removeprefix(f"{raw!r} "))
    else:
        head = f"+{found.country_code}" if found else ""
        cut = len(digits) - len(phone.e164) + len(head)
        kind = Kind(cut, head, phone.region, phone.zones, is_premium=phone.is_premium)
    kinds.learn(digits[:length], kind)
    return kind


def judge(raw: str, default_country: str) -> Phone:
    """Do what `normalise` does by asking phonenumbers about this very number, which takes a tenth of a millisecond."""
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
    zones = _sorted_zones(tuple(timezone.time_zones_for_number(number)))
    return Phone(e164, region, zones, phonenumbers.number_type(number) in PREMIUM)


@lru_cache(maxsize=4096)
def _sorted_zones(zones: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(zones) - {UNKNOWN_ZONE}))


def zones_of(e164: str) -> tuple[str, ...]:
    """Return every zone the numbering plan allows for the number, sorted; a Russian mobile may be in sixteen."""
    return _sorted_zones(tuple(timezone.time_zones_for_number(phonenumbers.parse(e164))))
