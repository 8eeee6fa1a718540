"""How each gateway's trunk takes its calls: judged once a second by whichever scheduler comes first."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta

from db.sql import AnyConnection, all_of, change, joined, load
from dialer.back_off import NOT_THE_TRUNKS, REFUSAL_CODES, REFUSALS, BreakerState, Health, Seen, judge

queries = load("gateway_health")

JUDGED_EVERY_S = 0.9
WINDOW_S = 10.0
"""The calls that were decided within so long say how full the trunk is."""

LOOK_BACK, LOOK_BACK_AT_PROBES = timedelta(minutes=1), timedelta(minutes=3)
"""So old may the claim of a call be that says something; a probe may ring for two minutes before it does."""


@dataclass(frozen=True, slots=True)
class _Kept:
    gateway_id: int
    share: float
    state: BreakerState
    reason: str
    failures: int
    tries: int
    pause_s: float
    open_until: datetime | None
    cut_at: datetime | None
    changed_at: datetime
    judged_at: datetime

    def health(self) -> Health:
        return Health(**{field.name: getattr(self, field.name) for field in fields(Health)})


@dataclass(frozen=True, slots=True)
class _Seen:
    gateway_id: int
    tries: int
    failures: int
    in_row: int
    last_failure_at: datetime | None
    probes_good: int
    probes_failed: int
    reason: str

    def seen(self) -> Seen:
        return Seen(**{field.name: getattr(self, field.name) for field in fields(Seen)})


@dataclass(frozen=True, slots=True)
class FailedLegs:
    """reason: what the last one ended with, as `CAUSE 503`."""

    gateway_id: int
    count: int
    reason: str


def known(conn: AnyConnection) -> dict[int, Health]:
    """Return the health of every gateway that was ever judged, by gateway id."""
    return {kept.gateway_id: kept.health() for kept in all_of(conn, _Kept, queries["known"])}


def judge_all(conn: AnyConnection, now: datetime) -> dict[int, tuple[Health, Health]]:
    """Judge every gateway that was not judged within the last second; return those that changed: before and after."""
    with joined(conn):
        change(conn, queries["begin"], {"now": now})
        due = all_of(conn, _Kept, queries["due"], {"now": now, "every_s": JUDGED_EVERY_S})
        if not due:
            return {}
        is_tried = any(kept.state is not BreakerState.CLOSED for kept in due)
        news = _news(conn, now, now - (LOOK_BACK_AT_PROBES if is_tried else LOOK_BACK))
        changed = {}
        for kept in due:
            before = kept.health()
            after = judge(before, news.get(kept.gateway_id, Seen()), now)
            change(conn, queries["keep"], {**asdict(after), "gateway_id": kept.gateway_id})
            if (after.state, after.share) != (before.state, before.share):
                changed[kept.gateway_id] = (before, after)
    return changed


def _news(conn: AnyConnection, now: datetime, since: datetime) -> Mapping[int, Seen]:
    values = {
        "now": now,
        "since": since,
        "window_s": WINDOW_S,
        "codes": list(REFUSAL_CODES),
        "other_codes": list(NOT_THE_TRUNKS),
        "causes": list(REFUSALS),
    }
    return {row.gateway_id: row.seen() for row in all_of(conn, _Seen, queries["seen"], values)}


def failed_legs(conn: AnyConnection) -> dict[int, FailedLegs]:
    """Return the operators' legs of the last hour that nobody answered, by gateway id."""
    return {legs.gateway_id: legs for legs in all_of(conn, FailedLegs, queries["failed_legs"])}


def note_operators_leg(
    conn: AnyConnection, attempt_id: str, left_at: datetime, hangup_cause: str, sip_code: int | None
) -> bool:
    """Keep how an operator's leg ended that nobody answered: it is judged like a call; False: no such attempt."""
    values = {"attempt_id": attempt_id, "left_at": left_at, "hangup_cause": hangup_cause, "sip_code": sip_code}
    return change(conn, queries["note_leg"], values) == 1
