"""What ends a campaign and with it: calls it was stopped with, and contacts that no window ever opens for."""

from datetime import datetime

from db import dialing
from db.sql import AnyConnection, change, column_of, load, rows_of
from dialer.calling_hours import next_open

queries = load("lifecycle")

PATIENCE_S = 10
"""Longer than any detection: by then the message has begun, or something is wrong with the call."""


def to_hang_up(conn: AnyConnection) -> list[tuple[str, int | None]]:
    """Return live attempts, each with its switch, of campaigns that were stopped with their calls and may end now."""
    return rows_of(conn, queries["to_hang_up"], {"patience_s": PATIENCE_S})


def block_never_open(conn: AnyConnection, now: datetime) -> int:
    """Block who waits in an active campaign if no window opens for any of them within 35 days; return how many.

    As long as somebody else can be dialled they wait too: the hours may still be corrected.
    """
    blocked = 0
    with conn.transaction():
        for campaign_id in column_of(conn, queries["lock_dialing"]):
            hours = dialing.of(conn, campaign_id).hours
            zone_sets = dialing.zone_sets(conn, campaign_id)
            never = [set_id for set_id, zones in zone_sets.items() if next_open(hours, zones, now) is None]
            if never:
                blocked += change(conn, queries["block_never_open"], {"campaign_id": campaign_id, "never": never})
    return blocked


def complete_finished(conn: AnyConnection) -> list[int]:
    """Complete every active campaign that has no contact queued, dialing or waiting for retry; return their ids."""
    with conn.transaction():
        locked = column_of(conn, queries["lock_active"])
        return column_of(conn, queries["complete_finished"], {"campaign_ids": locked}) if locked else []
