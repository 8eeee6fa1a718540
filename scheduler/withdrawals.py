"""Undoes calls that were marked, or may have been, and surely never left; remembered until PostgreSQL has done it."""

import contextlib
import logging
import time
from dataclasses import dataclass
from typing import Protocol

from redis import Redis

from db import claims
from db.errors import DatabaseAway
from scheduler.database import Database
from scheduler.planner import give_back
from scheduler.unsent import Unsent

logger = logging.getLogger(__name__)

AWAITED_S = 60.0
"""So long a switch's return is awaited: the attempt has been concluded by then, or its switch was moved elsewhere."""

WITHDRAWN = "calls that were marked and never left were undone"
UNREAD = "the switch died before it read an originate to its end, the call is undone"


class Line(Protocol):
    """What is needed of scheduler.switch.Switch."""

    @property
    def core_uuid(self) -> str | None:
        """The Core-UUID while connected."""


@dataclass(frozen=True, slots=True)
class _Unread:
    """An originate that a connection ended upon, unread; core_uuid: the life of the switch it was meant for.

    since_s: on time.monotonic's clock.
    """

    attempt_id: str
    line: Line
    core_uuid: str
    since_s: float


class Withdrawals:
    """One thread uses it. It begins with what schedulers that are dead left in `unsent`."""

    def __init__(self, database: Database, redis: Redis, unsent: Unsent) -> None:
        self._database, self._redis, self._unsent = database, redis, unsent
        self._not_sent = list(unsent.left)
        self._unread: list[_Unread] = []

    @property
    def waits(self) -> bool:
        """Whether `settle` has something to look after."""
        return bool(self._not_sent or self._unread)

    def put_aside(self, attempt_id: str) -> None:
        """Undo this call, which surely was not sent."""
        self._not_sent.append(attempt_id)
        self._unsent.begin(attempt_id)

    def await_death(self, attempt_id: str, line: Line, core_uuid: str) -> None:
        """Undo this call, which was not read, once it is sure that the switch died; one that lives can be asked."""
        self._unread.append(_Unread(attempt_id, line, core_uuid, time.monotonic()))

    def settle(self) -> None:
        """Undo what there is, as far as it can be done now."""
        self._find_deaths()
        if not self._not_sent:
            return
        give_back(self._redis, self._not_sent)
        ids = list(self._not_sent)
        try:
            count = self._database.run(lambda conn: claims.withdraw(conn, ids))
        except DatabaseAway:
            return
        self._not_sent.clear()
        with contextlib.suppress(OSError):
            self._unsent.end(ids)
        logger.info(WITHDRAWN, extra={"count": count})

    def _find_deaths(self) -> None:
        still_away = []
        for unread in self._unread:
            now = unread.line.core_uuid
            if now is None:
                still_away += [unread] if time.monotonic() - unread.since_s < AWAITED_S else []
            elif now != unread.core_uuid:
                logger.info(UNREAD, extra={"attempt_id": unread.attempt_id})
                self.put_aside(unread.attempt_id)
        self._unread = still_away
