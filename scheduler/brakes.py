"""Why nothing may be dialled now: each reason is looked at before every originate, and doubt stops the dialing."""

import shutil
import threading
import time
from collections.abc import Callable
from enum import StrEnum

from db.spool import Spool

LEAST_FREE_BYTES = 64 * 1024 * 1024
"""A disk with less than this left may not take what the hooks have to write down."""


class Brake(StrEnum):
    """One reason for which no call may start."""

    STOPPING = "stopping"
    """The scheduler was told to stop."""
    SWITCH_AWAY = "switch_away"
    """There is no connection to the switch."""
    NOT_RECONCILED = "not_reconciled"
    """The leases of the calls that are up have not been restored since the switch or Redis came back."""
    SPOOL_FULL = "spool_full"
    """The switch's disk could not keep the results of more calls while PostgreSQL is away."""
    LEASES_OLD = "leases_old"
    """The leases of the calls that are up were not renewed for so long that some may have expired."""
    REFUSED = "refused"
    """The switch refused an originate as a command; it is tried again in a few seconds."""


class Brakes:
    """Thread-safe. disk_free: bytes left on the spool's disk."""

    def __init__(
        self,
        is_switch_here: Callable[[], bool],
        spool: Spool,
        are_leases_kept: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_switch_here = is_switch_here
        self._spool = spool
        self._are_leases_kept = are_leases_kept
        self._clock = clock
        self._stopping = threading.Event()
        self._reconciled = threading.Event()
        self._refused_until = 0.0

    def stop(self) -> None:
        """Let nothing start any more."""
        self._stopping.set()

    def reconciled(self) -> None:
        """The leases agree with the open attempts again."""
        self._reconciled.set()

    def unreconciled(self) -> None:
        """The leases may be wrong: dial nothing until they were restored."""
        self._reconciled.clear()

    def refused(self, wait_s: float) -> None:
        """The switch refuses originates: rest for so long."""
        self._refused_until = self._clock() + wait_s

    def reason(self) -> Brake | None:
        """Return the first reason, None when calls may start."""
        if self._stopping.is_set():
            return Brake.STOPPING
        if not self._is_switch_here():
            return Brake.SWITCH_AWAY
        if not self._reconciled.is_set():
            return Brake.NOT_RECONCILED
        if not self._are_leases_kept():
            return Brake.LEASES_OLD
        if self._clock() < self._refused_until:
            return Brake.REFUSED
        return Brake.SPOOL_FULL if self._is_spool_full() else None

    def _is_spool_full(self) -> bool:
        try:
            return self._spool.is_full() or shutil.disk_usage(self._spool.folder).free < LEAST_FREE_BYTES
        except OSError:  # nobody can say: then no call may start
            return True
