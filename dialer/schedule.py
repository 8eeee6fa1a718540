"""When a campaign's schedule starts, pauses and stops it, and what becomes of runs that nobody was there for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from heapq import merge
from itertools import islice, takewhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dialer.cron import moments, parse_cron
from dialer.errors import InvalidSchedule
from dialer.schedule_fault import ScheduleFault

SHOWN = 5
"""How many runs are shown before a schedule is saved."""
LATE_START_S = 3600
"""How late a start may be made up for unless the schedule says otherwise."""
LATEST_START_S = 86_400
LOOKED_AT = 2000
"""Among so many runs there must be a start."""


class ScheduleAction(StrEnum):
    """What a run does. The SQL type `schedule_action` has the same members."""

    START = "start"
    """The campaign begins to dial, or goes on after a pause that its schedule made."""
    PAUSE = "pause"
    """It starts no new calls until the next start."""
    STOP = "stop"
    """It is over; live calls end by themselves."""


class RunResult(StrEnum):
    """What became of a run. The SQL type `run_result` has the same members."""

    STARTED = "started"
    """The campaign dials since then."""
    PAUSED = "paused"
    """It was paused."""
    STOPPED = "stopped"
    """It was stopped."""
    REFUSED = "refused"
    """It could not start: the reason is kept with the run."""
    MISSED = "missed"
    """No scheduler was there in time."""
    SKIPPED = "skipped"
    """There was nothing to do, or a person had decided otherwise: the reason is kept with the run."""


class RunReason(StrEnum):
    """Why a run did not do what it is for; besides these an obstacle of the preflight is kept."""

    TOO_LATE = "too_late"
    """It came due so long ago that it is not made up for."""
    OVERTAKEN = "overtaken"
    """A later run came due while no scheduler was there."""
    ALREADY = "already"
    """The campaign was in that state."""
    HELD_BY_PERSON = "held_by_person"
    """A person had paused it: only a person goes on."""
    HELD_BY_CAP = "held_by_cap"
    """Too many abandoned calls had paused it: only a person goes on."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Once: start_at, stop_at or both. Cron: cron, and pause_cron if it is to rest. Combined: cron within the two.

    start_at / stop_at: aware. late_start_s: how late a start may be made up for, 0: never.
    """

    time_zone: str
    start_at: datetime | None = None
    stop_at: datetime | None = None
    cron: str | None = None
    pause_cron: str | None = None
    late_start_s: int = LATE_START_S


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """One moment (UTC) of a schedule, and what is to happen then."""

    at: datetime
    action: ScheduleAction


def runs_after(schedule: Schedule, moment: datetime) -> Iterator[Run]:
    """Yield every run later than `moment`, in order; of two at the same moment the quieter one alone.

    Raises InvalidSchedule for a zone or an expression that nobody can follow.
    """
    quiet = {ScheduleAction.STOP: 2, ScheduleAction.PAUSE: 1, ScheduleAction.START: 0}
    held: Run | None = None
    for run in merge(*_sources(schedule, moment), key=lambda run: run.at):
        if held is not None and held.at == run.at:
            held = max(held, run, key=lambda run: quiet[run.action])
            continue
        if held is not None:
            yield held
            if held.action is ScheduleAction.STOP:
                return
        held = run
    if held is not None:
        yield held


def _sources(schedule: Schedule, moment: datetime) -> list[Iterator[Run]]:
    zone, moment = zone_of(schedule.time_zone), moment.astimezone(UTC)
    stop_at = schedule.stop_at
    sources: list[Iterator[Run]] = []
    if schedule.cron:
        # One microsecond before the first day, so that a run at its very beginning counts.
        begin = schedule.start_at - timedelta(microseconds=1) if schedule.start_at else moment
        for text, action in ((schedule.cron, ScheduleAction.START), (schedule.pause_cron, ScheduleAction.PAUSE)):
            if text:
                sources.append(_of_cron(text, zone, max(moment, begin), stop_at, action))
    elif schedule.start_at is not None and schedule.start_at > moment:
        sources.append(iter([Run(schedule.start_at.astimezone(UTC), ScheduleAction.START)]))
    if stop_at is not None and stop_at > moment:
        sources.append(iter([Run(stop_at.astimezone(UTC), ScheduleAction.STOP)]))
    return sources


def _of_cron(
    text: str, zone: ZoneInfo, after: datetime, stop_at: datetime | None, action: ScheduleAction
) -> Iterator[Run]:
    found = moments(parse_cron(text), zone, after)
    within = takewhile(lambda at: at < stop_at, found) if stop_at is not None else found
    return (Run(at, action) for at in within)


def zone_of(name: str) -> ZoneInfo:
    """Return the zone; raises InvalidSchedule when there is none of this name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidSchedule(ScheduleFault.ZONE, f"there is no time zone {name!r}") from error


def next_runs(schedule: Schedule, now: datetime, count: int = SHOWN) -> list[Run]:
    """Return the first `count` runs after `now`; raises InvalidSchedule."""
    return list(islice(runs_after(schedule, now), count))


def check(schedule: Schedule, now: datetime) -> list[Run]:
    """Return the next runs of a schedule that is to be saved; raises InvalidSchedule when it makes no sense."""
    if schedule.pause_cron and not schedule.cron:
        raise InvalidSchedule(ScheduleFault.PAUSE_ALONE, "a repeated pause needs a repeated start")
    if schedule.pause_cron:
        try:
            parse_cron(schedule.pause_cron)
        except InvalidSchedule as error:
            raise InvalidSchedule(error.fault, str(error), is_about_pause=True) from error
    if not (schedule.cron or schedule.start_at or schedule.stop_at):
        raise InvalidSchedule(ScheduleFault.EMPTY, "give a start, a stop or a repetition")
    if schedule.start_at and schedule.stop_at and schedule.stop_at <= schedule.start_at:
        raise InvalidSchedule(ScheduleFault.STOP_FIRST, "the stop comes before the start")
    if not 0 <= schedule.late_start_s <= LATEST_START_S:
        raise InvalidSchedule(ScheduleFault.LATENESS, "a start is made up for within a day at most")
    runs = next_runs(schedule, now)
    if not runs:
        raise InvalidSchedule(ScheduleFault.NEVER_RUNS, "every moment of it is over or does not exist")
    begins = any(run.action is ScheduleAction.START for run in islice(runs_after(schedule, now), LOOKED_AT))
    if (schedule.cron or schedule.start_at) and not begins:
        raise InvalidSchedule(ScheduleFault.NEVER_STARTS, "every start of it is over or falls on a pause")
    return runs


@dataclass(frozen=True, slots=True)
class Judged:
    """A run that came due. missed: why it is not carried out, None when it is."""

    run: Run
    missed: RunReason | None


def judge(due: Sequence[Run], now: datetime, late_start_s: int) -> list[Judged]:
    """Say of the runs (in order) that came due since somebody last looked which one is carried out.

    The latest that still may be, and it alone: a pause or a stop may be however late it is, because it only makes
    quiet; a start only when it is no more than `late_start_s` late. Everything else is missed.
    """
    judged: list[Judged] = []
    is_done = False
    for run in reversed(due):
        is_too_late = run.action is ScheduleAction.START and now - run.at > timedelta(seconds=late_start_s)
        if is_done or is_too_late:
            judged.append(Judged(run, RunReason.OVERTAKEN if is_done else RunReason.TOO_LATE))
            continue
        judged.append(Judged(run, None))
        is_done = True
    return judged[::-1]
