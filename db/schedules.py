"""Campaigns' schedules as they are stored, and the log of their runs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from db.sql import AnyConnection, all_of, change, load, one_of, row_of
from dialer.campaign import CampaignState, PauseReason
from dialer.schedule import Run, RunResult, Schedule, ScheduleAction

queries = load("schedules")


@dataclass(frozen=True, slots=True)
class TakenSchedule:
    """A schedule that this transaction has locked. handled_until: every run up to there is in the log.

    now: the database's clock, which all schedulers share.
    """

    campaign_id: int
    time_zone: str
    start_at: datetime | None
    stop_at: datetime | None
    cron: str | None
    pause_cron: str | None
    late_start_s: int
    handled_until: datetime
    now: datetime

    @property
    def schedule(self) -> Schedule:
        """Return it as the decisions take it."""
        return Schedule(self.time_zone, self.start_at, self.stop_at, self.cron, self.pause_cron, self.late_start_s)


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """A run as it was. reason: a RunReason or an Obstacle. runs: how many missed ones it stands for."""

    id: int
    due_at: datetime
    action: ScheduleAction
    result: RunResult
    reason: str | None
    runs: int
    at: datetime


def save(conn: AnyConnection, campaign_id: int, schedule: Schedule) -> None:
    """Give the campaign this schedule, from now on. Let dialer.schedule.check see it first."""
    change(conn, queries["save"], asdict(schedule) | {"campaign_id": campaign_id})


def remove(conn: AnyConnection, campaign_id: int) -> bool:
    """Take the campaign's schedule away; False when it had none. The log stays."""
    return change(conn, queries["remove"], {"campaign_id": campaign_id}) == 1


def get(conn: AnyConnection, campaign_id: int) -> Schedule | None:
    """Return the campaign's schedule, if it has one."""
    return one_of(conn, Schedule, queries["get"], {"campaign_id": campaign_id})


def take(conn: AnyConnection, now: datetime | None = None) -> TakenSchedule | None:
    """Lock one schedule that may have come due, for the transaction under way; None: there is none."""
    return one_of(conn, TakenSchedule, queries["take"], {"now": now})


def lock_campaign(conn: AnyConnection, campaign_id: int) -> tuple[CampaignState, PauseReason | None]:
    """Lock the campaign of a taken schedule; return its state and why it is paused."""
    row = row_of(conn, queries["lock_campaign"], {"campaign_id": campaign_id})
    assert row is not None  # a schedule references it
    return CampaignState(row[0]), PauseReason(row[1]) if row[1] else None


def handled(conn: AnyConnection, taken: TakenSchedule, next_run_at: datetime | None) -> None:
    """Let nobody look again before the next run."""
    values = {"campaign_id": taken.campaign_id, "now": taken.now, "next_run_at": next_run_at}
    change(conn, queries["handled"], values)


def log(
    conn: AnyConnection,
    taken: TakenSchedule,
    run: Run,
    result: RunResult,
    reason: str | None = None,
    runs: int = 1,
) -> None:
    """Write a run down; raises UniqueViolation, and so undoes it, when it was written before."""
    values = {
        "campaign_id": taken.campaign_id,
        "due_at": run.at,
        "action": run.action,
        "result": result,
        "reason": reason,
        "runs": runs,
        "now": taken.now,
    }
    change(conn, queries["log"], values)


def runs_of(conn: AnyConnection, campaign_id: int, limit: int = 100) -> Sequence[LoggedRun]:
    """Return the campaign's latest runs, newest first."""
    return all_of(conn, LoggedRun, queries["runs"], {"campaign_id": campaign_id, "limit": limit})
