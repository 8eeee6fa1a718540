"""The statement that concludes an attempt, put together of what its end needs."""

from functools import cache
from typing import LiteralString, NamedTuple

from db.sql import load

queries = load("conclusion")


class Kind(NamedTuple):
    """What kind of an end it is.

    is_read: the attempt was looked at. by_person: a person answered. says_more: something is known besides that the
    call has ended.
    """

    is_read: bool
    by_person: bool
    says_more: bool
    has_verdict: bool
    is_due_again: bool
    owes_lead: bool


@cache
def conclude_query(kind: Kind) -> LiteralString:
    """Return the statement for conclusions of this kind.

    What it does not need is not in it: PostgreSQL opens every table of a statement, with its indexes, used or not, and
    works out each column that is written, whether it is another value or not.
    """
    known = "as_read" if kind.is_read else "as_known"
    again = queries["again"].replace("-- THE TIME\n", queries[f"time_{known}"])
    heard = (queries["heard"] if kind.says_more else "") + (queries["verdict"] if kind.has_verdict else "")
    brings = (queries["abandon_day"] if kind.by_person else "") + (queries["lead"] if kind.owes_lead else "")
    return (
        queries["conclude"]
        .replace("-- AS EXPECTED\n", queries[known])
        .replace("-- WHAT WAS HEARD\n", heard)
        .replace("-- WHAT BECOMES OF IT\n", again if kind.is_due_again else queries["over"])
        .replace("-- WHAT IT BRINGS\n", brings)
        .replace("-- LEAD ID\n", queries["lead_id"] if kind.owes_lead else "NULL\n")
    )
