"""The schedulers that run, as each of them writes down every few seconds."""

from dataclasses import asdict, dataclass
from datetime import datetime

from db.sql import AnyConnection, all_of, change, load
from dialer.campaign import CampaignState

queries = load("schedulers")

ALIVE_S = 15.0
"""Silent for longer, a scheduler is taken for dead: it missed several beats."""


@dataclass(frozen=True, slots=True)
class Beat:
    """id: host:pid. held_by: what keeps it from dialing, None: nothing."""

    id: str
    started_at: datetime
    last_round_at: datetime | None
    held_by: str | None
    is_leader: bool


@dataclass(frozen=True, slots=True)
class KnownScheduler(Beat):
    """silent_s: seconds since it last wrote."""

    seen_at: datetime
    silent_s: float

    @property
    def is_alive(self) -> bool:
        """Whether it wrote lately."""
        return self.silent_s <= ALIVE_S


@dataclass(frozen=True, slots=True)
class UpcomingRun:
    """When a campaign's schedule is looked at next."""

    campaign_id: int
    campaign: str
    state: CampaignState
    next_run_at: datetime
    time_zone: str


def beat(conn: AnyConnection, here: Beat) -> None:
    """Say that this scheduler lives, and forget those that vanished a day ago."""
    change(conn, queries["beat"], asdict(here))
    change(conn, queries["forget"])


def leave(conn: AnyConnection, scheduler_id: str) -> None:
    """Say that this scheduler was stopped."""
    change(conn, queries["leave"], {"id": scheduler_id})


def known(conn: AnyConnection) -> list[KnownScheduler]:
    """Return every scheduler that wrote within a day, the living first."""
    return all_of(conn, KnownScheduler, queries["known"])


def upcoming(conn: AnyConnection, limit: int) -> list[UpcomingRun]:
    """Return the next runs of all schedules, soonest first."""
    return all_of(conn, UpcomingRun, queries["upcoming"], {"limit": limit})
