"""Why nothing may be dialled now: each reason is looked at before every originate, and doubt stops the dialing."""

import threading
from collections.abc import Callable
from enum import StrEnum

from dialer.switches import Out


class Brake(StrEnum):
    """One reason for which no call may start."""

    STOPPING = "stopping"
    """The scheduler was told to stop."""
    SWITCH_AWAY = "switch_away"
    """There is no connection to the switch, or it does not answer."""
    SWITCH_DISABLED = "switch_disabled"
    """An administrator took the only switch, or every one, out."""
    SCRIPTS_SILENT = "scripts_silent"
    """The call scripts in the switch give no sign of life."""
    SWITCHES_OUT = "switches_out"
    """No switch takes calls, for different reasons."""
    NOT_RECONCILED = "not_reconciled"
    """Calls that are up have not been compared, or their leases restored, since the switch or Redis came back."""
    SPOOL_WAITS = "spool_waits"
    """The switch has come back with results that are not in PostgreSQL yet."""
    SPOOL_FULL = "spool_full"
    """The switch's disk could not keep the results of more calls while PostgreSQL is away."""
    CLOCK_SET = "clock_set"
    """Redis's clock was set: how much left within the last minute is unknown, so a minute has to pass."""
    LEASES_OLD = "leases_old"
    """The leases of the calls that are up were not renewed for so long that some may have expired."""
    REFUSED = "refused"
    """The switch refused an originate as a command; it is tried again in a few seconds."""


BRAKE_OF = {
    Out.DISABLED: Brake.SWITCH_DISABLED,
    Out.AWAY: Brake.SWITCH_AWAY,
    Out.SIGN_IN: Brake.SWITCH_AWAY,
    Out.SILENT: Brake.SWITCH_AWAY,
    Out.SCRIPTS_SILENT: Brake.SCRIPTS_SILENT,
    Out.SPOOL_FULL: Brake.SPOOL_FULL,
    Out.RETURNING: Brake.NOT_RECONCILED,
    Out.SPOOL_WAITS: Brake.SPOOL_WAITS,
    Out.REFUSED: Brake.REFUSED,
}
"""What holds the dialing when every switch is out for the same reason."""


class Brakes:
    """Thread-safe. out: why each switch gets no call, empty as soon as one does; None while none is known."""

    def __init__(
        self,
        out: Callable[[], frozenset[Out] | None],
        are_leases_kept: Callable[[], bool] = lambda: True,
        is_clock_set: Callable[[], bool] = lambda: False,
    ) -> None:
        self._out = out
        self._are_leases_kept, self._is_clock_set = are_leases_kept, is_clock_set
        self._stopping = threading.Event()
        self._reconciled = threading.Event()

    def stop(self) -> None:
        """Let nothing start any more."""
        self._stopping.set()

    def reconciled(self) -> None:
        """The leases agree with the open attempts again."""
        self._reconciled.set()

    def unreconciled(self) -> None:
        """The leases may be wrong: dial nothing until they were restored."""
        self._reconciled.clear()

    def reason(self) -> Brake | None:
        """Return the first reason, None when calls may start."""
        if self._stopping.is_set():
            return Brake.STOPPING
        out = self._out()
        if out is None:
            return Brake.SWITCH_AWAY
        if out:
            brakes = {BRAKE_OF[reason] for reason in out}
            return brakes.pop() if len(brakes) == 1 else Brake.SWITCHES_OUT
        if not self._reconciled.is_set():
            return Brake.NOT_RECONCILED
        if self._is_clock_set():
            return Brake.CLOCK_SET
        return None if self._are_leases_kept() else Brake.LEASES_OLD
