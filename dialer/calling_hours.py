"""When people may be called: a daily window by the wall clock of where they are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

SEARCH_DAYS = 35
"""How far ahead a next opening is looked for: a weekly window that a clock change swallows once comes back by then."""
MIDNIGHT = time(0)
EVERY_DAY = frozenset({1, 2, 3, 4, 5, 6, 7})
MOST_OPENINGS = 4096
NEVER_HOLDS = timedelta(hours=1)
LEAVES_WITHIN_S = 2
"""How long after it was claimed a call may begin to ring: half a second of planning ahead, and some for delays."""
CHECK_S = 60
"""Windows are whole minutes, so a look each minute misses no closing between two moments."""


@dataclass(frozen=True, slots=True)
class CallingHours:
    """A window [start, end) of the wall clock on ISO weekdays (1 Monday to 7 Sunday) that are no holidays.

    end before start: over midnight, and the date that counts is the one on which the window started.
    end equal to start: around the clock on those dates. zone: the one whose clock counts for everybody; None: each
    contact's own.
    """

    start: time
    end: time
    weekdays: frozenset[int] = EVERY_DAY
    holidays: frozenset[date] = frozenset()
    zone: str | None = None

    def opens_on(self, day: date) -> bool:
        """Say whether a window starts on this date."""
        return day.isoweekday() in self.weekdays and day not in self.holidays


_openings: dict[tuple[CallingHours, tuple[str, ...]], tuple[datetime, datetime | None]] = {}
"""Asked from → next opening: for every moment in between the answer is the same, and sixteen zones take long."""


@cache
def zone_info(name: str) -> ZoneInfo:
    """Return the zone; raise ZoneInfoNotFoundError (a KeyError) when there is none of this name."""
    return ZoneInfo(name)


def is_open(hours: CallingHours, zone: str, now: datetime) -> bool:
    """Say whether the window is open at `now` (aware) for who is in `zone`."""
    local = now.astimezone(zone_info(hours.zone or zone))
    clock, day = local.time(), local.date()
    if hours.start == hours.end:
        return hours.opens_on(day)
    if hours.start < hours.end:
        return hours.start <= clock < hours.end and hours.opens_on(day)
    if clock >= hours.start:
        return hours.opens_on(day)
    return clock < hours.end and hours.opens_on(day - timedelta(days=1))


def is_open_everywhere(hours: CallingHours, zones: Sequence[str], now: datetime) -> bool:
    """Say whether the window is open at `now` in all `zones`; no zones at all count as closed."""
    return bool(zones) and all(is_open(hours, zone, now) for zone in zones)


def next_open(hours: CallingHours, zones: Sequence[str], now: datetime) -> datetime | None:
    """Return the first moment from `now` on at which the window is open in all `zones` at once (UTC).

    None when there is no such moment within 35 days: no weekday is chosen, or the zones lie too far apart.
    """
    if is_open_everywhere(hours, zones, now):
        return now.astimezone(UTC)
    if not zones or not hours.weekdays:
        return None
    if hours.zone:
        zones = (hours.zone,)
    key = (hours, tuple(zones))
    asked, opening = _openings.get(key, (None, None))
    if asked is None or not asked <= now <= (opening or asked + NEVER_HOLDS):
        opening = _search(hours, zones, now)
        if len(_openings) >= MOST_OPENINGS:
            _openings.clear()
        _openings[key] = (now, opening)
    return opening


def _search(hours: CallingHours, zones: Sequence[str], now: datetime) -> datetime | None:
    today = now.astimezone(UTC).date()
    for offset in range(-2, SEARCH_DAYS):
        # A local date overlaps three UTC dates: look at each UTC date only after its neighbours were spelled out.
        day = today + timedelta(days=offset)
        for moment in sorted(set(_boundaries(hours, zones, day))):
            if moment >= now and is_open_everywhere(hours, zones, moment):
                return moment
    return None


def _boundaries(hours: CallingHours, zones: Sequence[str], day: date) -> Iterator[datetime]:
    """Moments on the UTC date `day` at which the window may open in one of `zones`."""
    clocks = (MIDNIGHT,) if hours.start == hours.end else (hours.start,)
    low = datetime.combine(day, MIDNIGHT, UTC)
    high = low + timedelta(days=1)
    for zone in map(zone_info, zones):
        for clock in clocks:
            for offset in (-1, 0, 1):
                for fold in (0, 1):
                    wall = datetime.combine(day + timedelta(days=offset), clock, zone).replace(fold=fold)
                    moment = wall.astimezone(UTC)
                    if low <= moment < high:
                        yield moment
        if low.astimezone(zone).utcoffset() != high.astimezone(zone).utcoffset():
            yield _clock_change(zone, low, high)


def _clock_change(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """Return the second at which the zone's offset changes; there is one between `low` and `high`."""
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def open_zone_sets(
    hours: CallingHours, zone_sets: Mapping[int, Sequence[str]], now: datetime, ring_s: int
) -> list[int]:
    """Return the ids of the sets that are open now, and still when a call claimed now has rung for `ring_s` seconds."""
    last = ring_s + LEAVES_WITHIN_S
    moments = [now + timedelta(seconds=s) for s in (*range(0, last, CHECK_S), last)]
    verdicts: dict[str, bool] = {}

    def stays_open(zone: str) -> bool:
        if zone not in verdicts:
            verdicts[zone] = all(is_open(hours, zone, moment) for moment in moments)
        return verdicts[zone]

    return [set_id for set_id, zones in zone_sets.items() if zones and all(map(stays_open, zones))]
