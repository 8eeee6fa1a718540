"""The time a callee chooses to be called back at: what a flow offers, what was chosen, and when that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from dialer.calling_hours import CallingHours, next_open, zone_info
from dialer.errors import InvalidFlow
from dialer.prompt import Prompt, parse_prompt

MOST_MINUTES = 14 * 24 * 60
MOST_DAYS = 14


@dataclass(frozen=True, slots=True)
class CallbackTime:
    """Either so many minutes after the call, or `at` by the callee's clock so many days later (0: the same day).

    A time that is over on that day means the next day.
    """

    minutes: int = 0
    days: int = 0
    at: time | None = None


@dataclass(frozen=True, slots=True)
class Callback:
    """What is offered after the callback key: a prompt, and key → time. Without a key the first one counts."""

    prompt: Prompt
    keys: Mapping[str, CallbackTime]

    def chosen(self, digits_after: str) -> CallbackTime:
        """Return what was chosen by the keys pressed after the callback key."""
        for digit in digits_after:
            if digit in self.keys:
                return self.keys[digit]
        return next(iter(self.keys.values()))


def parse_callback(definition: Mapping[str, Any], keys: frozenset[str]) -> Callback:
    """Read `{"prompt": …, "keys": {"1": {"minutes": 60}, "2": {"days": 1, "at": "10:00"}}}`; raise InvalidFlow."""
    times: dict[str, CallbackTime] = {}
    for key, when in dict(definition.get("keys") or {}).items():
        if key not in keys:
            raise InvalidFlow(f"callback.keys: {key!r} is no key of a telephone (0-9, * and #)")
        times[key] = _time(when, f"callback.keys.{key}")
    if not times:
        raise InvalidFlow("callback.keys: one key at least must choose a time")
    return Callback(parse_prompt(definition.get("prompt"), "callback.prompt"), times)


def _time(when: Any, where: str) -> CallbackTime:
    minutes, days, at = (
        (when.get(name) for name in ("minutes", "days", "at")) if isinstance(when, Mapping) else [None] * 3
    )
    if at is None and days is None and type(minutes) is int and 1 <= minutes <= MOST_MINUTES:
        return CallbackTime(minutes=minutes)
    if isinstance(at, str) and minutes is None and type(days) is int and 0 <= days <= MOST_DAYS:
        try:
            return CallbackTime(days=days, at=time.fromisoformat(at))
        except ValueError:
            pass
    raise InvalidFlow(f"{where} is {{minutes}} from 1 to {MOST_MINUTES}, or {{days, at}} such as 1 and 10:00")


def callback_due(
    chosen: CallbackTime, ended_at: datetime, now: datetime, hours: CallingHours, zones: Sequence[str], usual_zone: str
) -> datetime | None:
    """Return the first moment from the chosen one on that lies inside the calling hours (UTC); None: there is none.

    The clock is the callee's; when that may hang in several zones, it is that of `usual_zone`, the campaign's.
    """
    moment = ended_at + timedelta(minutes=chosen.minutes)
    if chosen.at is not None:
        zone = zone_info(zones[0] if len(zones) == 1 else usual_zone)
        day = ended_at.astimezone(zone).date() + timedelta(days=chosen.days)
        moment = datetime.combine(day, chosen.at, zone)
        if moment <= ended_at:
            moment = datetime.combine(day + timedelta(days=1), chosen.at, zone)
    return next_open(hours, zones, max(moment, now))
