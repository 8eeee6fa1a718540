"""Who may be called, decided in the slowest and most obvious way: what the claim and the preflight are held against.

Nothing here is shared with what it judges, except for the words (`Standing`): plain lists, one contact at a time, wall
clocks read minute by minute.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import phonenumbers

from dialer.preflight import Standing


@dataclass
class Past:
    """A call that was made. mine: to the contact at hand, by its campaign; else by another one."""

    at: datetime
    mine: bool = False


@dataclass
class Person:
    """A contact that waits, with all that is known of its number. listed_until: None for good, absent: not listed."""

    phone: str
    zones: tuple[str, ...]
    due_at: datetime
    attempts_made: int = 0
    past: list[Past] = field(default_factory=list)
    consent_at: datetime | None = None
    callback_at: datetime | None = None
    listings: list[datetime | None] = field(default_factory=list)
    is_ringing: bool = False


@dataclass
class Rules:
    """A campaign's settings. ring_s: for so long the hours must stay open. zone: whose clock counts for everybody."""

    start: time
    end: time
    weekdays: Sequence[int]
    holidays: Sequence[date]
    ring_s: int
    max_attempts: int
    max_per_day: int | None
    requires_consent: bool
    destinations: Sequence[str]
    country: str
    refused: Sequence[str]
    zone: str | None = None
    per_day: int | None = None
    per_week: int | None = None
    per_month: int | None = None


@dataclass
class Spent:
    """Budgets of one day and what is used of them: calls, seconds talked, calls up, seconds they may still last."""

    max_calls: int | None
    max_minutes: int | None
    calls: int
    talked_s: int
    up: int
    up_s: int


def is_open_at(rules: Rules, zone: str, moment: datetime) -> bool:
    """Look at the clock on the wall: is it in a window that began today or yesterday?"""
    wall = moment.astimezone(ZoneInfo(rules.zone or zone)).replace(tzinfo=None)
    for began in (wall.date(), wall.date() - timedelta(days=1)):
        if began.isoweekday() not in rules.weekdays or began in rules.holidays:
            continue
        first = datetime.combine(began, rules.start)
        last = datetime.combine(began, rules.end)
        if rules.start == rules.end:
            first, last = datetime.combine(began, time(0)), datetime.combine(began + timedelta(days=1), time(0))
        elif rules.end < rules.start:
            last += timedelta(days=1)
        if first <= wall < last:
            return True
    return False


def is_open(rules: Rules, zones: Sequence[str], now: datetime, seconds: int) -> bool:
    """Everywhere, now and at every fifteenth second until the ringing would end."""
    seconds_ahead = [*range(0, seconds, 15), seconds]
    return all(is_open_at(rules, zone, now + timedelta(seconds=s)) for zone in zones for s in seconds_ahead)


def opens_ever(rules: Rules, zones: Sequence[str], now: datetime) -> bool:
    """Look at every quarter of an hour of the next three weeks: holidays here are no more than three days."""
    moment = now
    while moment < now + timedelta(days=22):
        if all(is_open_at(rules, zone, moment) for zone in zones):
            return True
        moment += timedelta(minutes=15)
    return False


def is_limited(rules: Rules, person: Person, now: datetime) -> bool:
    """In any of the zones where the person may be, by the calendar that hangs there."""
    for zone in map(ZoneInfo, person.zones):
        today = now.astimezone(zone).date()
        days = [(past.at.astimezone(zone).date(), past.mine) for past in person.past]
        same_day = [mine for day, mine in days if day == today]
        same_week = [mine for day, mine in days if day.isocalendar()[:2] == today.isocalendar()[:2]]
        same_month = [mine for day, mine in days if (day.year, day.month) == (today.year, today.month)]
        if rules.max_per_day is not None and sum(same_day) >= rules.max_per_day:
            return True
        if rules.per_day is not None and len(same_day) >= rules.per_day:
            return True
        if rules.per_week is not None and len(same_week) >= rules.per_week:
            return True
        if rules.per_month is not None and len(same_month) >= rules.per_month:
            return True
    return False


def is_allowed(rules: Rules, phone: str) -> bool:
    """Whether the number is in one of the countries, or begins with one of the prefixes."""
    country = phonenumbers.region_code_for_number(phonenumbers.parse(phone))
    wanted = rules.destinations or [rules.country]
    return country in wanted or any(phone.startswith(prefix) for prefix in wanted if prefix.startswith("+"))


def standing(rules: Rules, person: Person, now: datetime, *, opens: bool) -> Standing:
    """Go through the rules one after the other. opens: what `opens_ever` says of the person's zones."""
    if any(until is None or until > now for until in person.listings):
        return Standing.LISTED
    if rules.requires_consent and (person.consent_at is None or person.consent_at > now):
        return Standing.NO_CONSENT
    if not is_allowed(rules, person.phone):
        return Standing.NOT_ALLOWED
    if any(person.phone.startswith(prefix) for prefix in rules.refused):
        return Standing.PREMIUM_RATE
    if person.attempts_made >= rules.max_attempts and person.callback_at is None:
        return Standing.NO_ATTEMPTS_LEFT
    if not opens:
        return Standing.NEVER
    if is_limited(rules, person, now):
        return Standing.LIMITED
    if person.due_at > now:
        return Standing.LATER
    if not is_open(rules, person.zones, now, rules.ring_s):
        return Standing.CLOSED
    return Standing.RINGING if person.is_ringing else Standing.READY


def room(budgets: Sequence[Spent], longest_call_s: int) -> int | None:
    """How many more calls fit into every budget, each as long as it may get; None: nothing bounds them."""
    left = []
    for spent in budgets:
        if spent.max_calls is not None:
            left.append(spent.max_calls - spent.calls - spent.up)
        if spent.max_minutes is not None:
            seconds, more = spent.max_minutes * 60 - spent.talked_s - spent.up_s, 0
            while seconds >= longest_call_s:
                seconds, more = seconds - longest_call_s, more + 1
            left.append(more)
    return max(0, min(left)) if left else None
