"""Detections as people review them: found, listened to, corrected, counted and handed on to learn from."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from db import sql
from db.sql import AnyConnection, change, one_of
from dialer.outcome import Disposition

QUERIES = sql.load("amd_reviews")
FETCH_ROWS = 500


class Label(StrEnum):
    """Who really answered. The check of `amd_labels.label` has the same members."""

    HUMAN = "human"
    MACHINE = "machine"
    FAX = "fax"


class Review(StrEnum):
    """Which detections are wanted."""

    LISTEN = "listen"
    """Audio is kept, and nobody has listened yet."""
    LABELLED = "labelled"
    """Somebody has said who answered."""
    WRONG = "wrong"
    """Somebody has said that it was another than the verdict."""


@dataclass(frozen=True, slots=True)
class Detection:
    """One attempt with its verdict. audio_path: below the recordings' folder; its file may have been deleted since."""

    attempt_id: str
    campaign_id: int
    campaign_name: str
    phone: str
    claimed_at: datetime
    answered_at: datetime | None
    message_started_at: datetime | None
    disposition: Disposition | None
    verdict: str
    evidence: dict[str, Any] | None
    audio_path: str | None
    label: Label | None
    labelled_by: str | None
    labelled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter; None means any."""

    campaign_id: int | None = None
    verdict: str | None = None
    review: Review | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ends: the next one begins after it. claimed_at: aware datetime."""

    claimed_at: datetime
    attempt_id: str


@dataclass(frozen=True, slots=True)
class VerdictCount:
    """How often a verdict was given; labelled: somebody listened; wrong: and heard another."""

    verdict: str
    attempts: int
    labelled: int
    wrong: int


def _values(wanted: Wanted, after: Cursor | None, limit: int | None, attempt_id: str | None = None) -> dict[str, Any]:
    return {
        "attempt_id": attempt_id,
        "campaign_id": wanted.campaign_id,
        "verdict": wanted.verdict,
        "review": wanted.review,
        "after_at": after.claimed_at if after else None,
        "after_id": after.attempt_id if after else None,
        "limit": limit,
    }


def page(conn: AnyConnection, wanted: Wanted, after: Cursor | None, limit: int) -> list[Detection]:
    """Return up to `limit` detections, newest first, that come after `after`."""
    return sql.all_of(conn, Detection, QUERIES["page"], _values(wanted, after, limit))


def get(conn: AnyConnection, attempt_id: str) -> Detection | None:
    """Return one detection, None when there is none."""
    return one_of(conn, Detection, QUERIES["page"], _values(Wanted(), None, 1, attempt_id))


def labelled(conn: AnyConnection, campaign_id: int | None) -> Iterator[Detection]:
    """Yield every detection that somebody has listened to, newest first, holding no more than 500 in memory."""
    with conn.cursor("labelled", row_factory=sql.rows_as(Detection)) as cursor:
        cursor.itersize = FETCH_ROWS
        cursor.execute(QUERIES["page"], _values(Wanted(campaign_id, None, Review.LABELLED), None, None))
        yield from cursor


def set_label(conn: AnyConnection, attempt_id: str, label: Label, user_id: int) -> bool:
    """Record who really answered; False: nothing was detected on this attempt."""
    return change(conn, QUERIES["set_label"], {"attempt_id": attempt_id, "label": label, "user_id": user_id}) == 1


def drop_label(conn: AnyConnection, attempt_id: str) -> bool:
    """Take a label back; False: there was none."""
    return change(conn, QUERIES["drop_label"], {"attempt_id": attempt_id}) == 1


def statistics(conn: AnyConnection, campaign_id: int | None, days: int) -> list[VerdictCount]:
    """Count the verdicts of the last days."""
    return sql.all_of(conn, VerdictCount, QUERIES["statistics"], {"campaign_id": campaign_id, "days": days})
