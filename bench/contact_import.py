"""`make bench-import`: a million rows into a campaign, beside COPY of the same contacts into a table without rules.

The rows are as varied as people's files: several spellings and countries, invalid, repeated and blacklisted numbers,
in known counts. Fails when a count is wrong, in the report or in the database, or when it is slower than it may be.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection

from db import campaigns, flows
from db.contact_import import import_contacts
from db.migrate import migrate
from db.pool import connection_options
from devstack.postgres import private_postgres
from dialer.call_flow import default_definition
from dialer.contact_file import read_rows
from dialer.contact_import import guess_mapping

ROWS = 1_000_000
LEAST_PER_S = 30_000.0
LISTED = 100_000
SEED = 7
CITIES = ("Москва", "Санкт-Петербург", "Казань", "Тверь; центр", 'АО "Ромашка"')
OF_A_HUNDRED = {"invalid_number": 3, "malformed": 1, "duplicate": 4, "blacklisted": 2}
TARGET = "CREATE TABLE raw_contacts (phone text, name text, extra jsonb, zone_set_id integer, due_at timestamptz)"


@dataclass(frozen=True, slots=True)
class Made:
    """A contact file, the numbers of it that are on the blacklist, and what its rows must become."""

    data: bytes
    listed: list[str]
    expected: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Figures:
    """rows, and rows per second of the import and of the raw COPY. wrong: counts that are not what they must be."""

    rows: int
    import_per_s: float
    copy_per_s: float
    wrong: list[str]

    @property
    def broken(self) -> list[str]:
        """Name what is not kept."""
        slow = [f"fewer than {LEAST_PER_S:,.0f} rows/s"] if self.import_per_s < LEAST_PER_S else []
        return [*self.wrong, *slow]


def make(rows: int) -> Made:
    """Make a file; the same one for the same number of rows."""
    chance = random.Random(SEED)
    kinds = [kind for kind, share in OF_A_HUNDRED.items() for _ in range(share)]
    kinds += ["accepted"] * (100 - len(kinds))
    lines, numbers, listed, expected = ["Телефон;ФИО;Город;Тариф\n"], list[str](), list[str](), Counter[str]()
    for row in range(rows):
        kind = chance.choice(kinds) if numbers else "accepted"
        number = _number(row)
        match kind:
            case "accepted":
                numbers.append(number)
            case "duplicate":
                number = chance.choice(numbers)
            case "blacklisted":
                listed.append(number)
        cell = {"malformed": "", "invalid_number": f"{chance.randrange(10**5)}"}.get(kind) or _spelled(number, chance)
        cell = "" if kind == "malformed" else cell
        expected[kind] += 1
        lines.append(f"{cell};Иван Петров {row};{_quoted(chance.choice(CITIES))};{chance.randrange(9)}\n")
    return Made("".join(lines).encode(), listed, expected)


def _number(row: int) -> str:
    """Return the row's own valid number: mobiles and landlines of Russia in no order, some of Kazakhstan and the US."""
    scattered = (row * 7_368_787) % 9_999_991
    match row % 20:
        case 0:
            return f"+7495{scattered:07d}"
        case 1:
            return f"+7701{scattered:07d}"
        case 2:
            return f"+1212{2 + row % 8}{scattered % 1_000_000:06d}"
        case kind:
            return f"+79{kind + 50:02d}{scattered:07d}"


def _spelled(number: str, chance: random.Random) -> str:
    if not number.startswith("+79"):
        return number
    code, rest = number[2:5], number[5:]
    return chance.choice((number, f"8{code}{rest}", f"8 ({code}) {rest[:3]}-{rest[3:5]}-{rest[5:]}", f"7{code}{rest}"))


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if ";" in text or '"' in text else text


def store_campaign(conn: Connection[Any], listed: list[str]) -> int:
    """Make a campaign, and a blacklist that holds these numbers among many others."""
    version = flows.create_version(conn, "survey", default_definition())
    conn.execute(
        "INSERT INTO blacklist (phone, reason) SELECT phone, 'legal'::blacklist_reason FROM unnest(%s::text[]) phone"
        " UNION ALL SELECT '+7800' || (1000000 + n), 'other' FROM generate_series(1, %s) n",
        [listed, max(LISTED - len(listed), 0)],
    )
    conn.execute("ANALYZE blacklist")
    return campaigns.create(conn, campaigns.NewCampaign("bench", version))


def wrong_counts(
    conn: Connection[Any], import_id: int, told: Mapping[str, int], expected: Mapping[str, int]
) -> list[str]:
    """Compare what was told and what is stored with what must be."""
    stored = Counter[str]()
    query = "SELECT reason::text, count(*) FROM contact_import_rejects WHERE import_id = %s GROUP BY 1"
    for reason, count in conn.execute(query, [import_id]):
        stored[reason] = count
    row = conn.execute("SELECT count(*) FROM contacts WHERE import_id = %s", [import_id]).fetchone()
    stored["accepted"] = row[0] if row else 0
    return [
        f"{kind}: {told.get(kind, 0)} told, {stored[kind]} stored, {expected.get(kind, 0)} expected"
        for kind in sorted({*told, *stored, *expected})
        if not told.get(kind, 0) == stored[kind] == expected.get(kind, 0)
    ]


def measure(url: str, made: Made) -> Figures:
    """Import the file, then COPY the contacts it became as they are."""
    options = connection_options("bench", 0)
    with (
        psycopg.connect(url, autocommit=True, **options) as conn,
        psycopg.connect(url, autocommit=True, **options) as aside,
    ):
        campaign_id = store_campaign(conn, made.listed)
        began = time.perf_counter()
        table = read_rows(made.data, "contacts.csv")
        report = import_contacts(conn, aside, campaign_id, table, guess_mapping(table.columns), "contacts.csv")
        import_s = time.perf_counter() - began
        told = {"accepted": report.accepted, **{str(reason): count for reason, count in report.rejected.items()}}
        wrong = wrong_counts(conn, report.import_id, told, made.expected)
        copy_s, copied = _copy(conn)
    return Figures(report.rows_total, report.rows_total / import_s, copied / copy_s, wrong)


def _copy(conn: Connection[Any]) -> tuple[float, int]:
    """Return the seconds that COPY takes for the same contacts, and how many they are."""
    conn.execute(TARGET)
    with conn.cursor() as cursor:
        with cursor.copy("COPY (SELECT phone, name, extra, zone_set_id, due_at FROM contacts) TO STDOUT") as copy:
            blocks = list(copy)
        began = time.perf_counter()
        with cursor.copy("COPY raw_contacts FROM STDIN") as copy:
            for block in blocks:
                copy.write(block)
        return time.perf_counter() - began, cursor.rowcount


def report(found: Figures) -> str:
    """Spell the last line."""
    return f"bench-import: {found.rows} rows, {found.import_per_s:,.0f} rows/s, raw COPY {found.copy_per_s:,.0f} rows/s"


def main() -> int:
    """Run, and end with the line that says it all; 1 when a count is wrong or the import too slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    options = parser.parse_args()
    made = make(options.rows)
    print(f"{options.rows} rows of {len(made.data) / 1e6:.0f} MB: {dict(made.expected)}", flush=True)
    with private_postgres() as server:
        migrate(server.url)
        found = measure(server.url, made)
    for fault in found.broken:
        print(f"not kept: {fault}")
    print(report(found))
    return 1 if found.broken else 0


if __name__ == "__main__":
    sys.exit(main())
