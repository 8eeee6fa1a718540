"""Sends a marked call to its switch, once, and hears the reply; a switch that hangs holds it up but for a moment."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from typing import Protocol

from redis import Redis

from db import live_events
from db.claims import ClaimedAttempt
from db.errors import DatabaseAway
from dialer.disposition import CallFacts
from dialer.errors import UnsafeDialString
from dialer.outcome import Witness
from scheduler.database import Database
from scheduler.event_socket import CommandRefused, MaybeSent, NotSent, Unanswered, Unread
from scheduler.unsent import Unsent
from scheduler.withdrawals import Withdrawals
from scheduler.witness import conclude

logger = logging.getLogger(__name__)

PATIENCE_S = 0.1
"""How long one switch's reply may hold up calls to others, once: it gets no call until it has replied."""
LOOK_EVERY_S = 0.05
"""How often a reply that is owed is looked for."""
REST_AFTER_REFUSAL_S = 5.0
TELL_EVERY_S = 0.1
"""Live events of calls that were sent wait so long for others: each request to Redis holds up the next call."""

ORIGINATED = "an originate was sent"
OWED = "the switch has not replied to an originate yet, it gets no other before it does"
UNCERTAIN = "an originate may have reached the switch, reconciliation finds out"
REFUSED = "the switch refuses originates"
UNSAFE = "a value may not enter a dial string, the attempt failed without a call"
NEVER_SENT_CAUSE = "DESTINATION_OUT_OF_ORDER"
"""What an attempt is concluded with that can't be spelled as a command: a failure of our own, retried by its rule."""


class Line(Protocol):
    """What is needed of scheduler.switch.Switch."""

    @property
    def core_uuid(self) -> str | None:
        """The Core-UUID while connected."""

    def originate(self, attempt: ClaimedAttempt, core_uuid: str, patience_s: float | None, latest_s: float) -> float:
        """Ask this life of the switch for the call; return when it replied."""


class Taker(Protocol):
    """What is needed of scheduler.node.Node."""

    @property
    def id(self) -> int:
        """The switch's id."""

    @property
    def line(self) -> Line:
        """The connection to it."""

    def refused(self, wait_s: float) -> None:
        """Let it rest."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A call that is marked, for this life of this switch. allowed_at: when the last gate let it leave.

    latest_s: when it is too late to send it, on time.monotonic's clock: others may think by then that it never came.
    """

    attempt: ClaimedAttempt
    taker: Taker
    core_uuid: str
    allowed_at: float
    latest_s: float

    def facts(self) -> dict[str, object]:
        """Return what log lines and live events say of it."""
        attempt = self.attempt
        return {
            "attempt_id": attempt.attempt_id,
            "campaign_id": attempt.campaign_id,
            "gateway": attempt.gateway,
            "switch_id": self.taker.id,
        }


class Reply(Enum):
    """What a switch said to the call it was sent."""

    GOOD = "good"
    BAD = "bad"
    """It refused it, or the call was not sent, or nobody knows."""
    NOT_YET = "not_yet"
    OWED = "owed"
    """Nothing, and may hold up calls to others no longer."""


@dataclass(frozen=True, slots=True)
class _Awaited:
    """A call that was sent, until when (time.monotonic) its reply may hold up others, and where to look for it."""

    sending: Sending
    until: float
    unanswered: Unanswered


