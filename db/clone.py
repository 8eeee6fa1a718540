"""A campaign made from another one: its settings, flow, gateways and schedule, with or without its contacts."""

from collections.abc import Collection
from typing import cast

from psycopg import sql
from psycopg.rows import tuple_row

from db import campaigns
from db.sql import AnyConnection, column_of, load, value_of

queries = load("clone")

LIFE: dict[str, frozenset[str]] = {
    "campaigns": frozenset(
        {"id", "name", "state", "created_at", "started_at", "ended_at", "pause_reason", "hang_up_asked_at"}
    ),
    "contacts": frozenset(
        {
            "id", "campaign_id", "import_id", "state", "due_at", "attempt_count", "disposition", "blocked_reason",
            "created_at", "concluded_at", "callback_at", "lists_asked",
        }
    ),
    "campaign_gateways": frozenset({"campaign_id"}),
    "campaign_caller_ids": frozenset({"campaign_id"}),
    "campaign_schedules": frozenset({"campaign_id", "handled_until", "next_run_at"}),
    "campaign_pacing": frozenset({"campaign_id", "state", "ended", "transferred", "abandoned"}),
    "blacklist_campaigns": frozenset({"campaign_id"}),
}  # fmt: skip
"""Table → its columns that belong to one campaign's life and start anew; whatever else there is is copied."""
SETTINGS = (
    "campaign_gateways", "campaign_caller_ids", "campaign_schedules", "campaign_pacing", "blacklist_campaigns",
)  # fmt: skip
"""Tables that hold a campaign's settings beside `campaigns`, in an order that foreign keys allow."""
OF_ITS_LIFE = frozenset(
    {
        "abandon_days", "amd_labels", "attempts", "campaign_runs", "campaign_tallies", "contact_blocks",
        "contact_imports", "contact_import_rejects", "leads",
    }
)  # fmt: skip
"""Tables of what happened to a campaign, which a clone begins without; a test wants each table settled."""


def clone(conn: AnyConnection, campaign_id: int, name: str, *, with_contacts: bool) -> int:
    """Make a draft of `name` with everything that was set up for the campaign; return its id. Raises NotFound.

    with_contacts: its contacts too, each as if it had never been called; who is on the blacklist by now is blocked.
    """
    with conn.transaction():
        campaigns.get(conn, campaign_id)
        copied = _columns(conn, "campaigns")
        made = sql.SQL(
            "INSERT INTO campaigns (name, {columns}) SELECT %(name)s, {columns} FROM campaigns WHERE id = %(id)s"
            " RETURNING id"
        ).format(columns=copied)
        with conn.cursor(row_factory=tuple_row) as cursor:
            row = cursor.execute(made, {"name": name, "id": campaign_id}).fetchone()
        new_id = cast(int, row[0]) if row else 0
        for table in (*SETTINGS, *(("contacts",) if with_contacts else ())):
            _copy(conn, table, campaign_id, new_id)
    return new_id


def free_name(conn: AnyConnection, name: str) -> str:
    """Return `name (2)`, or the first such name that no campaign has."""
    taken = set(column_of(conn, queries["names_like"], {"name": name}))
    return next(found for number in range(2, len(taken) + 3) if (found := f"{name} ({number})") not in taken)


def contact_count(conn: AnyConnection, campaign_id: int) -> int:
    """Return how many contacts a clone may take over."""
    return cast(int, value_of(conn, queries["contact_count"], {"campaign_id": campaign_id}))


def _columns(conn: AnyConnection, table: str) -> sql.Composed:
    found: Collection[str] = column_of(conn, queries["columns"], {"table": table})
    return sql.SQL(", ").join(sql.Identifier(name) for name in found if name not in LIFE[table])


def _copy(conn: AnyConnection, table: str, campaign_id: int, new_id: int) -> None:
    statement = sql.SQL(
        "INSERT INTO {table} (campaign_id, {columns}) SELECT %(new_id)s, {columns} FROM {table}"
        " WHERE campaign_id = %(id)s"
    ).format(table=sql.Identifier(table), columns=_columns(conn, table))
    with conn.cursor() as cursor:
        cursor.execute(statement, {"new_id": new_id, "id": campaign_id})
