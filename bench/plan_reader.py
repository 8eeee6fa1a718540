"""Reads what PostgreSQL says of a statement it ran: EXPLAIN (ANALYZE, FORMAT JSON)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan of a table. rows: read in all its loops, those a filter removed included."""

    node: str
    relation: str
    index: str | None
    rows: float


def scans(plan: Mapping[str, Any]) -> list[Scan]:
    """Return every scan of a table in the plan that was executed, in the plan's order."""
    return list(_scans(plan))


def _scans(plan: Mapping[str, Any]) -> Iterator[Scan]:
    if "Relation Name" in plan and plan["Node Type"] != "ModifyTable":
        removed = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
        rows = (plan["Actual Rows"] + removed) * plan["Actual Loops"]
        yield Scan(plan["Node Type"], plan["Relation Name"], plan.get("Index Name"), rows)
    for part in plan.get("Plans", ()):
        yield from _scans(part)


def rows_read(plan: Mapping[str, Any], relation: str) -> float:
    """Return how many rows of a table were read, counting again what was read again."""
    return sum(scan.rows for scan in scans(plan) if scan.relation == relation)


def read_whole(plan: Mapping[str, Any]) -> set[str]:
    """Name the tables that the plan reads from end to end, also where it did not come to it this time."""
    return {scan.relation for scan in scans(plan) if scan.node == "Seq Scan"}
