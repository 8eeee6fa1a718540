"""The sign of life that the call scripts leave in a global variable of their switch, where the scheduler reads it."""

import re
from dataclasses import dataclass

VARIABLE = "dialer_spool"
WRITTEN = re.compile(r"(\d+):(\d+):([01]):(.*)")


@dataclass(frozen=True, slots=True)
class SpoolSign:
    """beat: another one with each sign. waits: bytes of results that are not in PostgreSQL yet. is_full: so much that
    no further call may start. tap_dir: where this switch keeps what it hears before the answer; empty: nowhere.
    """

    beat: int
    waits: int
    is_full: bool
    tap_dir: str

    def __str__(self) -> str:
        """Return the variable's value."""
        return f"{self.beat}:{self.waits}:{int(self.is_full)}:{self.tap_dir}"


def read(value: str) -> SpoolSign | None:
    """Return what the value says, None when the scripts have not begun."""
    found = WRITTEN.fullmatch(value.strip())
    return SpoolSign(int(found[1]), int(found[2]), found[3] == "1", found[4]) if found else None
