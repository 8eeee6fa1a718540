"""Gives up the calls of switches that an administrator wrote off: concluded, their channels freed."""

import logging
from datetime import UTC, datetime
from functools import partial

from redis import Redis

from db import write_off
from db.conclusion import Concluded
from db.sql import AnyConnection
from db.write_off import GivenUp
from dialer.disposition import CallFacts
from dialer.errors import InvalidFlow, InvalidRetryRules
from dialer.outcome import Witness
from scheduler.database import Database
from scheduler.witness import conclude

logger = logging.getLogger(__name__)

GIVEN_UP = "an attempt was given up with its switch, which was written off"
STUCK = "an attempt can't be given up while what is stored for its campaign can't be followed, it is tried again"


def conclude_written_off(database: Database, redis: Redis) -> None:
    """Give up what is owed; stopped in between, the next look goes on. Raises DatabaseAway."""
    for call in database.run(write_off.owed):
        facts = CallFacts(call.attempt_id, "", datetime.now(UTC))
        fields = {"attempt_id": call.attempt_id, "may_ring": call.may_ring}
        try:
            if conclude(database, redis, facts, Witness.WRITE_OFF, partial(_record, call)):
                logger.error(GIVEN_UP, extra=fields)
        except (InvalidFlow, InvalidRetryRules) as error:  # its campaign's fault: the others go on
            logger.error(STUCK, extra={**fields, "reason": str(error)})  # noqa: TRY400 - expected, no traceback


def _record(call: GivenUp, conn: AnyConnection, facts: CallFacts, _: Witness) -> Concluded | None:
    return write_off.give_up(conn, call, facts)
