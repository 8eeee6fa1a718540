"""How values become text: numbers, times in the campaign's zone, durations, and every enum member's label."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Flask
from flask_babel import format_datetime, format_decimal, get_locale

from control_panel import labels

DASH = "—"


def number(value: float | None) -> str:
    """Write a count with the language's grouping."""
    return DASH if value is None else str(format_decimal(value))


def moment(value: datetime | None, zone: str = "UTC") -> str:
    """Write a date and time to the second in `zone`."""
    if value is None:
        return DASH
    pattern = "dd.MM.yyyy HH:mm:ss" if str(get_locale()) == "ru" else "yyyy-MM-dd HH:mm:ss"
    return str(format_datetime(value.astimezone(ZoneInfo(zone)), pattern, rebase=False))


def weekday(value: datetime, zone: str = "UTC") -> str:
    """Write the day of the week in `zone`."""
    return str(format_datetime(value.astimezone(ZoneInfo(zone)), "EEEE", rebase=False))


def clock(value: datetime | None, zone: str = "UTC") -> str:
    """Write the time of day to the second in `zone`."""
    return DASH if value is None else value.astimezone(ZoneInfo(zone)).strftime("%H:%M:%S")


def seconds(value: float | None) -> str:
    """Write whole seconds as m:ss."""
    if value is None:
        return DASH
    whole = round(value)
    return f"{whole // 60}:{whole % 60:02d}"


def percent(part: float, whole: float) -> str:
    """Return `part / whole` as a percentage with a dot, for SVG attributes; 0 when there is no whole."""
    return f"{100 * part / whole if whole else 0:.3f}%"


def init(app: Flask) -> None:
    """Give templates the filters and labels."""
    app.jinja_env.filters.update(
        number=number,
        moment=moment,
        clock=clock,
        seconds=seconds,
        label=labels.label,
        tone=labels.tone,
        list_name=labels.list_name,
        run_reason=labels.run_reason_label,
        weekday=weekday,
    )
    app.jinja_env.globals.update(percent=percent, DASH=DASH)
