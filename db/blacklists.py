"""The lists of numbers that are not to be called: each for every campaign, or for chosen ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from psycopg.errors import UniqueViolation

from db import blacklist
from db.blacklist import GENERAL
from db.errors import AlreadyExists, InUse, NotFound
from db.sql import AnyConnection, all_of, change, joined, load, one_of, value_of

queries = load("blacklists")


@dataclass(frozen=True, slots=True)
class Blacklist:
    """A list. is_global: for every campaign, else for those of campaign_ids. entries: those that count today."""

    id: int
    name: str
    note: str
    is_global: bool
    created_at: datetime
    campaign_ids: tuple[int, ...]
    entries: int
    expired: int
    hits: int


def every(conn: AnyConnection) -> list[Blacklist]:
    """Return all lists, the general one first."""
    return all_of(conn, Blacklist, queries["lists"], {"blacklist_id": None})


def get(conn: AnyConnection, blacklist_id: int) -> Blacklist:
    """Return a list; raises NotFound."""
    found = one_of(conn, Blacklist, queries["lists"], {"blacklist_id": blacklist_id})
    if found is None:
        raise NotFound(f"there is no blacklist {blacklist_id}")
    return found


def create(conn: AnyConnection, name: str, note: str = "", *, is_global: bool, campaign_ids: Sequence[int] = ()) -> int:
    """Make a list and return its id; raises AlreadyExists when the name is taken."""
    with joined(conn):
        blacklist_id = value_of(conn, queries["create"], {"name": name, "note": note, "is_global": is_global})
        if blacklist_id is None:
            raise AlreadyExists(f"there is a blacklist {name!r} already")
        _choose(conn, blacklist_id, () if is_global else campaign_ids)
    return cast(int, blacklist_id)


def edit(
    conn: AnyConnection, blacklist_id: int, name: str, note: str, *, is_global: bool, campaign_ids: Sequence[int] = ()
) -> None:
    """Change a list; who waits where it counts from now on is blocked at once. Whoever was blocked stays blocked.

    Raises NotFound, AlreadyExists, and InUse for the general list when it is not to be for every campaign any more.
    """
    if blacklist_id == GENERAL and not is_global:
        raise InUse("whoever opts out lands on this list: it is for every campaign")
    values = {"blacklist_id": blacklist_id, "name": name, "note": note, "is_global": is_global}
    with joined(conn):
        try:
            with conn.transaction():
                changed = change(conn, queries["edit"], values)
        except UniqueViolation as error:
            raise AlreadyExists(f"there is a blacklist {name!r} already") from error
        if changed != 1:
            raise NotFound(f"there is no blacklist {blacklist_id}")
        _choose(conn, blacklist_id, () if is_global else campaign_ids)


def _choose(conn: AnyConnection, blacklist_id: int, campaign_ids: Sequence[int]) -> None:
    values = {"blacklist_id": blacklist_id, "campaign_ids": list(campaign_ids)}
    change(conn, queries["no_campaigns"], values)
    change(conn, queries["campaigns"], values)


def delete(conn: AnyConnection, blacklist_id: int, why: str, user_id: int | None) -> None:
    """Delete a list with its entries, each on record as removed. Raises InUse for the general list, NotFound."""
    if blacklist_id == GENERAL:
        raise InUse("whoever opts out lands on this list: it stays")
    with joined(conn):
        blacklist.told_by(conn, user_id, why)
        change(conn, queries["empty"], {"blacklist_id": blacklist_id})
        if change(conn, queries["delete"], {"blacklist_id": blacklist_id}) != 1:
            raise NotFound(f"there is no blacklist {blacklist_id}")
