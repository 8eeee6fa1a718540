"""The demo's contact file is what the demo's last line says: 120 rows, 108 contacts."""

import csv
from collections import Counter

import phonenumbers

from demo.make_contacts import AWKWARD_NAMES, BLACKLIST, CONTACTS, MALFORMED, make


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def e164(phone):
    try:
        number = phonenumbers.parse(phone, "RU")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def test_120_rows_leave_108_valid_different_unlisted_numbers():
    contacts = rows(CONTACTS)
    numbers = [e164(row["phone"]) for row in contacts]
    valid = [number for number in numbers if number]
    listed = {row["phone"] for row in rows(BLACKLIST)}
    repeats = len(valid) - len(set(valid))
    assert len(contacts) == 120
    assert (len(numbers) - len(valid), repeats, len(listed & set(valid))) == (4, 4, 4)
    assert len(set(valid) - listed) == 108


def test_repeats_are_spelled_differently_and_listed_numbers_are_no_repeats():
    contacts = rows(CONTACTS)
    counted = Counter(e164(row["phone"]) for row in contacts)
    repeated = {number for number, times in counted.items() if number and times == 2}
    for number in repeated:
        spellings = {row["phone"] for row in contacts if e164(row["phone"]) == number}
        assert len(spellings) == 2
    assert not repeated & {row["phone"] for row in rows(BLACKLIST)}


def test_the_awkward_rows_are_there():
    contacts = rows(CONTACTS)
    assert set(AWKWARD_NAMES) <= {row["name"] for row in contacts}
    assert set(MALFORMED) <= {row["phone"] for row in contacts}
    countries = Counter((e164(row["phone"]) or "?")[:2] for row in contacts)
    assert countries["+1"] > 2
    assert countries["+4"] > 2
    assert 10 < sum(not row["time_zone"] for row in contacts) < 60


def test_the_files_are_what_the_script_makes():
    made, listed = make()
    assert [tuple(row.values()) for row in rows(CONTACTS)] == [
        (row.name, row.phone, row.city, row.time_zone, row.tariff) for row in made
    ]
    assert [tuple(row.values()) for row in rows(BLACKLIST)] == listed
