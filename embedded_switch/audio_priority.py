"""Lets audio go before everything else on a busy machine, as FreeSWITCH does when it is allowed to."""

import logging
import os

logger = logging.getLogger(__name__)

REAL_TIME_PRIORITY = 1  # the lowest there is: before all ordinary programs, after everything that is urgent itself


def prefer_audio() -> bool:
    """Give this thread, not its children, real-time scheduling; False when the system does not allow it.

    The kernel leaves 5 % of the time to others even if the switch should ever loop.
    """
    try:
        policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, policy, os.sched_param(REAL_TIME_PRIORITY))
    except (AttributeError, OSError):
        logger.info("No real-time scheduling: audio shares the processor with everything else")
        return False
    return True
