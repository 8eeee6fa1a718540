"""Sends each planned call at its moment: marked in PostgreSQL first, never sent twice, evenly spaced."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from redis import Redis

from db import claims, live_events
from db.claims import ClaimedAttempt
from db.errors import DatabaseAway
from dialer.errors import UnsafeDialString
from scheduler.brakes import Brakes
from scheduler.database import Database
from scheduler.event_socket import CommandRefused, MaybeSent, NotSent
from scheduler.planner import Departure, give_back

logger = logging.getLogger(__name__)

MARK_AHEAD_S = 0.05
"""How long before their moment calls are marked: the commit must be over by then."""
LATEST_S = 0.15
"""A call that is later than this gives its slot back: sent now, it would leave in the next one's moment."""
REST_AFTER_REFUSAL_S = 5.0
RETRY_S = 1.0
"""How often undoing is tried again while PostgreSQL is away."""
ALLOWANCE = 1.02
"""Spacing is kept this much wider than 1/CPS, so that what the network delays keeps the limit too."""

ORIGINATED = "an originate was sent"
UNCERTAIN = "an originate may have reached the switch, reconciliation finds out"
UNDONE = "planned calls were undone before they were sent"
REFUSED = "the switch refuses originates"
UNSAFE = "a value may not enter a dial string, the call is not placed"
MARK_FAILED = "PostgreSQL did not mark the calls, they are not sent"


class Line(Protocol):
    """What is needed of scheduler.switch.Switch."""

    @property
    def core_uuid(self) -> str | None:
        """The Core-UUID while connected."""

    def originate(self, attempt: ClaimedAttempt) -> None:
        """Ask for the call."""


class Departures:
    """Thread-safe queue of planned calls with a thread of its own that sends them."""

    def __init__(
        self,
        database: Database,
        redis: Redis,
        switch: Line,
        brakes: Brakes,
        total_cps: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database, self._redis, self._switch, self._brakes = database, redis, switch, brakes
        self._clock = clock
        self._total_spacing_s = ALLOWANCE / total_cps
        self._planned: list[Departure] = []
        self._changed = threading.Condition()
        self._is_over = False
        self._free_at: dict[int, float] = {}
        self._any_free_at = 0.0
        self._not_sent: list[str] = []
        self._thread = threading.Thread(target=self._run, name="departures", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self, wait_s: float) -> None:
        """Undo what is still planned and end; waits no longer than `wait_s`."""
        with self._changed:
            self._is_over = True
            self._changed.notify()
        self._thread.join(wait_s)

    def add(self, planned: Sequence[Departure]) -> None:
        """Plan these calls."""
        with self._changed:
            self._planned = sorted([*self._planned, *planned], key=lambda departure: departure.due_s)
            self._changed.notify()

    def _run(self) -> None:
        while True:
            batch = self._next_batch()
            if batch is None:
                self._undo(self._all_planned())
                self._withdraw([])
                return
            try:
                self.send_batch(batch)
            except Exception:
                logger.exception("sending planned calls failed")

    def _next_batch(self) -> list[Departure] | None:
        """Wait for the next calls whose moment is near; None when it is over."""
        with self._changed:
            while not self._is_over:
                now = self._clock()
                due = [departure for departure in self._planned if departure.due_s <= now + MARK_AHEAD_S]
                if due:
                    del self._planned[: len(due)]
                    return due
                wait_s = self._planned[0].due_s - MARK_AHEAD_S - now if self._planned else None
                if not self._changed.wait(min(wait_s or RETRY_S, RETRY_S) if self._not_sent else wait_s):
                    return []  # nothing new: a chance to undo what could not be undone before
            return None

    def _all_planned(self) -> list[Departure]:
        with self._changed:
            planned, self._planned = self._planned, []
        return planned

    def send_batch(self, batch: Sequence[Departure]) -> None:
        """Mark these calls, commit, and send those that may leave, each at its moment."""
        core_uuid = self._switch.core_uuid
        if self._brakes.reason() is not None or core_uuid is None:
            return self._undo(batch)
        late = [departure for departure in batch if self._is_late(departure)]
        ready = {d.attempt.attempt_id: d for d in batch if d not in late}
        self._undo(late)
        if not ready:
            return self._withdraw([])
        try:
            marked = self._database.run(lambda conn: claims.mark_originated(conn, list(ready), core_uuid))
        except DatabaseAway:
            logger.warning(MARK_FAILED, extra={"count": len(ready)})
            # The commit may have happened: what it marked is undone as soon as PostgreSQL is back.
            return self._withdraw(list(ready))
        self._undo([departure for attempt_id, departure in ready.items() if attempt_id not in marked])
        for attempt_id in marked:
            self._send(ready[attempt_id])
        return self._withdraw([])

    def _is_late(self, departure: Departure) -> bool:
        return self._clock() > departure.due_s + LATEST_S

    def _send(self, departure: Departure) -> None:
        """Send one call at its moment, and at the allowed distance from those before it."""
        attempt = departure.attempt
        moment = max(departure.due_s, self._free_at.get(attempt.gateway_id, 0.0), self._any_free_at)
        wait_s = moment - self._clock()
        if wait_s > 0:
            time.sleep(wait_s)
        known = {"attempt_id": attempt.attempt_id, "campaign_id": attempt.campaign_id, "gateway": attempt.gateway}
        if self._is_late(departure) or self._brakes.reason() is not None:
            self._not_sent.append(attempt.attempt_id)
            return
        now = self._clock()
        self._free_at[attempt.gateway_id] = now + departure.spacing_s * ALLOWANCE
        self._any_free_at = now + self._total_spacing_s
        try:
            self._switch.originate(attempt)
        except NotSent:
            self._not_sent.append(attempt.attempt_id)
        except CommandRefused as error:
            logger.error(REFUSED, extra={**known, "reason": str(error)})  # noqa: TRY400 - expected, no traceback
            self._not_sent.append(attempt.attempt_id)
            self._brakes.refused(REST_AFTER_REFUSAL_S)
        except UnsafeDialString:
            logger.exception(UNSAFE, extra=known)
            self._not_sent.append(attempt.attempt_id)
            self._brakes.refused(REST_AFTER_REFUSAL_S)
        except MaybeSent as error:
            logger.warning(UNCERTAIN, extra={**known, "reason": str(error)})
        else:
            logger.info(ORIGINATED, extra=known)
            live_events.publish(self._redis, "call.started", {**known, "number": attempt.number})

    def _undo(self, departures: Sequence[Departure]) -> None:
        """Undo claims that were not marked. While PostgreSQL is away their age undoes them later."""
        if not departures:
            return
        ids = [departure.attempt.attempt_id for departure in departures]
        give_back(self._redis, ids)
        try:
            count = self._database.run(lambda conn: claims.release(conn, ids))
        except DatabaseAway:
            return
        logger.info(UNDONE, extra={"count": count})

    def _withdraw(self, ids: Sequence[str]) -> None:
        """Undo calls that were marked, or may have been, and surely were not sent; remembered until it succeeds."""
        self._not_sent += ids
        if not self._not_sent:
            return
        give_back(self._redis, self._not_sent)
        not_sent = list(self._not_sent)
        try:
            count = self._database.run(lambda conn: claims.withdraw(conn, not_sent))
        except DatabaseAway:
            return
        self._not_sent.clear()
        logger.info(UNDONE, extra={"count": count})
