"""How an operation on a channel ended, in the core's terms."""

from enum import StrEnum

STEERING = ("pause", "speed:", "volume:", "seek", "restart")


class Status(StrEnum):
    """FreeSWITCH's switch_status_t, as far as scripts can tell its members apart."""

    SUCCESS = "success"
    FALSE = "false"  # could not be done, or the call is over
    BREAK = "break"  # a digit, a callback or uuid_break cut it off
    TIMEOUT = "timeout"  # nobody pressed anything in time
    TOO_SMALL = "too_small"  # fewer digits than wanted
    NOT_FOUND = "not_found"  # no such file


def of_callback(result: str | None, *, playing: bool) -> Status:
    """Return what an input callback's answer means: nothing, `true` and `undefined` go on, any other word stops.

    None: it returned no string, which stops too. playing: the words that steer a playback go on, without effect here.
    """
    if result is None:
        return Status.FALSE
    if result in ("", "true", "undefined") or (playing and result.lower().startswith(STEERING)):
        return Status.SUCCESS
    return Status.FALSE
