"""Checks arguments as the real module's C interface does: wrong types raise TypeError with its words."""

from typing import Any


def text(method: str, position: int, value: Any) -> str | None:
    """Return a `char *` argument: a str, or None."""
    if value is None or isinstance(value, str):
        return value
    raise TypeError(f"in method '{method}', argument {position} of type 'char *'")


def whole(method: str, position: int, value: Any) -> int:
    """Return an `int` argument."""
    if isinstance(value, int):
        return int(value)
    raise TypeError(f"in method '{method}', argument {position} of type 'int'")
