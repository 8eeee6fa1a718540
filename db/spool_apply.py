"""What a spooled record means: the same idempotent functions that the call would have used."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import psycopg

from db import attempts
from db.conclusion import conclude
from db.errors import RecordRejected, RecordStuck
from db.sql import AnyConnection
from dialer.disposition import CallFacts
from dialer.errors import InvalidFlow, InvalidRetryRules
from dialer.outcome import Outcome, Witness

Record = tuple[str, dict[str, Any]]
"""(kind, payload) for Spool.write."""


def answered(attempt_id: str, at: datetime) -> Record:
    """Record what attempts.mark_answered would have."""
    return "answered", {"attempt_id": attempt_id, "at": at.isoformat()}


def message_started(attempt_id: str, at: datetime) -> Record:
    """Record what attempts.mark_message_started would have."""
    return "message_started", {"attempt_id": attempt_id, "at": at.isoformat()}


def outcome(attempt_id: str, decided: Outcome, digits: str, amd_verdict: str | None, at: datetime) -> Record:
    """Record what attempts.record_outcome would have."""
    return "outcome", {
        "attempt_id": attempt_id,
        "outcome": decided.value,
        "digits": digits,
        "amd_verdict": amd_verdict,
        "at": at.isoformat(),
    }


def concluded(facts: CallFacts, witness: Witness) -> Record:
    """Record what conclusion.conclude would have."""
    payload = asdict(facts) | {
        "ended_at": facts.ended_at.isoformat(),
        "answered_at": facts.answered_at.isoformat() if facts.answered_at else None,
        "witness": witness.value,
    }
    return "concluded", payload


def apply(conn: AnyConnection, kind: str, payload: Mapping[str, Any]) -> None:
    """Replay one record in one transaction; raises RecordRejected when it can never succeed, RecordStuck: not now.

    The record may be forgotten once the transaction is committed: `spool.drain` with `postgres.run` does it so.
    """
    try:
        with conn.transaction():
            _replay(conn, kind, payload)
    except (InvalidFlow, InvalidRetryRules) as error:  # of the campaign: its fault, not the record's
        raise RecordStuck(f"attempt {payload['attempt_id']}: {error}") from error
    except (KeyError, TypeError, ValueError, psycopg.DataError, psycopg.IntegrityError) as error:
        raise RecordRejected(f"{kind}: {error!r}") from error


def _replay(conn: AnyConnection, kind: str, payload: Mapping[str, Any]) -> None:
    attempt_id = payload["attempt_id"]
    match kind:
        case "answered":
            attempts.mark_answered(conn, attempt_id, datetime.fromisoformat(payload["at"]))
        case "message_started":
            attempts.mark_message_started(conn, attempt_id, datetime.fromisoformat(payload["at"]))
        case "outcome":
            decided, at = Outcome(payload["outcome"]), datetime.fromisoformat(payload["at"])
            attempts.record_outcome(conn, attempt_id, decided, payload["digits"], payload["amd_verdict"], at)
        case "concluded":
            conclude(conn, _facts(payload), Witness(payload["witness"]))
        case _:
            raise ValueError(f"no record is of kind {kind!r}")


def _facts(payload: Mapping[str, Any]) -> CallFacts:
    values = {name: value for name, value in payload.items() if name != "witness"}
    return CallFacts(
        **values
        | {
            "ended_at": datetime.fromisoformat(payload["ended_at"]),
            "answered_at": datetime.fromisoformat(payload["answered_at"]) if payload["answered_at"] else None,
            "outcome": Outcome(payload["outcome"]) if payload["outcome"] else None,
        }
    )
