"""How many leading digits of a number decide everything about it, read from phonenumbers' own numbering plans.

Every rule of a plan looks at some first digits and at the length; any digits may follow. So numbers of one length that
begin alike, up to the last digit that a rule looks at, share their fate: it is enough to judge one of them.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import phonenumbers
from phonenumbers import PhoneMetadata
from phonenumbers.tzdata import TIMEZONE_DATA

Form = tuple[frozenset[str], ...]
"""What one alternative of a pattern asks of each leading digit, without the any-digits at its end."""

ANY = frozenset("0123456789")
MOST_FORMS = 4000
LONGEST_REPEAT = 20
LONGEST_COUNTRY_CODE = 3
TYPES = (
    "general_desc", "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip",
    "pager", "uan", "voicemail",
)  # fmt: skip


class Undecidable(Exception):
    """The rules can't be bounded to leading digits: judge the whole number."""


@cache
def forms(pattern: str) -> tuple[Form, ...]:
    """Return the alternatives of a regular expression for digits; raises Undecidable for one we can't read."""
    tree = re._parser.parse(pattern)  # type: ignore[attr-defined]  # the only reader of regular expressions there is
    found = set()
    for count, form in enumerate(_sequence(list(tree))):
        if count > MOST_FORMS:
            raise Undecidable(pattern)
        last = max((place for place, chars in enumerate(form, 1) if chars != ANY), default=0)
        found.add(form[:last])
    return tuple(found)


def _sequence(parts: list[Any]) -> Iterator[Form]:
    if not parts:
        yield ()
        return
    for head in _one(*parts[0]):
        for rest in _sequence(parts[1:]):
            yield head + rest


def _one(kind: Any, value: Any) -> Iterator[Form]:
    match str(kind):
        case "LITERAL":
            yield (frozenset(chr(value)),)
        case "IN":
            yield (frozenset().union(*(_members(*member) for member in value)),)
        case "BRANCH":
            for branch in value[1]:
                yield from _sequence(list(branch))
        case "SUBPATTERN":
            yield from _sequence(list(value[3]))
        case "MAX_REPEAT" if value[1] <= LONGEST_REPEAT:
            for times in range(value[0], value[1] + 1):
                yield from _sequence(list(value[2]) * times)
        case "AT":  # the start, where we are, or the end, which the length decides
            yield ()
        case unknown:
            raise Undecidable(unknown)


def _members(kind: Any, value: Any) -> frozenset[str]:
    match str(kind), str(value):
        case "LITERAL", _:
            return frozenset(chr(value))
        case "RANGE", _:
            return frozenset(map(chr, range(value[0], value[1] + 1)))
        case "CATEGORY", "CATEGORY_DIGIT":
            return ANY
        case unknown:
            raise Undecidable(unknown)


@cache
def _by_first_digit(patterns: frozenset[str]) -> dict[str, tuple[Form, ...]]:
    """Return the alternatives of all the patterns that a number with this first digit may match."""
    every = {form for pattern in patterns for form in forms(pattern) if form}
    return {digit: tuple(form for form in every if digit in form[0]) for digit in ANY} if every else {}


def looked_at(patterns: frozenset[str], digits: str, start: int) -> int:
    """Return how many digits decide which alternatives of the patterns match `digits` from `start` on."""
    by_first = _by_first_digit(patterns)
    if not by_first or start >= len(digits):
        return 0
    needed = start + 1
    for form in by_first[digits[start]]:
        for place, chars in enumerate(form, start):
            if place >= len(digits):  # too short: the length decides
                break
            needed = max(needed, place + 1)
            if digits[place] not in chars:
                break
    return needed


@cache
def _patterns(*some: str | None) -> frozenset[str]:
    return frozenset(filter(None, some))


@cache
def _validity_patterns(country_code: int) -> frozenset[str]:
    """Return what tells region, kind and validity of the national numbers of a country code."""
    found: set[str | None] = set()
    for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[country_code]:
        plan = PhoneMetadata.metadata_for_region_or_calling_code(country_code, region)
        if plan is None:
            raise Undecidable(region)
        found.add(plan.leading_digits)
        found |= {rules.national_number_pattern for kind in TYPES if (rules := getattr(plan, kind))}
    return _patterns(*found)


