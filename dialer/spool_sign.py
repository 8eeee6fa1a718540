"""The sign of life that the call scripts leave in a global variable of their switch, where the scheduler reads it."""

import re
from dataclasses import dataclass

VARIABLE = "dialer_spool"
WRITTEN = re.compile(r"(\d+):(\d+):([01]):(?:(\d+):)?(.*)")
"""The fourth number is there when results are kept; a folder begins with a slash."""


@dataclass(frozen=True, slots=True)
class SpoolSign:
    """beat: another one with each sign. waits: bytes of results that are not in PostgreSQL yet. is_full: so much that
    no further call may start. tap_dir: where this switch keeps what it hears before the answer; empty: nowhere.
    kept: so many results can't come to PostgreSQL before something stored there is mended; `waits` is without them.
    """

    beat: int
    waits: int
    is_full: bool
    tap_dir: str
    kept: int = 0

    def __str__(self) -> str:
        """Return the variable's value."""
        kept = f"{self.kept}:" if self.kept else ""
        return f"{self.beat}:{self.waits}:{int(self.is_full)}:{kept}{self.tap_dir}"


def read(value: str) -> SpoolSign | None:
    """Return what the value says, None when the scripts have not begun."""
    found = WRITTEN.fullmatch(value.strip())
    return SpoolSign(int(found[1]), int(found[2]), found[3] == "1", found[5], int(found[4] or 0)) if found else None
