"""Tells the scheduler, through a global variable of the switch, that the scripts live and what waits in the spool."""

import itertools
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from dialer.spool_sign import VARIABLE, SpoolSign

logger = logging.getLogger(__name__)

EVERY_S = 0.3
UNREADABLE = "the spool's folder can't be read, no call may start on this switch"


class Waiting(Protocol):
    """What is needed of db.overflow.Overflow."""

    def usage(self) -> int:
        """Return 0 when nothing waits."""

    def is_full(self) -> bool:
        """Say whether dialing must stop."""

    def kept(self) -> int:
        """Return how many results are kept until something stored is mended."""


def run(spool: Waiting, tap_dir: Path, tell: Callable[[str, str], None]) -> None:
    """Tell for as long as the switch lives; a thread of its own, which no drain holds up."""
    for beat in itertools.count(1):
        tell(VARIABLE, str(sign(spool, tap_dir, beat)))
        time.sleep(EVERY_S)


def sign(spool: Waiting, tap_dir: Path, beat: int) -> SpoolSign:
    """Return what there is to tell. Never raises: a folder nobody can read is a full one."""
    try:
        return SpoolSign(beat, spool.usage(), spool.is_full(), str(tap_dir.absolute()), spool.kept())
    except OSError:
        logger.exception(UNREADABLE)
        return SpoolSign(beat, 1, True, str(tap_dir.absolute()))
