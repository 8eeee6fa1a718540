"""Limits that hold for all campaigns: calls per number as profiles, prefixes that are refused, budgets of a day."""

from dataclasses import asdict, dataclass
from typing import cast

from db import dialing
from db.claims import judge_again
from db.sql import AnyConnection, all_of, change, column_of, joined, load, one_of, value_of
from dialer.destination import PREFIX
from dialer.errors import InvalidDestination

queries = load("limits")


@dataclass(frozen=True, slots=True)
class LimitProfile:
    """How often one number may be called by all campaigns together, in calendar days, weeks and months of its zone.

    None: no limit. campaigns: how many keep it and are not over.
    """

    id: int
    name: str
    per_day: int | None
    per_week: int | None
    per_month: int | None
    campaigns: int = 0


@dataclass(frozen=True, slots=True)
class RefusedPrefix:
    """Numbers that begin so are never dialled."""

    prefix: str
    note: str


@dataclass(frozen=True, slots=True)
class Budgets:
    """What all campaigns may spend on a day; None: no budget."""

    max_calls_per_day: int | None
    max_minutes_per_day: int | None


def profiles(conn: AnyConnection) -> list[LimitProfile]:
    """Return every profile, by name."""
    return all_of(conn, LimitProfile, queries["profiles"])


def add_profile(conn: AnyConnection, profile: LimitProfile) -> int | None:
    """Keep a new profile (its id does not count) and return its id; None: the name is taken."""
    return cast("int | None", value_of(conn, queries["add_profile"], asdict(profile)))


def profile(conn: AnyConnection, profile_id: int) -> LimitProfile | None:
    """Return one profile, or None."""
    return one_of(conn, LimitProfile, queries["profile"], {"id": profile_id})


def change_profile(conn: AnyConnection, profile: LimitProfile) -> bool:
    """Change a profile for every campaign that keeps it, from the next claim on; False: there is none, or its name is
    another's.

    Contacts that it had put off before their first call are looked at again.
    """
    with joined(conn):
        is_changed = change(conn, queries["change_profile"], asdict(profile)) == 1
        if is_changed:
            change(conn, queries["look_again"], {"profile_id": profile.id, "campaign_id": None})
        return is_changed


def look_again(conn: AnyConnection, campaign_id: int) -> int:
    """Let the next claim judge whom the campaign's limits had put off before a first call; return how many."""
    return change(conn, queries["look_again"], {"profile_id": None, "campaign_id": campaign_id})


def remove_profile(conn: AnyConnection, profile_id: int) -> bool:
    """Forget a profile; False when a campaign refers to it, or when there is none."""
    return change(conn, queries["remove_profile"], {"id": profile_id}) == 1


def refused(conn: AnyConnection, search: str = "", limit: int = 200) -> tuple[list[RefusedPrefix], int]:
    """Return the first refused prefixes whose prefix or note contains `search`, and how many there are."""
    values = {"search": search, "limit": limit}
    found = all_of(conn, RefusedPrefix, queries["refused"], values)
    return found, cast(int, value_of(conn, queries["refused_count"], values))


def refuse(conn: AnyConnection, prefix: str, note: str) -> None:
    """Never dial numbers that begin so, from now on; raises InvalidDestination."""
    if not PREFIX.fullmatch(prefix):
        raise InvalidDestination(f"{prefix!r} is no prefix like +7809")
    with joined(conn):
        change(conn, queries["refuse"], {"prefix": prefix, "note": note})
        _judge_all_again(conn)


def allow(conn: AnyConnection, prefix: str) -> bool:
    """Let numbers that begin so be dialled again where nothing else forbids it; False: it was not refused."""
    with joined(conn):
        was_refused = change(conn, queries["allow"], {"prefix": prefix}) == 1
        _judge_all_again(conn)
        return was_refused


def _judge_all_again(conn: AnyConnection) -> None:
    for campaign_id in column_of(conn, queries["unfinished"]):
        judge_again(conn, dialing.of(conn, campaign_id))


def budgets(conn: AnyConnection) -> Budgets:
    """Return the budgets of all campaigns together."""
    return one_of(conn, Budgets, queries["budgets"]) or Budgets(None, None)


def set_budgets(conn: AnyConnection, new: Budgets) -> None:
    """Set the budgets of all campaigns together; the next claim keeps them."""
    change(conn, queries["set_budgets"], asdict(new))
