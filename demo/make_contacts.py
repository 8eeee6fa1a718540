"""Makes the demo's contact file and blacklist, always the same: `python -m demo.make_contacts`.

120 rows: 108 that will be called, 4 malformed numbers, 4 repeats in another spelling, 4 on the blacklist.
"""

import csv
import random
from dataclasses import dataclass, replace
from pathlib import Path

import phonenumbers

HERE = Path(__file__).parent
CONTACTS = HERE / "contacts.csv"
BLACKLIST = HERE / "blacklist.csv"
SEED = 108

CALLED, REPEATED, LISTED = 108, 4, 4
MALFORMED = ("12345", "нет номера", "+7 (916) 123-45", "8 (000) 000-00-00")

RUSSIAN_WOMEN = ("Анна", "Мария", "Елена", "Ольга", "Наталья", "Ирина", "Татьяна", "Светлана", "Юлия", "Дарья")
RUSSIAN_MEN = ("Иван", "Алексей", "Дмитрий", "Сергей", "Андрей", "Михаил", "Павел", "Николай", "Артём", "Фёдор")
RUSSIAN_FAMILIES = ("Смирнов", "Кузнецов", "Попов", "Соколов", "Лебедев", "Козлов", "Новиков", "Морозов", "Волков",
                    "Соловьёв", "Васильев", "Зайцев", "Павлов", "Семёнов", "Голубев", "Виноградов")  # fmt: skip
ENGLISH_GIVEN = ("Alice", "Emma", "Grace", "Helen", "James", "Oliver", "Peter", "Robert", "Susan", "Thomas")
ENGLISH_FAMILIES = ("Baker", "Carter", "Cooper", "Fisher", "Hughes", "Mason", "Parker", "Taylor", "Turner", "Walker")

AWKWARD_NAMES = (
    'Ирина "Ира" Волкова',
    "Patrick O'Connor",
    "Кузнецов, Павел",
    "{Фёдор} Зайцев",
    "${system(touch /tmp/dialer_was_here)}",
    "Anna, ${hangup_cause} 'quoted'",
    "Новикова 'Даша', {группа=2}",
    "Robert'); DROP TABLE contacts;--",
)
"""Names that a dial string, a shell or SQL would trip over if text from a contact file ever reached one."""

RUSSIAN_CITIES = (
    ("Москва", "Europe/Moscow"),
    ("Санкт-Петербург", "Europe/Moscow"),
    ("Калининград", "Europe/Kaliningrad"),
    ("Самара", "Europe/Samara"),
    ("Екатеринбург", "Asia/Yekaterinburg"),
    ("Новосибирск", "Asia/Novosibirsk"),
    ("Владивосток", "Asia/Vladivostok"),
)
RUSSIAN_CODES = (903, 905, 909, 910, 912, 915, 916, 917, 920, 921, 925, 926, 950, 960, 962, 977, 981, 985)
TARIFFS = ("Базовый", "Семейный", "Бизнес", "Basic", "Business")
BLACKLIST_REASONS = ("customer_request", "complaint", "do_not_call_registry", "legal")


@dataclass(frozen=True, slots=True)
class Row:
    """One row as written; `phone` in any spelling."""

    name: str
    phone: str
    city: str
    time_zone: str
    tariff: str


def russian(chance: random.Random) -> Row:
    """Return a contact with a Russian mobile number."""
    woman = chance.random() < 0.5
    given = chance.choice(RUSSIAN_WOMEN if woman else RUSSIAN_MEN)
    family = chance.choice(RUSSIAN_FAMILIES) + ("а" if woman else "")
    city, zone = chance.choice(RUSSIAN_CITIES)
    phone = f"+7{chance.choice(RUSSIAN_CODES)}{chance.randrange(2_000_000, 9_999_999)}"
    return Row(f"{given} {family}", phone, city, zone, chance.choice(TARIFFS))


def english(chance: random.Random) -> Row:
    """Return a contact with a number from the ranges that the US and the UK keep for fiction."""
    name = f"{chance.choice(ENGLISH_GIVEN)} {chance.choice(ENGLISH_FAMILIES)}"
    if chance.random() < 0.5:
        phone, city, zone = f"+1212555{chance.randrange(100, 200):04}", "New York", "America/New_York"
    else:
        phone, city, zone = f"+442079460{chance.randrange(1000):03}", "London", "Europe/London"
    return Row(name, phone, city, zone, chance.choice(TARIFFS))


def spelled(e164: str, way: int) -> str:
    """Return the number as people write it; every spelling means the same with Russia as the default country."""
    parsed = phonenumbers.parse(e164)
    if parsed.country_code != 7:
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    code, a, b, c = e164[2:5], e164[5:8], e164[8:10], e164[10:12]
    spellings = (
        e164,
        f"8 ({code}) {a}-{b}-{c}",
        f"8{code}{a}{b}{c}",
        f"+7 {code} {a} {b} {c}",
        f"8-{code}-{a}-{b}-{c}",
        f"+7({code}){a}-{b}-{c}",
    )
    return spellings[way % len(spellings)]


def people(chance: random.Random) -> list[Row]:
    """Return CALLED + LISTED contacts with numbers that are all different, valid and in E.164."""
    found: dict[str, Row] = {}
    while len(found) < CALLED + LISTED:
        row = english(chance) if chance.random() < 0.15 else russian(chance)
        if phonenumbers.is_valid_number(phonenumbers.parse(row.phone)):
            found.setdefault(row.phone, row)
    return list(found.values())


def make() -> tuple[list[Row], list[tuple[str, str, str]]]:
    """Return the contact rows and the blacklist's rows (phone, reason, note)."""
    chance = random.Random(SEED)
    everyone = people(chance)
    for place, name in enumerate(AWKWARD_NAMES):
        everyone[place] = replace(everyone[place], name=name)
    for place in range(0, len(everyone), 5):
        everyone[place] = replace(everyone[place], time_zone="")
    listed = [row for row in everyone if row.phone.startswith("+7")][-LISTED:]
    repeated = [row for row in everyone if row.phone.startswith("+7") and row not in listed][-REPEATED:]
    blacklist = [(row.phone, reason, "демонстрация") for row, reason in zip(listed, BLACKLIST_REASONS, strict=True)]
    rows = [replace(row, phone=spelled(row.phone, place)) for place, row in enumerate(everyone)]
    chance.shuffle(rows)
    # A repeat stands after its first spelling, as it does where two lists were pasted together.
    rows += [replace(row, phone=spelled(row.phone, everyone.index(row) + 3)) for row in repeated]
    for place, phone in enumerate(MALFORMED):
        rows.insert(15 + 30 * place, replace(russian(chance), phone=phone))
    return rows, blacklist


def main() -> None:
    """Write both files."""
    rows, blacklist = make()
    with CONTACTS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("name", "phone", "city", "time_zone", "tariff"))
        writer.writerows((row.name, row.phone, row.city, row.time_zone, row.tariff) for row in rows)
    with BLACKLIST.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("phone", "reason", "note"))
        writer.writerows(blacklist)
    print(f"{len(rows)} rows, {len(blacklist)} blacklisted")


if __name__ == "__main__":
    main()
