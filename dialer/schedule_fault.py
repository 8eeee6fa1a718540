"""What can be wrong with a schedule."""

from enum import StrEnum


class ScheduleFault(StrEnum):
    """The first thing that is wrong."""

    FIELDS = "fields"
    """A repetition has five fields."""
    MINUTE = "minute"
    """The repetition's minute is not made of numbers from 0 to 59."""
    HOUR = "hour"
    """The repetition's hour is not made of numbers from 0 to 23."""
    DAY = "day"
    """The repetition's day of the month is not made of numbers from 1 to 31."""
    MONTH = "month"
    """The repetition's month is not made of numbers from 1 to 12 or jan to dec."""
    WEEKDAY = "weekday"
    """The repetition's weekday is not made of numbers from 0 to 7 or sun to sat."""
    ZONE = "zone"
    """There is no such time zone."""
    EMPTY = "empty"
    """Neither a start nor a stop nor a repetition is given."""
    PAUSE_ALONE = "pause_alone"
    """It pauses again and again, but starts at most once."""
    STOP_FIRST = "stop_first"
    """It stops before it starts."""
    LATENESS = "lateness"
    """A start may be made up for within a day at most."""
    NEVER_RUNS = "never_runs"
    """Every moment of it is over or does not exist."""
    NEVER_STARTS = "never_starts"
    """Every start of it is over or falls on a pause."""
