"""Cron expressions as crontab(5) reads them, by the wall clock of a zone: a pure function from a moment to the next."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dialer.errors import InvalidSchedule
from dialer.schedule_fault import ScheduleFault

SEARCH_DAYS = 9 * 366
"""29 February comes back after eight years at the latest (2096 to 2104); what is not found by then never is."""
MONTHS = {
    name: n
    for n, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)
}
WEEKDAYS = {name: n for n, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
FIELDS = (
    ScheduleFault.MINUTE,
    ScheduleFault.HOUR,
    ScheduleFault.DAY,
    ScheduleFault.MONTH,
    ScheduleFault.WEEKDAY,
)
EXAMPLE = "five fields are needed: minute, hour, day of the month, month, weekday, as in “0 10 * * 1-5”"


@dataclass(frozen=True, slots=True)
class Cron:
    """The moments of a wall clock. weekdays: ISO, 1 Monday to 7 Sunday.

    is_either_day: day of the month and weekday are both restricted; as in crontab(5) one of them suffices then.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    is_either_day: bool

    def runs_on(self, day: date) -> bool:
        """Say whether it runs on this date."""
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() in self.weekdays
        return by_day or by_weekday if self.is_either_day else by_day and by_weekday


def parse_cron(text: str) -> Cron:
    """Read `minute hour day month weekday` with lists, ranges, steps and names; 0 and 7 are Sunday.

    Raises InvalidSchedule naming the field that is wrong.
    """
    words = text.lower().split()
    if len(words) != len(FIELDS):
        raise InvalidSchedule(ScheduleFault.FIELDS, EXAMPLE)
    minutes = _field(words[0], 0, 59, FIELDS[0])
    hours = _field(words[1], 0, 23, FIELDS[1])
    weekdays = {n or 7 for n in _field(words[4], 0, 7, FIELDS[4], WEEKDAYS)}
    return Cron(
        tuple(sorted(minutes)),
        tuple(sorted(hours)),
        frozenset(_field(words[2], 1, 31, FIELDS[2])),
        frozenset(_field(words[3], 1, 12, FIELDS[3], MONTHS)),
        frozenset(weekdays),
        is_either_day=not words[2].startswith("*") and not words[4].startswith("*"),
    )


def _field(text: str, low: int, high: int, name: ScheduleFault, names: dict[str, int] | None = None) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        step = _number(step_text, 1, high, name, text) if slash else 1
        if span == "*":
            first, last = low, high
        else:
            start, dash, end = span.partition("-")
            first = _number(start, low, high, name, text, names)
            # `5/10` is from 5 on, each tenth; a plain `5` is itself alone.
            last = _number(end, low, high, name, text, names) if dash else high if slash else first
        if last < first:
            raise InvalidSchedule(name, f"{name}: {text!r} counts backwards")
        found.update(range(first, last + 1, step))
    return found


def _number(
    text: str, low: int, high: int, name: ScheduleFault, whole: str, names: dict[str, int] | None = None
) -> int:
    if names and text in names:
        return names[text]
    if not (text.isascii() and text.isdecimal()) or not low <= int(text) <= high:
        raise InvalidSchedule(name, f"{name}: {whole!r} is not made of numbers from {low} to {high}")
    return int(text)


def moments(cron: Cron, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Yield the moments (UTC) later than `after`, in order, each once; ends when nine years bring none.

    A wall time that the clock skips counts at the moment of the jump; one that comes twice counts the first time.
    """
    day = after.astimezone(zone).date() - timedelta(days=1)
    latest, barren = after.astimezone(UTC), 0
    while barren <= SEARCH_DAYS:
        barren += 1
        if cron.runs_on(day):
            for hour in cron.hours:
                for minute in cron.minutes:
                    moment = at_wall_clock(datetime.combine(day, time(hour, minute)), zone)
                    if moment > latest:
                        latest, barren = moment, 0
                        yield moment
        try:
            day += timedelta(days=1)
        except OverflowError:
            return


def at_wall_clock(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return when (UTC) the clock of `zone` shows the naive `wall`: the first time, or the jump that skips it."""
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if is_on_the_clock(wall, zone):
        return moment
    # In a gap, fold 0 is read with the offset before the jump: as far behind it as `wall` is into the gap.
    before, after = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), moment
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def is_on_the_clock(wall: datetime, zone: ZoneInfo) -> bool:
    """Say whether the clock of `zone` ever shows the naive `wall`; a change to summer time skips an hour."""
    return wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall
