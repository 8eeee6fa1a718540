"""Writing off a switch that never returns: whether it may be done, and the calls that are given up with it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from db.conclusion import Concluded, conclude
from db.errors import NotFound
from db.sql import AnyConnection, all_of, change, joined, load, one_of
from db.switches import REST_S
from dialer.disposition import CallFacts
from dialer.outcome import Witness
from dialer.write_off import AFTER_THE_CALL_S, LAST_WORD_S, Obstacle, Standing, obstacle

queries = load("write_off")

MOST_AT_ONCE = 200
"""Calls given up in one look, so that thousands hold up no other job of the scheduler."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A call of a switch that was written off. may_ring: its originate may lie unread in a switch that only hangs."""

    attempt_id: str
    may_ring: bool


def standing(conn: AnyConnection, switch_id: int, *, locked: bool = False) -> Standing:
    """Return what is known of a switch; raises NotFound. locked: for a transaction that then writes it off."""
    query = queries["standing"] + (queries["locked"] if locked else "")
    found = one_of(conn, Standing, query, {"id": switch_id, "after_the_call_s": AFTER_THE_CALL_S})
    if found is None:
        raise NotFound(f"there is no switch {switch_id}")
    return found


def why_not(known: Standing) -> Obstacle | None:
    """Return what speaks against writing it off now."""
    return obstacle(known, REST_S, datetime.now(UTC))


def write_off(conn: AnyConnection, switch_id: int) -> tuple[Standing, Obstacle | None]:
    """Write it off unless something speaks against it, which is returned; raises NotFound.

    The leading scheduler then concludes its calls.
    """
    with joined(conn):
        known = standing(conn, switch_id, locked=True)
        against = why_not(known)
        if against is None:
            change(conn, queries["write_off"], {"id": switch_id})
        return known, against


def owed(conn: AnyConnection) -> list[GivenUp]:
    """Return calls of switches that were written off which are still open, the oldest first."""
    return all_of(conn, GivenUp, queries["owed"], {"last_word_s": LAST_WORD_S, "most": MOST_AT_ONCE})


def give_up(conn: AnyConnection, call: GivenUp, facts: CallFacts) -> Concluded | None:
    """Conclude it with what was written down of it, else as lost. None: somebody had.

    What its switch still brings corrects it, as after every conclusion by a poorer witness (db.conclusion).
    """
    with joined(conn):
        concluded = conclude(conn, facts, Witness.WRITE_OFF)
        if concluded is not None and call.may_ring:
            change(conn, queries["dial_no_more"], {"attempt_id": call.attempt_id})
        return concluded
