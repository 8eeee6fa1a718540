"""Ends the live calls of campaigns that were stopped together with them."""

import logging
from collections.abc import Callable
from typing import Protocol

from db import lifecycle
from scheduler.database import Database

logger = logging.getLogger(__name__)

HUNG_UP = "a live call was ended with its campaign"


class Channels(Protocol):
    """What is needed of scheduler.switch.Switch."""

    def hang_up(self, attempt_id: str) -> bool:
        """End a channel; raises NotSent, MaybeSent."""


def hang_up_stopped(database: Database, line_of: Callable[[int | None], Channels | None]) -> None:
    """End what may be ended; what is still up is ended at the next look. Raises DatabaseAway, NotSent, MaybeSent.

    The hook concludes each of them, as it does every other call. line_of: the connection to an attempt's switch, None:
    it is away.
    """
    for attempt_id, switch_id in database.run(lifecycle.to_hang_up):
        line = line_of(switch_id)
        if line is not None and line.hang_up(attempt_id):
            logger.info(HUNG_UP, extra={"attempt_id": attempt_id})
