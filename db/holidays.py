"""Public holidays: days on which no window opens, for campaigns that keep those of their country."""

from dataclasses import dataclass
from datetime import date

from db.sql import AnyConnection, all_of, change, load

queries = load("holidays")


@dataclass(frozen=True, slots=True)
class Holiday:
    """country: ISO, `RU`."""

    country: str
    day: date
    name: str


def list_all(conn: AnyConnection) -> list[Holiday]:
    """Return every holiday, by country and day."""
    return all_of(conn, Holiday, queries["list_all"])


def add(conn: AnyConnection, holiday: Holiday) -> None:
    """Keep a holiday; one on the same day gets the new name."""
    change(conn, queries["add"], {"country": holiday.country, "day": holiday.day, "name": holiday.name})


def remove(conn: AnyConnection, country: str, day: date) -> bool:
    """Forget a holiday; False when there was none on that day."""
    return change(conn, queries["remove"], {"country": country, "day": day}) == 1
