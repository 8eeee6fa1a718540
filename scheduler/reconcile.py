"""Compares open attempts with the switch: undoes claims that never left, restores leases, finds what was lost."""

import logging
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from redis import Redis

from db import attempts, claims, leases
from db.attempts import OpenAttempt
from db.errors import DatabaseAway, RedisAway
from dialer.disposition import CallFacts
from dialer.errors import InvalidFlow, InvalidRetryRules
from dialer.outcome import Witness
from scheduler.beside import Beside
from scheduler.brakes import Brakes
from scheduler.database import Database
from scheduler.witness import conclude

logger = logging.getLogger(__name__)

LOOK_AGAIN_S = 5.0
"""Time between the two looks after which a missing channel is believed to be gone."""
UNSETTLED_S = 5.0
"""An originate younger than this may not have become a channel yet."""
STALE_CLAIM_S = 10.0
"""A claim that nobody originated for so long has no owner; a living one gives its claims up after less than 1 s."""

NEVER_CAME_CAUSE = "DESTINATION_OUT_OF_ORDER"
"""What an attempt is concluded with of which a switch that lived on knows nothing: its originate never came."""

LOST = "an attempt is lost: the switch it was up on died, and nobody concluded it"
NEVER_CAME = "an attempt failed: its originate was not sent or not read, the switch never heard of it"
STUCK = "an attempt can't be concluded while what is stored for its campaign can't be followed, it is tried again"
RELEASED = "claims that nobody originated were undone"
RESTORED = "leases of open attempts were restored"
REBUILT = "Redis had been emptied, the leases were rebuilt"
SPOOL_WAITS = "facts wait in the spool, nothing is called lost before they are applied"


class Channels(Protocol):
    """What is needed of scheduler.switch.Switch."""

    @property
    def core_uuid(self) -> str | None:
        """The Core-UUID while connected."""

    def channel_exists(self, attempt_id: str) -> bool:
        """Ask uuid_exists; raises NotSent, MaybeSent."""

    def channels(self) -> frozenset[str]:
        """Ask show channels; raises NotSent, MaybeSent."""


class Node(Protocol):
    """What is needed of scheduler.node.Node."""

    visit: int
    """Grows with each connection."""

    @property
    def id(self) -> int:
        """The switch's id, as attempts have it."""

    @property
    def line(self) -> Channels:
        """The connection to it."""

    def compared(self, visit: int) -> None:
        """Its open attempts were looked at in this visit."""

    def has_empty_spool(self) -> bool:
        """Whether no result waits on its disk."""


