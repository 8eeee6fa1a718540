"""What the pages of records share: a filter in the address, newest first, one page after the other."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

from flask import request

PAGE_ROWS = 50


def day_of(name: str) -> date | None:
    """Return the day that the request's argument names, None when it names none."""
    with suppress(ValueError):
        return date.fromisoformat(request.args.get(name, ""))
    return None


def asked(names: Sequence[str]) -> dict[str, str]:
    """Return the arguments with these names that the request fills in."""
    return {name: request.args[name] for name in names if request.args.get(name)}


def page(find: Callable[[int | None, int], list[Any]]) -> dict[str, Any]:
    """Return for the template `rows`, `next_before` (None: there are no older ones) and `is_first`.

    find: takes the id that all must be older than, and how many at most.
    """
    before = request.args.get("before", type=int)
    rows = find(before, PAGE_ROWS + 1)
    return {
        "rows": rows[:PAGE_ROWS],
        "next_before": rows[PAGE_ROWS - 1].id if len(rows) > PAGE_ROWS else None,
        "is_first": before is None,
    }
