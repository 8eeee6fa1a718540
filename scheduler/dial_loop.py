"""The dial loop: several times a second it plans what leaves next; a pause, a full disk or a missing store stop it."""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from db.errors import DatabaseAway, LeasesLost, RedisAway
from scheduler.brakes import Brake, Brakes
from scheduler.planner import Departure

logger = logging.getLogger(__name__)

ROUND_S = 0.3
"""Time between two looks; less than the horizon, so that the line of departures never runs dry.

Not shorter either: PostgreSQL works longer on the plan of a claim than on its contacts.
"""

HELD = "dialing is held"
GOES_ON = "dialing goes on"
FAILED = "planning failed, it is tried again"


class Plans(Protocol):
    """What is needed of scheduler.planner.Planner."""

    def plan(self, now: datetime, hand_over: Callable[[Sequence[Departure]], object]) -> object:
        """Hand over what is to leave next."""


class Line(Protocol):
    """What is needed of scheduler.departures.Departures."""

    def add(self, planned: Sequence[Departure]) -> None:
        """Plan these calls."""


class DialLoop:
    """A thread of its own. on_leases_lost: called when Redis was emptied; it rebuilds them and lifts the brake."""

    def __init__(self, planner: Plans, departures: Line, brakes: Brakes, on_leases_lost: Callable[[], None]) -> None:
        self._planner, self._departures, self._brakes = planner, departures, brakes
        self._on_leases_lost = on_leases_lost
        self._is_over = threading.Event()
        self._held: str | None = None
        self._last_round_at: datetime | None = None
        self._thread = threading.Thread(target=self._run, name="dial-loop", daemon=True)

    def start(self) -> None:
        """Begin to dial."""
        self._thread.start()

    def stop(self, wait_s: float) -> None:
        """Plan no more; waits no longer than `wait_s` for a round that is under way."""
        self._is_over.set()
        self._thread.join(wait_s)

    @property
    def last_round_at(self) -> datetime | None:
        """When it last looked; None: not yet."""
        return self._last_round_at

    @property
    def held_by(self) -> str | None:
        """What keeps the dialing; None: nothing does."""
        return self._held

    def _run(self) -> None:
        while not self._is_over.is_set():
            self.round(datetime.now(UTC))
            self._is_over.wait(ROUND_S)

    def round(self, now: datetime) -> None:
        """Look once and plan what may leave. Never raises."""
        self._last_round_at = now
        brake = self._brakes.reason()
        if brake is not None:
            return self._say(brake)
        try:
            self._planner.plan(now, self._departures.add)
        except LeasesLost:
            self._brakes.unreconciled()
            self._on_leases_lost()
            return self._say(Brake.NOT_RECONCILED)
        except DatabaseAway:
            return self._say("database_away")
        except RedisAway:
            return self._say("redis_away")
        except Exception:
            logger.exception(FAILED)
            return None
        return self._say(None)

    def _say(self, reason: str | None) -> None:
        """Log a change of what holds the dialing."""
        if reason == self._held:
            return
        self._held = reason
        if reason is None:
            logger.info(GOES_ON)
        else:
            logger.warning(HELD, extra={"reason": str(reason)})
