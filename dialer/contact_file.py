"""Contact files as people have them: CSV in any delimiter and usual encoding, XLSX and XLS."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContactTable:
    """A file as rows of text. rows can be read once; an empty line is an empty list, so that positions stay true.

    first_row: the file's row number (from 1) of the first of `rows`. total: rows about to come, for progress.
    """

    columns: list[str]
    rows: Iterator[list[str]]
    first_row: int
    total: int


def read_rows(data: bytes, file_name: str) -> ContactTable:
    """Open a contact file; raises InvalidContactFile saying what it needs to look like."""
    raise NotImplementedError
