"""Sends each planned call at its moment: marked in PostgreSQL first, never sent twice, evenly spaced."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from redis import Redis

from db import claims, leases
from db.errors import DatabaseAway, LeasesLost, RedisAway
from db.leases import Leave
from scheduler.brakes import Brakes
from scheduler.database import Database
from scheduler.distances import PROMPT_S, Distances
from scheduler.last_gate import LastGate, Lines
from scheduler.pace import Pace
from scheduler.planner import Departure, give_back
from scheduler.sender import LOOK_EVERY_S, PATIENCE_S, Reply, Sender, Sending, Taker
from scheduler.unsent import Unsent
from scheduler.withdrawals import Withdrawals

logger = logging.getLogger(__name__)

LATEST_S = 0.15
"""A call that is later than this gives its slot back: sent now, it would leave in the next one's moment."""
RETRY_S = 1.0
"""How often undoing is tried again while PostgreSQL is away."""
UNDONE = "planned calls were undone before they were sent"
MARK_FAILED = "PostgreSQL did not mark a call, it is not sent"
NO_PERMISSION = "Redis did not let a call leave, planned calls are undone"
FAILED = "sending a planned call failed"


@dataclass(frozen=True, slots=True)
class _Left:
    """A call that was sent, to a switch, and the moment it was given."""

    departure: Departure
    taker: Taker
    moment: float


