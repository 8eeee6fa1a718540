"""What a call writes down: into PostgreSQL when it answers in time, else onto the switch's own disk."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

import psycopg
from redis import Redis

from db import attempts, conclusion, pacing, setups, spool_apply
from db.errors import DatabaseAway, RedisAway
from db.known_terms import KnownTerms
from dialer.call_flow import CallFlow
from dialer.disposition import CallFacts
from dialer.errors import InvalidFlow, InvalidRetryRules
from dialer.outcome import Outcome, Witness
from dialer.retry import RetryBasis
from fs_scripts.flow_cache import FlowCache

logger = logging.getLogger(__name__)

SPOOLED = "PostgreSQL did not take it in time, written to the spool"
REFUSED = "PostgreSQL refused it, written to the spool"
STUCK = "what is stored for the campaign can't be followed, written to the spool until that is mended"
NOT_LEARNT = "PostgreSQL did not say how calls are to be held, the first call of each campaign asks again"
ASKED_ELSEWHERE = "PostgreSQL did not say in time how to hold the call, the flow was found all the same"
REDIS_SILENT = "Redis did not say how to hold the call"
UNKNOWN_FLOW = "nobody can say how to hold the call"
PATIENCE_S = 1.5
"""Silence that a callee bears better than a call that is hung up at once."""
ASK_EVERY_S = 0.1
NOT_KEPT = "what is worth no place in the spool was not kept"

T = TypeVar("T")


class Postgres(Protocol):
    """What is needed of db.bounded.BoundedPostgres."""

    def run(self, job: Callable[[psycopg.Connection[Any]], T], wait_ms: int | None = None, *, begins: bool = True) -> T:
        """Run `job` in one transaction, else as it begins them; raises DatabaseAway when it is not done in time."""


class Disk(Protocol):
    """What is needed of db.overflow.Overflow."""

    def write(self, kind: str, payload: Mapping[str, Any]) -> object:
        """Keep one record, on disk while there is room; raises SpoolFull."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How this call is to be held. is_recording: the campaign wants the whole call recorded."""

    flow: CallFlow
    is_recording: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """What follows from an answer. setup None: nobody can say it. has_message_begun: it is written down already."""

    setup: Setup | None
    has_message_begun: bool = False