@cache
def _zone_stems() -> frozenset[str]:
    """Return every beginning of a longer prefix that has time zones of its own."""
    return frozenset(prefix[:length] for prefix in TIMEZONE_DATA for length in range(1, len(prefix)))


def _zones_looked_at(country_code: int, digits: str, start: int) -> int:
    number, length = f"{country_code}{digits[start:]}", 1
    while number[:length] in _zone_stems() and length < len(number):
        length += 1
    return start + length - len(str(country_code))


def decisive_digits(
    digits: str, default_country: str, found: phonenumbers.PhoneNumber | None, *, is_international: bool
) -> int:
    """Return how many of the leading `digits` have a say in how phonenumbers reads this number and what it knows of it.

    digits: as dialled, without punctuation. found: what phonenumbers read, None when it read no number.
    is_international: a `+` stood before the digits. Raises Undecidable where the whole number has a say: where a plan
    rewrites numbers, say.
    """
    default = PhoneMetadata.metadata_for_region(default_country, None)
    if default is None:
        raise Undecidable("there is no such country")
    needed, plans, starts = _readings(digits, default, is_international=is_international)
    seen = set(starts)
    while starts:
        start = starts.pop()
        for plan in plans:
            rules = _patterns(
                plan.general_desc and plan.general_desc.national_number_pattern, plan.national_prefix_for_parsing
            )
            needed = max(needed, looked_at(rules, digits, start))
            after = _after_national_prefix(plan, digits, start)  # which may be taken off more than once
            starts += [] if after in seen else [after]
            seen.add(after)
    if found is None or found.country_code is None:
        return needed
    national = phonenumbers.national_significant_number(found)
    if not digits.endswith(national):
        raise Undecidable("the number was rewritten")
    start = len(digits) - len(national)
    validity = looked_at(_validity_patterns(found.country_code), digits, start)
    return max(needed, validity, _zones_looked_at(found.country_code, digits, start))


def _readings(
    digits: str, default: PhoneMetadata, *, is_international: bool
) -> tuple[int, list[PhoneMetadata], list[int]]:
    """Return how many digits tell by which plans the number is read from which places on, and those."""
    needed = 0
    if is_international:
        needed, code = _country_code(digits, 0)
        if code:
            return needed, [_plan(code)], [needed]
        # else it is read as if there were no `+`
    needed = max(needed, looked_at(_patterns(default.international_prefix), digits, 0))
    if default.international_prefix and (prefix := re.match(default.international_prefix, digits)):
        after, code = _country_code(digits, prefix.end())
        needed = max(needed, after)
        if code:
            return needed, [_plan(code), default], [after, 0]
    code = default.country_code or 0
    own = str(code)
    alike = next((place for place, pair in enumerate(zip(own, digits, strict=False)) if pair[0] != pair[1]), len(own))
    needed = max(needed, min(alike + 1, len(own)))
    if digits.startswith(own):
        return needed, [default, _plan(code)], [0, len(own)]
    return needed, [default], [0]


def _country_code(digits: str, start: int) -> tuple[int, int]:
    """Return the place after the country code at `start`, and the code, 0 when there is none."""
    for end in range(start + 1, start + LONGEST_COUNTRY_CODE + 1):
        code = digits[start:end]
        if code and code[0] != "0" and int(code) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return end, int(code)
    return start + LONGEST_COUNTRY_CODE, 0


def _plan(country_code: int) -> PhoneMetadata:
    region = phonenumbers.region_code_for_country_code(country_code)
    plan = PhoneMetadata.metadata_for_region_or_calling_code(country_code, region)
    if plan is None:
        raise Undecidable(country_code)
    return plan


def _after_national_prefix(plan: PhoneMetadata, digits: str, start: int) -> int:
    stripped = re.match(plan.national_prefix_for_parsing, digits[start:]) if plan.national_prefix_for_parsing else None
    if stripped is None:
        return start
    if plan.national_prefix_transform_rule and stripped.groups() and stripped.groups()[-1] is not None:
        raise Undecidable("the plan rewrites such numbers")
    return start + stripped.end()