class Sender:
    """One thread uses it."""

    def __init__(self, database: Database, redis: Redis, unsent: Unsent, withdrawals: Withdrawals) -> None:
        self._database, self._redis = database, redis
        self._unsent, self._withdrawals = unsent, withdrawals
        self._last: _Awaited | None = None
        """The call that was sent last, while there is no reply and others may be held up for it."""
        self._owed: dict[int, _Awaited] = {}
        """Switch's id → the call it owes a reply to, for which nobody is held up any more."""
        self._news: list[str] = []
        self._tells_at = 0.0
        self.heard_at = 0.0
        """When the last good reply came, on time.monotonic's clock."""

    @property
    def waits(self) -> bool:
        """Whether `hear`, `look` or `tell` has something to do soon."""
        return self._last is not None or bool(self._owed) or bool(self._news)

    def awaits(self, taker: Taker) -> bool:
        """Whether this switch owes a reply for too long."""
        return taker.id in self._owed

    def send(self, sending: Sending, patience_s: float | None) -> Reply:
        """Send it; when the reply is NOT_YET there, `hear` it before the next call is sent.

        patience_s: how long it may hold up calls to other switches; None: until it comes or the connection is given up.
        """
        assert self._last is None, "the reply to the call before was not heard"
        try:
            self._unsent.end([sending.attempt.attempt_id])
        except OSError:
            self._withdrawals.put_aside(sending.attempt.attempt_id)
            return Reply.BAD
        until = float("inf") if patience_s is None else time.monotonic() + patience_s
        ask = partial(sending.taker.line.originate, sending.attempt, sending.core_uuid, 0.0, sending.latest_s)
        return self._put(self._settle(sending, until, ask))

    def hear(self, most_s: float | None) -> Reply:
        """Wait for the reply to the call sent last: NOT_YET after most_s, OWED once it may hold up nobody longer."""
        last, self._last = self._last, None
        if last is None:
            return Reply.GOOD
        rest_s = max(last.until - time.monotonic(), 0.0)
        wait_s = rest_s if most_s is None else min(rest_s, most_s)
        return self._put(self._settle(last.sending, last.until, partial(last.unanswered.look, wait_s)))

    def look(self) -> None:
        """Look whether replies that were owed have come, or whose connection was given up. Sends nothing."""
        for switch_id in list(self._owed):
            owed = self._owed.pop(switch_id)
            if isinstance(
                still := self._settle(owed.sending, owed.until, partial(owed.unanswered.look, 0.0)), _Awaited
            ):
                self._owed[switch_id] = still

    def _put(self, reply: Reply | _Awaited) -> Reply:
        """Keep a call that there is no reply to yet where it belongs."""
        if isinstance(reply, Reply):
            return reply
        if time.monotonic() < reply.until:
            self._last = reply
            return Reply.NOT_YET
        logger.warning(OWED, extra=reply.sending.facts())
        self._owed[reply.sending.taker.id] = reply
        return Reply.OWED

    def tell(self, *, at_once: bool = False) -> None:
        """Publish what was sent lately, when it is time for it."""
        if self._news and (at_once or time.monotonic() >= self._tells_at):
            news, self._news = self._news, []
            live_events.publish_all(self._redis, news)

    def _note(self, event: str) -> None:
        if not self._news:
            self._tells_at = time.monotonic() + TELL_EVERY_S
        self._news.append(event)

    def _settle(self, sending: Sending, until: float, ask: Callable[[], float]) -> Reply | _Awaited:
        """Do what follows from what `ask`, which sends it or looks for its reply, finds out."""
        attempt, taker, known = sending.attempt, sending.taker, sending.facts()
        try:
            self.heard_at = ask()
        except (NotSent, OSError):
            self._withdrawals.put_aside(attempt.attempt_id)
        except CommandRefused as error:
            logger.error(REFUSED, extra={**known, "reason": str(error)})  # noqa: TRY400 - expected, no traceback
            self._withdrawals.put_aside(attempt.attempt_id)
            taker.refused(REST_AFTER_REFUSAL_S)
        except UnsafeDialString:
            logger.exception(UNSAFE, extra=known)
            self._fail(attempt)
        except Unanswered as error:
            return _Awaited(sending, until, error)
        except MaybeSent as error:
            logger.warning(UNCERTAIN, extra={**known, "reason": str(error)})
            if isinstance(error, Unread):
                self._withdrawals.await_death(attempt.attempt_id, taker.line, sending.core_uuid)
        else:
            logger.info(ORIGINATED, extra={**known, "allowed_at": sending.allowed_at})
            self._note(live_events.encoded("call.started", {**known, "number": attempt.number}))
            return Reply.GOOD
        return Reply.BAD

    def _fail(self, attempt: ClaimedAttempt) -> None:
        """Conclude a call that can't be asked for: undone, it would be claimed again at once, for ever."""
        facts = CallFacts(attempt.attempt_id, NEVER_SENT_CAUSE, datetime.now(UTC))
        try:
            conclude(self._database, self._redis, facts, Witness.REPLY)
        except DatabaseAway:  # it comes back here when PostgreSQL does
            self._withdrawals.put_aside(attempt.attempt_id)
