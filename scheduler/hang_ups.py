"""Ends the live calls of campaigns that were stopped together with them."""

import logging
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from itertools import groupby
from typing import Protocol

from db import lifecycle
from scheduler.beside import Beside
from scheduler.database import Database

logger = logging.getLogger(__name__)

HUNG_UP = "a live call was ended with its campaign"


class Channels(Protocol):
    """What is needed of scheduler.switch.Switch."""

    def hang_up(self, attempt_id: str) -> bool:
        """End a channel; raises NotSent, MaybeSent."""


def hang_up_stopped(
    database: Database, line_of: Callable[[int | None], Channels | None], beside: Beside | None = None
) -> None:
    """End what may be ended; what is still up is ended at the next look. Raises DatabaseAway.

    The hook concludes each of them, as it does every other call. line_of: the connection to an attempt's switch, None:
    it is away. beside: the one of all looks, so that a switch that hangs is asked once.
    """
    jobs: dict[Hashable, Callable[[], object]] = {}
    for switch_id, found in groupby(sorted(database.run(lifecycle.to_hang_up), key=_switch), key=_switch):
        line = line_of(switch_id)
        if line is not None:
            jobs[switch_id] = partial(_hang_up, line, [attempt_id for attempt_id, _ in found])
    (beside or Beside()).each(jobs)


def _switch(attempt: tuple[str, int | None]) -> int:
    return attempt[1] or 0


def _hang_up(line: Channels, attempt_ids: Sequence[str]) -> None:
    """End these on one switch; raises NotSent, MaybeSent."""
    for attempt_id in attempt_ids:
        if line.hang_up(attempt_id):
            logger.info(HUNG_UP, extra={"attempt_id": attempt_id})
