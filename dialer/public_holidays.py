"""Russia's public holidays by the Labour Code, and which of a year's moved days off a calendar still lacks."""

from collections.abc import Collection
from datetime import date, timedelta

COUNTRY = "RU"
NEW_YEAR = "Новогодние каникулы"
CHRISTMAS = "Рождество Христово"
IN_JANUARY = range(1, 9)
LATER_IN_THE_YEAR = {
    (2, 23): "День защитника Отечества",
    (3, 8): "Международный женский день",
    (5, 1): "Праздник Весны и Труда",
    (5, 9): "День Победы",
    (6, 12): "День России",
    (11, 4): "День народного единства",
}
"""(month, day) → name, as article 112 calls it: names are data, kept as they are in every language."""
MOVED_BY_DECREE = 2
"""Of the days off that fall on the holidays of January the government moves two each year, by a decree of its own."""
SATURDAY = 6


def statutory(year: int) -> dict[date, str]:
    """Return the days off of a year that the Labour Code itself names (article 112): day → name.

    A holiday later than January that falls on a weekend makes the next working day one too. The two days of January
    that a decree moves are not among them: nothing tells where to.
    """
    found = {date(year, 1, day): CHRISTMAS if day == 7 else NEW_YEAR for day in IN_JANUARY}
    found |= {date(year, month, day): name for (month, day), name in LATER_IN_THE_YEAR.items()}
    for day, name in list(found.items()):
        if day.month > 1 and day.isoweekday() >= SATURDAY:
            moved = day
            while moved in found or moved.isoweekday() >= SATURDAY:
                moved += timedelta(days=1)
            found[moved] = f"{name} (перенос)"
    return found


def lacks(year: int, known: Collection[date]) -> list[date]:
    """Return the days of the Labour Code that a calendar lacks."""
    return [day for day in statutory(year) if day not in known]


def unmoved(year: int, known: Collection[date]) -> int:
    """Return how many of the days that a decree moves the calendar lacks, 0 to 2.

    Any other working day of that year in it is taken for one of them.
    """
    by_law = statutory(year)
    moved = [day for day in known if day.year == year and day not in by_law and day.isoweekday() < SATURDAY]
    return max(0, MOVED_BY_DECREE - len(moved))
