"""One row of a contact file becomes a contact, or a reject with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dialer.contact import ImportReject


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Which column (from 0) holds what; every other column is kept as an extra under its name."""

    phone: int
    name: int | None = None
    time_zone: int | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A row fit to be a contact. zones: sorted, one or more."""

    phone: str
    name: str
    zones: tuple[str, ...]
    extra: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that can't be a contact."""

    reason: ImportReject
    detail: str


def guess_mapping(columns: Sequence[str]) -> ColumnMapping:
    """Guess from the columns' names (Russian and English); the first column is the number when none says so."""
    raise NotImplementedError


def sort_row(
    cells: Sequence[str], columns: Sequence[str], mapping: ColumnMapping, default_country: str, default_zone: str
) -> Accepted | Rejected:
    """Decide what a row is; duplicates and the blacklist are the database's to know."""
    raise NotImplementedError
