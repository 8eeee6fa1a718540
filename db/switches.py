"""The switches that calls may be placed on: where each is, what it may carry, and what was seen of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import cast

from db.errors import AlreadyExists, NotFound
from db.sql import AnyConnection, all_of, change, joined, load, value_of

queries = load("switches")

REST_S = 10
"""A switch must have been disabled for so long before it is removed: every scheduler has heard of it by then."""
FRESH_S = 15.0
"""What was seen longer ago says nothing: no scheduler looks."""


@dataclass(frozen=True, slots=True)
class SwitchRow:
    """What a scheduler needs to know. max_channels None: as many as all switches together may have."""

    id: int
    name: str
    host: str
    port: int
    max_channels: int | None
    is_enabled: bool


@dataclass(frozen=True, slots=True)
class KnownSwitch(SwitchRow):
    """A switch as the panel shows it. calls: attempts open on it; channels: by its own word.

    is_from_settings: its address follows the scheduler's environment. silent_s: since the leading scheduler looked.
    kept_results: on its disk until something stored is mended.
    written_off_at: calls that left before were given up (db.write_off).
    """

    disabled_at: datetime | None
    is_from_settings: bool
    core_uuid: str | None
    answered_at: datetime | None
    channels: int | None
    out_because: str | None
    seen_at: datetime | None
    written_off_at: datetime | None
    kept_results: int
    calls: int
    silent_s: float | None

    @property
    def is_fresh(self) -> bool:
        """Whether what was seen is of now."""
        return self.silent_s is not None and self.silent_s <= FRESH_S

    @property
    def may_be_gone(self) -> bool:
        """Whether it has answered no scheduler for a while, or nobody looks."""
        if not self.is_fresh or self.seen_at is None or self.answered_at is None:
            return True
        return (self.seen_at - self.answered_at).total_seconds() > FRESH_S


@dataclass(frozen=True, slots=True)
class Seen:
    """What the leading scheduler sees. silent_s: since the switch last answered, None: it never did.

    kept_results: on its disk until something stored is mended.
    """

    id: int
    core_uuid: str | None
    channels: int | None
    out_because: str | None
    silent_s: float | None
    kept_results: int = 0


def rows(conn: AnyConnection) -> list[SwitchRow]:
    """Return every switch, oldest first."""
    return all_of(conn, SwitchRow, queries["rows"])


def list_all(conn: AnyConnection) -> list[KnownSwitch]:
    """Return every switch by name, with what was seen of it."""
    return all_of(conn, KnownSwitch, queries["list_all"])


def kept_results(conn: AnyConnection) -> int:
    """Return how many results all switches keep until something stored is mended."""
    return cast(int, value_of(conn, queries["kept_results"]))


def from_settings(conn: AnyConnection, host: str, port: int) -> None:
    """Keep the switch of the settings where they say, and make it when there is none at all."""
    values = {"host": host, "port": port}
    with joined(conn):
        change(conn, queries["follow_settings"], values)
        made = value_of(conn, queries["create_default"], values)
        if made is not None:
            change(conn, queries["adopt"], {"id": made})


def write_seen(conn: AnyConnection, seen: Seen) -> None:
    """Write down what is seen, by the database's clock."""
    change(conn, queries["seen"], asdict(seen))


def write_heard(conn: AnyConnection, seen: Sequence[Seen]) -> None:
    """Write down when each answered last, as one of several schedulers knows it."""
    heard = {one.id: one.silent_s for one in seen if one.silent_s is not None}
    if heard:
        change(conn, queries["heard"], {"ids": list(heard), "silent_s": list(heard.values())})


def create(conn: AnyConnection, row: SwitchRow) -> int:
    """Store a switch (its id does not count) and return its id; raises AlreadyExists: its name or address is taken."""
    made = value_of(conn, queries["create"], asdict(row))
    if made is None:
        raise AlreadyExists("there is a switch of this name or at this address already")
    return cast(int, made)


def update(conn: AnyConnection, row: SwitchRow) -> None:
    """Store everything but the name, and not the address of the settings' own; raises NotFound: gone, or taken."""
    if not change(conn, queries["update"], asdict(row)):
        raise NotFound(f"there is no switch {row.id}, or another one is at its address")


def remove(conn: AnyConnection, switch_id: int) -> bool:
    """Forget a switch; False unless it was disabled for REST_S and has no open attempt."""
    return change(conn, queries["remove"], {"id": switch_id, "rest_s": REST_S}) == 1