class Reconciler:
    """`tick` and `undo_stale_claims` are called each second; `wake` may be called from any thread."""

    def __init__(
        self,
        database: Database,
        redis: Redis,
        nodes: Callable[[], Sequence[Node]],
        brakes: Brakes,
        has_testimony: Callable[[str], bool],
        every_s: float,
        lease_ttl_s: int,
        clock: Callable[[], float] = time.monotonic,
        is_leader: Callable[[], bool] = lambda: True,
    ) -> None:
        """nodes: every switch. is_leader: whether this scheduler says what is lost; leases are everybody's business."""
        self._is_leader = is_leader
        self._database, self._redis, self._nodes = database, redis, nodes
        self._brakes, self._has_testimony = brakes, has_testimony
        self._every_s, self._lease_ttl_s, self._clock = every_s, lease_ttl_s, clock
        self._lock = threading.Lock()
        self._next_look_s = float("-inf")
        self._beside = Beside()
        self._missing_since: dict[int, dict[str, float]] = {}
        """Switch's id → attempt's id → since when it is missing there. Each switch's is its own look's alone."""

    def wake(self) -> None:
        """Look at the next tick: the switch came back, or Redis was emptied."""
        self._look_by(float("-inf"))

    def _look_by(self, moment: float) -> None:
        with self._lock:
            self._next_look_s = min(self._next_look_s, moment)

    def tick(self, now: datetime | None = None) -> None:
        """Look when it is time. Never raises for a store's or the switch's sake: it looks again at the next tick."""
        if self._clock() < self._next_look_s:
            return
        before = self._next_look_s
        # A first look finds originates that are too young to be judged: the second comes as soon as they are not.
        wait_s = min(UNSETTLED_S, self._every_s) if before == float("-inf") else self._every_s
        with self._lock:
            self._next_look_s = self._clock() + wait_s  # set before the look: a wake during it is not forgotten
        try:
            self.look(now or datetime.now(UTC))
        except (DatabaseAway, RedisAway):
            self._look_by(before)

    def look(self, now: datetime) -> None:
        """Look once, at every switch beside the others; raises DatabaseAway, RedisAway. Who can't be asked wakes us."""
        here = [(node, node.visit) for node in self._nodes() if node.line.core_uuid is not None]
        found = self._database.run(attempts.open_attempts)
        self._agree_on_leases(found)
        self._brakes.reconciled()
        is_leader = self._is_leader()
        ids = {node.id for node, _ in here} if is_leader else set()
        for forgotten in [switch_id for switch_id in self._missing_since if switch_id not in ids]:
            self._missing_since.pop(forgotten, None)
        jobs: dict[Hashable, Callable[[], object]] = {}
        for node, visit in here:
            on_it = [a for a in found if a.switch_id == node.id] if is_leader else None
            jobs[node.id] = partial(self._look_at, node, visit, on_it, now)
        self._beside.each(jobs)

    def _look_at(self, node: Node, visit: int, found: Sequence[OpenAttempt] | None, now: datetime) -> None:
        """Look at one switch. found: its open attempts, None: another scheduler says what is lost."""
        core_uuid = node.line.core_uuid
        if core_uuid is None or node.visit != visit:
            return  # its next connection wakes us
        try:
            if found is not None:
                self._find_lost(node, visit, found, core_uuid, now)
            node.compared(visit)
        except BaseException:
            self.wake()
            raise
        if node.visit != visit:
            self.wake()  # its next connection did so too soon: this look still kept it from being looked at

    def undo_stale_claims(self) -> None:
        """Give contacts of claims that nobody originated back to the queue. Raises DatabaseAway, RedisAway."""
        stale = self._database.run(lambda conn: claims.release_stale(conn, STALE_CLAIM_S))
        if stale:
            leases.give_back(self._redis, stale)
            logger.warning(RELEASED, extra={"count": len(stale)})

    def _agree_on_leases(self, found: Sequence[OpenAttempt]) -> None:
        if leases.are_lost(self._redis):
            # A minute's originates are thousands: read each time, they would be most of what this process occupies.
            recent = self._database.run(attempts.recent_attempts)
            if leases.rebuild(self._redis, found, recent, self._lease_ttl_s):
                logger.warning(REBUILT, extra={"count": len(found)})
                return
        if restored := leases.restore(self._redis, found, self._lease_ttl_s):
            logger.warning(RESTORED, extra={"count": restored})

    def _find_lost(self, node: Node, visit: int, found: Sequence[OpenAttempt], core_uuid: str, now: datetime) -> None:
        missing = {a.attempt_id: a for a in self._missing(node.line, found, core_uuid, now)}
        if node.visit != visit:
            return  # one answer may be of this life and the other of the next; its connection has woken us
        moment, known = self._clock(), self._missing_since.get(node.id, {})
        since_when = {attempt_id: known.get(attempt_id, moment) for attempt_id in missing}
        self._missing_since[node.id] = since_when
        if not missing:
            return
        self._look_by(moment + LOOK_AGAIN_S)
        if not node.has_empty_spool():
            logger.warning(SPOOL_WAITS, extra={"missing": len(missing), "switch_id": node.id})
            return
        for attempt_id, since in list(since_when.items()):
            if moment - since >= LOOK_AGAIN_S and not self._has_testimony(attempt_id):
                never_came = _never_came(missing[attempt_id], core_uuid)
                facts = CallFacts(attempt_id, NEVER_CAME_CAUSE if never_came else "", now)
                try:
                    if conclude(self._database, self._redis, facts, Witness.RECONCILE):
                        logger.error(NEVER_CAME if never_came else LOST, extra={"attempt_id": attempt_id})
                except (InvalidFlow, InvalidRetryRules) as error:  # its campaign's fault: the others go on
                    fields = {"attempt_id": attempt_id, "reason": str(error)}
                    logger.error(STUCK, extra=fields)  # noqa: TRY400 - expected, no traceback
                    continue
                del since_when[attempt_id]

    def _missing(
        self, line: Channels, found: Sequence[OpenAttempt], core_uuid: str, now: datetime
    ) -> list[OpenAttempt]:
        """Attempts that were originated and of which the switch knows no channel, by both of its answers."""
        settled = [
            a for a in found if a.originated_at is not None and (now - a.originated_at).total_seconds() >= UNSETTLED_S
        ]
        if not settled:
            return []
        listed = line.channels()
        return [
            a
            for a in settled
            # Another Core-UUID: the switch was restarted since, and none of its channels lived on.
            if a.switch_core_uuid not in (None, core_uuid)
            or (a.attempt_id not in listed and not line.channel_exists(a.attempt_id))
        ]


def _never_came(attempt: OpenAttempt, core_uuid: str) -> bool:
    """Whether the originate never reached the switch: it has lived on since, and has nothing to tell.

    Every leg that comes into being leaves a trace, by its hook in PostgreSQL or in the spool; this one left none.
    """
    return attempt.switch_core_uuid == core_uuid and attempt.answered_at is None
