"""How many calls to ask for now: a pure decision; Redis then grants no more than the limits allow."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Room:
    """What may still start. free_channels: the least of gateway, campaign and total.

    calls_per_second: the least of gateway and total. calls_per_minute: the campaign's.
    in_last_minute: originates of the campaign in the last 60 s.
    """

    free_channels: int
    calls_per_second: float
    calls_per_minute: int
    in_last_minute: int


def slots_wanted(room: Room, due: int, horizon_ms: int) -> int:
    """Return how many slots to reserve for the next `horizon_ms` when `due` contacts wait; 0 or more.

    Never more than can be placed within the horizon at the allowed rate, but at least one when anything may start,
    so that slow rates (one call in three seconds) move too.
    """
    left_this_minute = room.calls_per_minute - room.in_last_minute
    ceiling = min(due, room.free_channels, left_this_minute)
    if ceiling <= 0 or room.calls_per_second <= 0:
        return 0
    by_rate = int(room.calls_per_second * horizon_ms / 1000) + 1
    return min(ceiling, by_rate)
