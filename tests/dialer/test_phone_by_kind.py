"""Numbers that begin alike are judged once: the answer is the one that phonenumbers gives for each of them."""

import random
from collections.abc import Iterator

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata

from dialer import phone
from dialer.errors import InvalidNumber
from dialer.number_plan import TYPES
from dialer.phone import Phone, judge, normalise

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
IDD = ("00", "810", "011", "0011", "1479", "8~10")
PUNCTUATED = st.text("0123456789+-().,/ \u00a0\u2011\u202f\tx#;٣", max_size=20)
DIGITS = "0123456789"


def answer(read: object, raw: str, country: str) -> Phone | str:
    """Return what a reader makes of a number: a phone, or the words of its refusal."""
    assert callable(read)
    try:
        found = read(raw, country)
    except InvalidNumber as refusal:
        return str(refusal)
    assert isinstance(found, Phone)
    return found


def spellings(region: str, national: str) -> Iterator[str]:
    """Yield the ways in which people write a national number, right and wrong."""
    plan = PhoneMetadata.metadata_for_region(region)
    assert plan is not None
    code, prefix = plan.country_code, plan.national_prefix or "0"
    yield from (national, prefix + national, f"{code}{national}", f"+{code}{national}", f"+{code}{prefix}{national}")
    yield from (f"+{national}", f"({national[:3]}) {national[3:]}", national[:-1], f"{national}0")
    yield from (f"{idd}{code}{national}" for idd in IDD)


def examples(region: str) -> list[str]:
    plan = PhoneMetadata.metadata_for_region(region)
    return [kind.example_number for name in TYPES if (kind := getattr(plan, name)) and kind.example_number]


@pytest.mark.parametrize("part", range(4))
def test_every_country_s_numbers_in_every_spelling_are_read_as_phonenumbers_reads_them(part: int) -> None:
    chance = random.Random(part)
    for region in REGIONS[part::4]:
        for national in examples(region):
            digits = list(national)
            if chance.random() < 0.7:  # somewhere else in the plan, or outside it
                digits[chance.randrange(min(6, len(digits)))] = chance.choice(DIGITS)
            tail = chance.randrange(1, len(digits))
            digits[tail:] = chance.choices(DIGITS, k=len(digits) - tail)
            raw = chance.choice(list(spellings(region, "".join(digits))))
            for country in (region, "RU"):
                assert answer(normalise, raw, country) == answer(judge, raw, country), (raw, country)


def test_whatever_was_learned_is_true_of_other_numbers_that_begin_alike() -> None:
    chance = random.Random(7)
    for region in REGIONS:
        for national in examples(region):
            answer(normalise, f"+{phonenumbers.country_code_for_region(region)}{national}", "RU")
    kinds = [
        (country, length, is_international, beginning)
        for (country, length, is_international), known in phone._known.items()
        for beginning in known.by_beginning
    ]
    assert len(kinds) > 1000
    for country, length, is_international, beginning in chance.sample(kinds, 1000):
        rest = "".join(chance.choices(DIGITS, k=length - len(beginning)))
        raw = "+" * is_international + beginning + rest
        assert answer(normalise, raw, country) == answer(judge, raw, country), (raw, country)


@settings(max_examples=400, deadline=None)
@given(raw=PUNCTUATED, country=st.sampled_from([*REGIONS, "ZZ"]))
def test_anything_typed_is_read_as_phonenumbers_reads_it(raw: str, country: str) -> None:
    assert answer(normalise, raw, country) == answer(judge, raw, country)


def test_a_million_numbers_of_one_plan_are_a_few_hundred_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone, "_known", {})
    judged = []
    monkeypatch.setattr(phone, "judge", lambda raw, country: (judged.append(raw), judge(raw, country))[1])
    chance = random.Random(1)
    for _ in range(20_000):
        answer(normalise, f"8{chance.choice('3489')}{chance.randrange(10**9):09d}", "RU")
    assert len(judged) < 1000
