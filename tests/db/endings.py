"""How calls end, as witnesses tell it, and what is counted of them."""

from datetime import UTC, datetime, timedelta

from dialer.disposition import CallFacts
from dialer.outcome import Outcome
from tests.db.conftest import World

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def busy(attempt_id: str) -> CallFacts:
    return CallFacts(attempt_id, "USER_BUSY", NOW, sip_code=486)


def ended(
    attempt_id: str, outcome: Outcome | None = None, digits: str = "", cause: str = "NORMAL_CLEARING"
) -> CallFacts:
    answered_at = NOW - timedelta(seconds=10)
    return CallFacts(attempt_id, cause, NOW, 200, answered_at, 10, digits, outcome, message_started=True)


def unseen(attempt_id: str) -> CallFacts:
    """All that a reconciliation knows of a call that is gone."""
    return CallFacts(attempt_id, "", NOW)


def tallies(world: World) -> dict[str, tuple[int, int]]:
    rows = world.conn.execute(
        "SELECT disposition::text, sum(attempts)::int, sum(billsec)::int FROM campaign_tallies GROUP BY 1"
    )
    return {disposition: (count, billsec) for disposition, count, billsec in rows if count or billsec}


def leads_of(world: World, attempt_id: str) -> int:
    return int(world.value("SELECT count(*) FROM leads WHERE attempt_id = %s", attempt_id))