class Departures:
    """Thread-safe queue of planned calls with a thread of its own that sends them."""

    def __init__(
        self,
        database: Database,
        redis: Redis,
        switches: Lines,
        brakes: Brakes,
        total_cps: float,
        unsent: Unsent,
        clock: Callable[[], float] = time.monotonic,
        lease_ttl_s: int = leases.TTL_S,
    ) -> None:
        self._database, self._redis, self._switches, self._brakes = database, redis, switches, brakes
        self._clock = clock
        self._planned: list[Departure] = []
        self._changed = threading.Condition()
        self._is_over = False
        self._distances = Distances(total_cps, clock)
        self._gate = LastGate(redis, switches, self._distances, lease_ttl_s)
        self._unheard: _Left | None = None
        """The call that was sent last while its switch has not replied."""
        self.pace = Pace(total_cps)
        self._unsent, self._withdrawals = unsent, Withdrawals(database, redis, unsent)
        self._sender = Sender(database, redis, unsent, self._withdrawals)
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
            self._planned += planned
            self._changed.notify()

    def _run(self) -> None:
        while True:
            try:
                departure = self._next()
                if departure is not None:
                    self._depart(departure)
                    self._hear(self._until_next_s())
                self._sender.look()
                self._sender.tell()
                self._withdrawals.settle()
            except Exception:
                logger.exception(FAILED)
            with self._changed:
                if self._is_over:
                    break
        self._undo(self._take_all())
        self._hear(PATIENCE_S)
        self._sender.look()
        self._sender.tell(at_once=True)
        self._withdrawals.settle()

    def _next(self) -> Departure | None:
        """Wait for the next call's moment; None when it is over, or when there is something else to look after."""
        with self._changed:
            while not self._is_over:
                if not self._planned:
                    longest_s = self._longest_wait_s()
                    self._changed.wait(longest_s)
                    if longest_s is not None:
                        return None
                    continue
                departure = min(self._planned, key=self._distances.asks_at)
                wait_s = self._distances.asks_at(departure) - self._clock()
                if wait_s <= 0:
                    self._planned.remove(departure)
                    return departure
                if self._sender.waits and wait_s > LOOK_EVERY_S:
                    self._changed.wait(LOOK_EVERY_S)
                    return None
                self._changed.wait(wait_s)
            return None

    def _longest_wait_s(self) -> float | None:
        """Return for how long there is nothing to look after; None: until something changes."""
        if self._sender.waits:
            return LOOK_EVERY_S
        return RETRY_S if self._withdrawals.waits else None

    def _take_all(self) -> list[Departure]:
        with self._changed:
            planned, self._planned = self._planned, []
        return planned

    def _take_due(self) -> list[Departure]:
        """Take those whose moment has come."""
        with self._changed:
            now = self._clock()
            due = [departure for departure in self._planned if departure.due_s <= now]
            self._planned = [departure for departure in self._planned if departure.due_s > now]
        return due

    def _is_late(self, departure: Departure) -> bool:
        return self._clock() > departure.due_s + LATEST_S

    def _depart(self, departure: Departure) -> None:
        """Mark the call, commit, send it. Killed in between, our successor finds in `unsent` that it never left.

        The switch's reply to the call before may still be on its way while this one is marked, not when it is sent.
        """
        if self._brakes.reason() is not None:
            return self._undo([departure, *self._take_all()])
        if self._is_late(departure):
            # Those whose moment has come too would be late when their turn came: undoing each would be later still.
            return self._undo([departure, *self._take_due()])
        attempt, began_at = departure.attempt, self._clock()
        # One that owes a reply may hang: it gets no second call, and no channel is counted there.
        takers: dict[int, Taker] = {
            taker.id: taker for taker in self._switches.takers(attempt.gateway) if not self._sender.awaits(taker)
        }
        try:
            leave = self._gate.ask(departure, takers, departure.due_s - self._clock())
        except (RedisAway, LeasesLost) as error:
            logger.warning(NO_PERMISSION, extra={"reason": str(error)})
            return self._undo([departure, *self._take_all()])
        if leave.wait_s > 0:  # somebody else's call leaves first
            self._distances.must_wait(departure, leave.wait_s, leave.campaign_wait_s)
            return self.add([departure])
        moment = self._clock() + leave.in_s
        self._switches.note(leave.live, leave.switch_id)
        taker = takers.get(leave.switch_id) if leave.switch_id is not None else None
        core_uuid = taker.line.core_uuid if taker is not None else None
        if taker is None or core_uuid is None:  # no switch has a channel left, or it went away this instant
            return self._undo([departure])
        self._unsent.begin(attempt.attempt_id)
        try:
            marked = self._database.run(
                lambda conn: claims.mark_originated(conn, [attempt.attempt_id], core_uuid, taker.id), begins=False
            )
        except DatabaseAway:
            logger.warning(MARK_FAILED, extra={"attempt_id": attempt.attempt_id})
            # The commit may have happened: it is undone as soon as PostgreSQL is back.
            self._withdrawals.put_aside(attempt.attempt_id)
            return self._undo(self._take_all())
        if not marked:
            return self._undo([departure])
        try:
            allowed = self._when_allowed(departure, taker, leave, moment)
        except Exception:
            self._withdrawals.put_aside(attempt.attempt_id)
            raise
        if allowed is None:
            self.pace.kept_line(self._clock() - began_at)
            return self._withdrawals.put_aside(attempt.attempt_id)
        allowed_at, moment = allowed
        self._distances.leaves(departure, moment)
        # Asked once more right before the bytes leave: whatever holds it up from here must not make it late unnoticed.
        latest_s = departure.due_s + LATEST_S
        patience_s = PATIENCE_S if self._switches.has_others(taker) else None
        self._unheard = _Left(departure, taker, moment)
        self._note(self._sender.send(Sending(attempt, taker, core_uuid, allowed_at, latest_s), patience_s))
        return self.pace.kept_line(max(self._clock(), self._distances.next_asks_at()) - began_at)

    def _when_allowed(
        self, departure: Departure, taker: Taker, leave: Leave, moment: float
    ) -> tuple[float, float] | None:
        """Wait for the reply to the call before, and until this one may be sent; None: it must not leave any more.

        Return its moment by Redis's clock and by ours. Whoever let it pass for that reply asks for another: somebody
        may have been given one since. One that was slow itself does not, on a machine that has no time for it: the next
        ones hear of it.
        """
        before, waits_from = self._unheard, self._clock()
        reply = self._hear(None)
        has_waited = self._clock() - waits_from > PROMPT_S
        if before is not None and before.taker is taker and reply is not Reply.GOOD:
            return None
        leaves_at = self._distances.leaves_at(departure, moment)
        if has_waited or leaves_at > moment + PROMPT_S:
            try:
                again = self._gate.ask_again(departure, taker, departure.due_s + LATEST_S - self._clock(), leave)
            except (RedisAway, LeasesLost):
                return None
            if again is None:
                return None
            leave, moment = again, self._clock() + again.in_s
            leaves_at = max(leaves_at, moment)
        if max(leaves_at, self._clock()) > departure.due_s + LATEST_S or self._brakes.reason() is not None:
            return None
        time.sleep(max(leaves_at - self._clock(), 0.0))
        return leave.at, moment

    def _hear(self, most_s: float | None) -> Reply:
        """Wait for the reply to the call that was sent last, at most as long as its switch may hold up others."""
        return self._note(self._sender.hear(most_s)) if self._unheard else Reply.GOOD

    def _note(self, reply: Reply) -> Reply:
        """Count the distance to the next call from this one's moment, or later when it was held up on its way."""
        if self._unheard and reply is not Reply.NOT_YET:
            left, self._unheard = self._unheard, None
            at = self._sender.heard_at if reply is Reply.GOOD else self._clock()
            if self._distances.was_heard(left.departure, left.moment, at):
                attempt = left.departure.attempt
                with contextlib.suppress(RedisAway, LeasesLost):
                    leases.has_left(self._redis, attempt.gateway_id, attempt.campaign_id)
        return reply

    def _until_next_s(self) -> float | None:
        """Return how long until the next call's moment, None while none is planned."""
        with self._changed:
            moments = [self._distances.asks_at(departure) for departure in self._planned]
        return max(min(moments) - self._clock(), 0.0) if moments else None

    def _undo(self, departures: Sequence[Departure]) -> None:
        """Undo claims that were not marked. While PostgreSQL is away their age undoes them later."""
        if not departures:
            return
        ids = [departure.attempt.attempt_id for departure in departures]
        give_back(self._redis, ids)
        with contextlib.suppress(OSError):
            self._unsent.end(ids)
        try:
            count = self._database.run(lambda conn: claims.release(conn, ids))
        except DatabaseAway:
            return
        logger.info(UNDONE, extra={"count": count})
