"""Where a campaign's contacts are: counted by time zone, and moved to another one together."""

from dataclasses import dataclass
from typing import cast

from db.errors import NotFound
from db.sql import AnyConnection, all_of, change, joined, load, value_of
from dialer.calling_hours import zone_info

queries = load("zones")


@dataclass(frozen=True, slots=True)
class ZoneCount:
    """Contacts that may be in any of `zones`. called: once at least. answered: their last call, by a person."""

    id: int
    zones: tuple[str, ...]
    contacts: int
    waiting: int
    called: int
    answered: int
    interested: int


def by_zone(conn: AnyConnection, campaign_id: int) -> list[ZoneCount]:
    """Return the counts of each set of zones its contacts may be in, most contacts first."""
    return all_of(conn, ZoneCount, queries["by_zone"], {"campaign_id": campaign_id})


def move(conn: AnyConnection, campaign_id: int, zone: str, from_id: int | None = None, prefix: str = "") -> int:
    """Say that contacts are in `zone` and nowhere else; return how many were not before. Raises NotFound.

    from_id: of this set alone; prefix: of numbers that begin so alone (`+7914`). Claims judge them by the new zone from
    the next one on.
    """
    try:
        zone_info(zone)
    except (KeyError, ValueError, OSError) as error:
        raise NotFound(f"there is no time zone {zone!r}") from error
    with joined(conn):
        to_id = cast(int, value_of(conn, queries["know"], {"zone": zone}))
        values = {"campaign_id": campaign_id, "to_id": to_id, "from_id": from_id, "prefix": prefix}
        return change(conn, queries["change"], values)
