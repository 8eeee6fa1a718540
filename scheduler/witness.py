"""The second witness: concludes attempts from the switch's events and replies when the hangup hook stays silent."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from redis import Redis

from db import attempts, conclusion, leases, live_events
from db.conclusion import Concluded
from db.errors import DatabaseAway, RedisAway
from db.sql import AnyConnection
from dialer.disposition import CallFacts
from dialer.outcome import Witness
from dialer.switch_facts import facts_from_headers
from scheduler.beside import Beside
from scheduler.database import Database
from scheduler.event_socket import MaybeSent, NotSent

logger = logging.getLogger(__name__)

REPLY_GRACE_S = 5.0
"""After a `-ERR` reply the hook may still be running: this long nobody else concludes."""
AGAIN_S = 1.0
MOST_TRIES = 5
"""A testimony whose conclusion fails so often for a reason nobody expects is dropped; reconciliation finds out."""
UNKNOWN_CAUSE = "DESTINATION_OUT_OF_ORDER"
"""What stands for an error reply that names no cause, such as a parse error; the switch itself says this then."""

CONCLUDED = "an attempt was concluded without its hangup hook"
STILL_UP = "an originate was refused, but its channel exists: its end is waited for"
NOT_CONCLUDED = "an attempt could not be concluded, it is tried again"
DROPPED = "what was heard of an attempt's end could not be written down and is dropped"


Record = Callable[[AnyConnection, CallFacts, Witness], Concluded | None]


class Channels(Protocol):
    """What is needed of scheduler.switch.Switch."""

    def channel_exists(self, attempt_id: str) -> bool:
        """Ask the switch; raises NotSent, MaybeSent."""


@dataclass(frozen=True, slots=True)
class Testimony:
    """What was heard of one call, and when it may count. due_s: on time.monotonic's clock.

    channels: the switch that gave a reply.
    """

    facts: CallFacts
    witness: Witness
    due_s: float
    channels: Channels | None = None


class TheWitness:
    """Thread-safe. hear_* return at once; `settle` is called each second."""

    def __init__(
        self,
        database: Database,
        redis: Redis,
        hook_grace_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database, self._redis = database, redis
        self._hook_grace_s, self._clock = hook_grace_s, clock
        self._lock = threading.Lock()
        self._heard: dict[str, Testimony] = {}
        self._failures: dict[str, int] = {}
        """Attempt's id → surprises so far; `settle` alone uses it, one thread for each attempt."""
        self._beside = Beside()

    def hear_hangup(self, headers: Mapping[str, str]) -> None:
        """Take down the end of a leg."""
        facts = facts_from_headers(headers.get, datetime.now(UTC))
        if facts is not None:
            self._take(Testimony(facts, Witness.EVENTS, self._clock() + self._hook_grace_s))

    def hear_reply(self, attempt_id: str, answer: str, channels: Channels) -> None:
        """Take down how an originate ended on this switch; only a failure says anything about a call's end."""
        if not answer.startswith("-ERR"):
            return
        facts = CallFacts(attempt_id, cause_in(answer), datetime.now(UTC))
        due_s = self._clock() + max(REPLY_GRACE_S, self._hook_grace_s)
        self._take(Testimony(facts, Witness.REPLY, due_s, channels))

    def _take(self, testimony: Testimony) -> None:
        with self._lock:
            known = self._heard.get(testimony.facts.attempt_id)
            if known is None or known.witness is Witness.REPLY:  # a leg's end knows more than a reply
                self._heard[testimony.facts.attempt_id] = testimony

    def has_heard(self, attempt_id: str) -> bool:
        """Whether the attempt's end is known here and will be concluded."""
        with self._lock:
            return attempt_id in self._heard

    def settle(self) -> None:
        """Conclude what is due and still open. Never raises for a store's or the switch's sake: it is tried again.

        No testimony keeps the others waiting: what fails for its own sake is tried MOST_TRIES times.
        """
        now = self._clock()
        with self._lock:
            due = {attempt_id: t for attempt_id, t in self._heard.items() if t.due_s <= now}
        if not due:
            return
        try:
            still_open = {a.attempt_id for a in self._database.run(attempts.open_attempts)}
        except DatabaseAway:
            return  # what is left in `heard` is due again at the next call
        of_switches: dict[Channels | None, list[Testimony]] = {}
        for testimony in due.values():
            of_switches.setdefault(testimony.channels, []).append(testimony)
        # Those that no switch has to be asked for come first, here; each switch's are asked for beside the others'.
        self._settle(of_switches.pop(None, []), still_open)
        self._beside.each({id(of): partial(self._settle, found, still_open) for of, found in of_switches.items()})

    def _settle(self, due: Sequence[Testimony], still_open: Set[str]) -> None:
        """Conclude these, in their order; until PostgreSQL is away."""
        with contextlib.suppress(DatabaseAway):
            for testimony in due:
                if testimony.facts.attempt_id not in still_open or self._is_done_with(testimony):
                    self._forget(testimony)

    def _is_done_with(self, testimony: Testimony) -> bool:
        """Conclude; say whether the testimony has served, or never will. Raises DatabaseAway."""
        attempt_id = testimony.facts.attempt_id
        try:
            self._conclude(testimony)
        except DatabaseAway:
            raise  # so it is for all the others
        except (NotSent, MaybeSent):
            return False  # a leg's end needs no answer of the switch: the others may be concluded all the same
        except Exception:
            failures = self._failures[attempt_id] = self._failures.get(attempt_id, 0) + 1
            is_enough = failures >= MOST_TRIES
            logger.exception(DROPPED if is_enough else NOT_CONCLUDED, extra={"attempt_id": attempt_id})
            return is_enough
        return True

    def _forget(self, testimony: Testimony) -> None:
        attempt_id = testimony.facts.attempt_id
        self._failures.pop(attempt_id, None)
        with self._lock:
            if self._heard.get(attempt_id) is testimony:
                del self._heard[attempt_id]

    def _conclude(self, testimony: Testimony) -> None:
        facts = testimony.facts
        if testimony.channels is not None and testimony.channels.channel_exists(facts.attempt_id):
            logger.warning(STILL_UP, extra={"attempt_id": facts.attempt_id, "cause": facts.hangup_cause})
            return
        conclude(self._database, self._redis, facts, testimony.witness)


def conclude(
    database: Database, redis: Redis, facts: CallFacts, witness: Witness, record: Record = conclusion.conclude
) -> Concluded | None:
    """Conclude an attempt as the hook would: record, free its channel, tell who watches. Raises DatabaseAway."""
    concluded = database.run(lambda conn: record(conn, facts, witness))
    if concluded is None:
        return None
    known = {
        "attempt_id": concluded.attempt_id,
        "campaign_id": concluded.campaign_id,
        "disposition": concluded.disposition,
        "hangup_cause": facts.hangup_cause,
    }
    logger.warning(CONCLUDED, extra={**known, "witness": witness})
    try:
        leases.release(redis, [concluded.attempt_id])
    except RedisAway:
        logger.info("the channel's lease was not released, it expires by itself", extra=known)
    live_events.publish(redis, "call.ended", {**known, "billsec": concluded.billsec})
    return concluded


def cause_in(answer: str) -> str:
    """Return the hangup cause of `-ERR CAUSE`."""
    words = answer.split()
    cause = words[1] if len(words) == 2 else ""
    return cause if cause.replace("_", "").isalnum() and cause.isupper() else UNKNOWN_CAUSE
