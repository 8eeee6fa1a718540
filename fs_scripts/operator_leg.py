"""Connects a callee with an operator within the limits: the operator's leg is a call of its own to the trunk."""

import contextlib
import logging
import time
from datetime import UTC, datetime
from typing import Protocol

from redis.exceptions import RedisError

from db import gateway_health, leases, operator_legs
from db.errors import DatabaseAway, LeasesLost, RedisAway
from db.leases import TotalLimits
from db.operator_legs import Limits
from fs_scripts.resources import Resources

logger = logging.getLogger(__name__)

PATIENCE_S = 15.0
"""So long a callee is kept waiting for a channel to the operator."""
HORIZON_MS = 2000
"""How far ahead a moment is reserved: beyond what the dial loop reserves, so that the operator gets the next one."""
LIMITS_FOR_S = 0.5
"""How long what was read of the limits counts: one that is lowered meanwhile holds for the leg that waits, too."""
LATEST_S = 0.15
"""As the scheduler's: the minute counts a leg at its moment; one that is later gets another."""
LOOK_EVERY_MS = 100
"""More often than the dial loop looks: a channel that becomes free is rather the waiting callee's."""

SAYS_NOTHING = frozenset({"", "SUCCESS", "ORIGINATOR_CANCEL", "NO_ANSWER"})
"""Ends of a leg that tell nothing of the trunk: none was tried, the callee hung up meanwhile, or nobody took it."""

CALLED = "an operator is called"
NO_ROOM = "the callee was not put through: no limit left room for the operator's leg in time"
NOBODY_KNOWS = "the callee was not put through: nobody can say which limits the operator's leg counts in"


class Line(Protocol):
    """What is needed of fs_scripts.channel.Channel."""

    def is_up(self) -> bool:
        """Say whether the call is still there."""

    def pause(self, duration_ms: int) -> None:
        """Wait, whatever is pressed."""

    def bridge(self, number: str) -> bool:
        """Connect the callee with an operator until one of them hangs up."""

    def bridge_failure(self) -> tuple[str, int | None]:
        """Return the hangup cause and the SIP status with which the leg ended that nobody answered."""


def connect(line: Line, shared: Resources, attempt_id: str, number: str) -> bool:
    """Put the callee through to `number` (E.164) as soon as every limit allows it; False: not in time, or he left.

    The lease is kept by the scheduler as long as the attempt is open, and released with the attempt's own.
    """
    in_all = shared.settings
    total = TotalLimits(in_all.max_channels, in_all.max_calls_per_second, in_all.max_calls_per_minute or None)
    known = {"attempt_id": attempt_id}
    of = _limits(shared, attempt_id)
    if of is None:
        logger.warning(NOBODY_KNOWS, extra=known)
        return False
    allowed_at = _wait_for_room(line, shared, attempt_id, of, total)
    if allowed_at is None:
        logger.warning(NO_ROOM, extra=known)
        return False
    logger.info(CALLED, extra={**known, "allowed_at": allowed_at})
    left_at = datetime.now(UTC)
    is_through = line.bridge(number)
    if not is_through:
        _note_failure(shared, attempt_id, left_at, *line.bridge_failure())
    return is_through


def _note_failure(shared: Resources, attempt_id: str, left_at: datetime, cause: str, sip_code: int | None) -> None:
    """Keep what the trunk did with the leg; not worth a place in the spool."""
    if cause in SAYS_NOTHING:
        return
    with contextlib.suppress(DatabaseAway):
        shared.postgres.run(
            lambda conn: gateway_health.note_operators_leg(conn, attempt_id, left_at, cause, sip_code), begins=False
        )


def _limits(shared: Resources, attempt_id: str) -> Limits | None:
    try:
        return shared.postgres.run(lambda conn: operator_legs.limits(conn, attempt_id))
    except DatabaseAway:
        return None


def _wait_for_room(line: Line, shared: Resources, attempt_id: str, of: Limits, total: TotalLimits) -> float | None:
    """Return when the leg was allowed to be dialled, epoch s; None: not in time."""
    read_at = time.monotonic()
    deadline = read_at + PATIENCE_S
    due_at: float | None = None
    ttl_s = shared.settings.lease_ttl_s
    while line.is_up() and (now := time.monotonic()) < deadline:
        wait_ms = float(LOOK_EVERY_MS)
        try:
            if now - read_at >= LIMITS_FOR_S:
                changed, read_at = _limits(shared, attempt_id) or of, now  # while nobody can say, nobody changes them
                due_at = due_at if changed.are_at_most_faster(of) else None
                of = changed
            if due_at is None or now > due_at + LATEST_S:
                delay_ms = operator_legs.reserve(shared.redis, attempt_id, of, total, HORIZON_MS, ttl_s)
                due_at = None if delay_ms is None else time.monotonic() + delay_ms / 1000
                wait_ms = wait_ms if delay_ms is None else delay_ms
            else:
                leave = operator_legs.ask_to_leave(shared.redis, attempt_id, of, total, ttl_s)
                if leave is not None and not leave.wait_s:
                    return leave.at
                wait_ms = leave.wait_s * 1000 if leave is not None else wait_ms
        except LeasesLost:
            due_at = None
            _give_back(shared, attempt_id)  # what was restored of it lets nobody leave
        except (RedisAway, RedisError):
            due_at = None
        if wait_ms >= 1:
            line.pause(round(wait_ms))
    _give_back(shared, attempt_id)
    return None


def _give_back(shared: Resources, attempt_id: str) -> None:
    with contextlib.suppress(RedisAway, RedisError):
        leases.give_back(shared.redis, [leases.of_operator(attempt_id)])
