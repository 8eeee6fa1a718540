"""Failures of the stores that are expected; each docstring is its message and says what to do next."""

from dialer.errors import DialerError


class DatabaseAway(DialerError):
    """PostgreSQL did not finish in the time a call may wait. The work may still commit: spool the same facts."""


class RedisAway(DialerError):
    """Redis did not answer in time: start no call now, ask again in a moment."""


class LeasesLost(DialerError):
    """Redis was emptied, so nobody knows which channels are taken: call `leases.rebuild` before reserving."""


class SpoolFull(DialerError):
    """The spool has reached its quota: stop dialing until PostgreSQL is back and the spool is drained."""


class RecordRejected(DialerError):
    """A spooled record can't be applied however often it is tried: it is set aside for a person to look at."""


class RecordStuck(DialerError):
    """A spooled record can't be applied while a stored flow or rule can't be followed: mend that, it is kept."""


class NotFound(DialerError):
    """There is no row with this id."""


class AlreadyExists(DialerError):
    """The name or number is taken: choose another one."""


class InUse(DialerError):
    """Other rows need this one: remove or change them first."""


class WeakPassword(DialerError):
    """The password is too short: use ten characters or more."""
