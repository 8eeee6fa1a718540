"""Carries out what campaigns' schedules say, each run once, however many schedulers look."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

from psycopg import Connection
from redis import Redis

from db import audit, campaigns, live_events, schedules
from db.preflight import start_refusal
from db.schedules import TakenSchedule
from dialer.campaign import CampaignState, PauseReason
from dialer.errors import InvalidSchedule
from dialer.schedule import Judged, Run, RunReason, RunResult, ScheduleAction, judge, next_runs, runs_after
from scheduler.database import Database

logger = logging.getLogger(__name__)

MOST_LOGGED = 20
"""So many missed runs get a line of their own; those before share one."""

RAN = "a campaign's schedule ran"
UNREADABLE = "a schedule can't be followed, it is left alone until somebody changes it"
NOTHING_LEFT = "a campaign waits for no run of its schedule any more and is a draft again"

RESULT_OF = {
    CampaignState.ACTIVE: RunResult.STARTED,
    CampaignState.PAUSED: RunResult.PAUSED,
    CampaignState.COMPLETED: RunResult.STOPPED,
}
ACTION_OF = {
    RunResult.STARTED: "campaign.started",
    RunResult.PAUSED: "campaign.paused",
    RunResult.STOPPED: "campaign.stopped",
}
HELD = {PauseReason.PERSON: RunReason.HELD_BY_PERSON, PauseReason.ABANDON_CAP: RunReason.HELD_BY_CAP}


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that was carried out, or that nothing came of."""

    campaign_id: int
    run: Run
    result: RunResult
    reason: str | None


def run_schedules(database: Database, redis: Redis, now: datetime | None = None) -> list[Ran]:
    """Carry out every run that has come due. Raises DatabaseAway; a run is then done and logged, or neither.

    now: instead of the database's clock.
    """
    done: list[Ran] = []
    while (found := database.run(lambda conn: _one(conn, now))) is not None:
        for ran in found:
            known = {"campaign_id": ran.campaign_id, "due_at": ran.run.at.isoformat(), "action": ran.run.action}
            logger.info(RAN, extra={**known, "result": ran.result, "reason": ran.reason})
            if ran.result in ACTION_OF:
                live_events.publish(redis, ACTION_OF[ran.result], {"campaign_id": ran.campaign_id})
        done += found
    return done


def _one(conn: Connection[Any], now: datetime | None) -> list[Ran] | None:
    """Look at one schedule in the transaction of `conn`; None: none is due, or others look at those that are."""
    taken = schedules.take(conn, now)
    if taken is None:
        return None
    try:
        due = list(takewhile(lambda run: run.at <= taken.now, runs_after(taken.schedule, taken.handled_until)))
        following = next_runs(taken.schedule, taken.now, 1)
    except InvalidSchedule as error:
        logger.error(UNREADABLE, extra={"campaign_id": taken.campaign_id, "reason": str(error)})  # noqa: TRY400
        schedules.handled(conn, taken, None)
        return []
    done = list(_carry_out(conn, taken, judge(due, taken.now, taken.late_start_s)))
    schedules.handled(conn, taken, following[0].at if following else None)
    if not following:
        _give_up_waiting(conn, taken.campaign_id)
    return done


def _carry_out(conn: Connection[Any], taken: TakenSchedule, judged: Sequence[Judged]) -> Iterator[Ran]:
    _log_crowd(conn, taken, judged[:-MOST_LOGGED])
    for found in judged[-MOST_LOGGED:]:
        run = found.run
        result, reason = (RunResult.MISSED, found.missed) if found.missed else _do(conn, taken, run)
        schedules.log(conn, taken, run, result, reason)
        yield Ran(taken.campaign_id, run, result, reason)


def _log_crowd(conn: Connection[Any], taken: TakenSchedule, crowd: Sequence[Judged]) -> None:
    """Write the older runs of a long absence down in one line.

    One of them may still count: the latest pause behind starts that are all too late. It gets its own line first.
    """
    for found in crowd:
        if found.missed is None:
            schedules.log(conn, taken, found.run, *_do(conn, taken, found.run))
    missed = [found for found in crowd if found.missed is not None]
    if missed:
        last = missed[-1]
        schedules.log(conn, taken, last.run, RunResult.MISSED, str(last.missed), len(missed))


def _do(conn: Connection[Any], taken: TakenSchedule, run: Run) -> tuple[RunResult, str | None]:
    """Move the campaign as the run says, or say why not."""
    state, held_by = schedules.lock_campaign(conn, taken.campaign_id)
    match run.action:
        case ScheduleAction.START:
            if state is CampaignState.ACTIVE:
                return RunResult.SKIPPED, RunReason.ALREADY
            if state is CampaignState.PAUSED and held_by is not PauseReason.SCHEDULE:
                return RunResult.SKIPPED, HELD[held_by or PauseReason.PERSON]
            refused = start_refusal(conn, taken.campaign_id, taken.now)
            if refused is not None:
                return RunResult.REFUSED, refused
            target = CampaignState.ACTIVE
        case ScheduleAction.PAUSE:
            if state is not CampaignState.ACTIVE:
                return RunResult.SKIPPED, RunReason.ALREADY
            target = CampaignState.PAUSED
        case ScheduleAction.STOP:
            if state is CampaignState.SCHEDULED:
                return RunResult.SKIPPED, RunReason.ALREADY
            target = CampaignState.COMPLETED
    campaigns.move(conn, taken.campaign_id, target, pause_reason=PauseReason.SCHEDULE)
    result = RESULT_OF[target]
    details = {"by": "schedule", "from": str(state), "due_at": run.at.isoformat()}
    audit.record(conn, None, ACTION_OF[result], "campaign", taken.campaign_id, details)
    return result, None


def _give_up_waiting(conn: Connection[Any], campaign_id: int) -> None:
    """Nobody would ever start it: let it be seen that it waits for nothing."""
    state, _ = schedules.lock_campaign(conn, campaign_id)
    if state is CampaignState.SCHEDULED:
        campaigns.move(conn, campaign_id, CampaignState.DRAFT)
        audit.record(conn, None, "campaign.unscheduled", "campaign", campaign_id, {"by": "schedule"})
        logger.info(NOTHING_LEFT, extra={"campaign_id": campaign_id})