class Memory:
    """Writes of every call of this switch; each method returns once the fact is safe, and raises SpoolFull else."""

    def __init__(self, postgres: Postgres, disk: Disk, flows: FlowCache[Setup], redis: Redis) -> None:
        self._postgres = postgres
        self._disk = disk
        self._setups = flows
        self._redis = redis
        self._terms = KnownTerms()

    def learn_setups(self, wait_ms: int) -> None:
        """Learn how calls are held now, so that a switch that has just started can hold them while PostgreSQL is away.

        Nothing is learnt while it is away already: nothing is dialled then.
        """
        try:
            found = self._postgres.run(attempts.live_setups, wait_ms)
        except (DatabaseAway, psycopg.Error) as error:
            logger.warning(NOT_LEARNT, extra={"reason": str(error)})
            return
        for known in found:
            self._learn(known)

    def _learn(self, known: attempts.LiveSetup | attempts.CallContext | attempts.AnsweredBy) -> Setup:
        return self._setups.learn(
            known.campaign_id,
            known.flow_version_id,
            lambda flow: Setup(flow, known.is_recording),
            None if isinstance(known, attempts.AnsweredBy) else known.definition,
        )

    def answered(
        self,
        attempt_id: str,
        campaign_id: int,
        flow_version_id: int,
        at: datetime,
        speaks_at_once: Callable[[Setup], bool] = lambda _: False,
    ) -> Answered:
        """Record the answer and return how the call is to be held.

        No setup: nobody can say it. PostgreSQL and Redis are away, and this version of the flow is newer than the
        switch's start and no earlier call used it. speaks_at_once: whether the message begins right after the answer
        where calls are held so; then both are one write.
        """
        expected = self._setups.get(campaign_id, flow_version_id)
        begins_message = expected is not None and speaks_at_once(expected)

        def job(conn: psycopg.Connection[Any]) -> attempts.CallContext | attempts.AnsweredBy | None:
            found = attempts.answer(conn, attempt_id, at, begins_message=begins_message)
            if found is None or self._setups.has(found.flow_version_id):
                return found
            return attempts.call_context(conn, attempt_id)

        known = self._keep(attempt_id, job, lambda: spool_apply.answered(attempt_id, at))
        if known is not None:
            return Answered(self._learn(known), begins_message)
        return Answered(expected or self._ask(attempt_id, campaign_id, flow_version_id))

    def _ask(self, attempt_id: str, campaign_id: int, flow_version_id: int) -> Setup | None:
        """Ask Redis, where the scheduler left it, and then PostgreSQL until patience ends."""
        fields = {"attempt_id": attempt_id}
        known: attempts.LiveSetup | attempts.CallContext | None = None
        try:
            known = setups.shared(self._redis, campaign_id, flow_version_id)
        except RedisAway as error:
            logger.warning(REDIS_SILENT, extra={**fields, "reason": str(error)})
        known = known or self._ask_again(attempt_id)
        if known is None:
            logger.error(UNKNOWN_FLOW, extra=fields)
            return None
        logger.info(ASKED_ELSEWHERE, extra=fields)
        return self._learn(known)

    def _ask_again(self, attempt_id: str) -> attempts.CallContext | None:
        ends_at = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self._postgres.run(lambda conn: attempts.call_context(conn, attempt_id), begins=False)
            except (DatabaseAway, psycopg.Error):
                if time.monotonic() >= ends_at:
                    return None
                time.sleep(ASK_EVERY_S)

    def message_started(self, attempt_id: str, at: datetime) -> None:
        """Record that the first prompt begins."""
        self._keep(
            attempt_id,
            lambda conn: attempts.mark_message_started(conn, attempt_id, at),
            lambda: spool_apply.message_started(attempt_id, at),
        )

    def outcome(self, attempt_id: str, decided: Outcome, digits: str, amd_verdict: str | None, at: datetime) -> None:
        """Record what the conversation decided."""
        self._keep(
            attempt_id,
            lambda conn: attempts.record_outcome(conn, attempt_id, decided, digits, amd_verdict, at),
            lambda: spool_apply.outcome(attempt_id, decided, digits, amd_verdict, at),
        )

    def concluded(self, facts: CallFacts, basis: RetryBasis | None = None) -> conclusion.Concluded | None:
        """Conclude the attempt. None: somebody had, or it waits in the spool. basis: what a retry depends on."""
        return self._keep(
            facts.attempt_id,
            lambda conn: conclusion.conclude(conn, facts, Witness.HOOK, self._terms, basis),
            lambda: spool_apply.concluded(facts, Witness.HOOK),
        )

    def evidence(self, attempt_id: str, verdict: str, evidence: Mapping[str, Any]) -> None:
        """Keep why the detector decided; it is not worth a place in the spool."""
        try:
            self._postgres.run(
                lambda conn: attempts.record_amd(conn, attempt_id, verdict, dict(evidence)), begins=False
            )
        except (DatabaseAway, psycopg.Error):
            logger.warning(NOT_KEPT, extra={"attempt_id": attempt_id})

    def early_media(self, attempt_id: str, evidence: Mapping[str, Any]) -> None:
        """Keep what was heard before the answer that ended the call."""
        try:
            self._postgres.run(lambda conn: attempts.record_early_media(conn, attempt_id, evidence), begins=False)
        except (DatabaseAway, psycopg.Error):
            logger.warning(NOT_KEPT, extra={"attempt_id": attempt_id})

    def verdict(self, attempt_id: str, verdict: str) -> None:
        """Correct the verdict that was kept with the evidence."""
        try:
            self._postgres.run(lambda conn: attempts.correct_amd(conn, attempt_id, verdict), begins=False)
        except (DatabaseAway, psycopg.Error):
            logger.warning(NOT_KEPT, extra={"attempt_id": attempt_id})

    def audio_kept(self, attempt_id: str, path: str) -> None:
        """Note where the evidence's audio is; the file is found by the attempt's id without it too."""
        try:
            self._postgres.run(lambda conn: attempts.record_amd_audio(conn, attempt_id, path), begins=False)
        except (DatabaseAway, psycopg.Error):
            logger.warning(NOT_KEPT, extra={"attempt_id": attempt_id})

    def no_operator(self, attempt_id: str) -> None:
        """Keep that nobody took a callee who asked for an operator; not worth a place in the spool either."""
        try:
            self._postgres.run(lambda conn: pacing.note_no_operator(conn, attempt_id), begins=False)
        except (DatabaseAway, psycopg.Error):
            logger.warning(NOT_KEPT, extra={"attempt_id": attempt_id})

    def _keep(
        self, attempt_id: str, job: Callable[[psycopg.Connection[Any]], T], record: Callable[[], spool_apply.Record]
    ) -> T | None:
        """Run the job; else spool the same fact and return None. Both may happen: the facts are idempotent.

        Each job is one statement, or begins its own transaction.
        """
        fields = {"attempt_id": attempt_id}
        try:
            return self._postgres.run(job, begins=False)
        except DatabaseAway:
            logger.warning(SPOOLED, extra=fields)
        except psycopg.Error:
            logger.exception(REFUSED, extra=fields)
        except (InvalidFlow, InvalidRetryRules) as error:
            logger.error(STUCK, extra={**fields, "reason": str(error)})  # noqa: TRY400 - expected, no traceback
        self._disk.write(*record())
        return None
