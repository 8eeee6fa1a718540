"""A schedule through real calls: nothing leaves before its start, something after it, and nothing after its stop."""

import re
import time as clock
from datetime import UTC, datetime, timedelta

import psycopg

from db import campaigns, schedules
from dialer.campaign import CampaignState
from dialer.schedule import RunResult, Schedule
from tests.switch.calls import Call
from tests.switch.scenario import invited, reject, trying

PEOPLE = 200
SCHEDULED = Call(
    "starts_and_stops_by_schedule",
    (invited(), trying(), reject("486 Busy Here")),
    names=tuple(f"number {n}" for n in range(PEOPLE)),
    campaign={"calls_per_minute": 240},
    is_placed_by_its_test=True,
)
STARTS_IN, LASTS = timedelta(seconds=4), timedelta(seconds=5)
OBEYED_WITHIN = timedelta(seconds=2)
"""A look each second, and a moment for what is on its way."""
RECEIVED = re.compile(
    r"^-+ (\d{4}-\d\d-\d\d)[T\t ](\d\d:\d\d:\d\d\.\d+).*\n(?:UDP|TCP) message received[^\n]*\n\nINVITE ", re.MULTILINE
)
NONE_IS_OPEN = "SELECT 1 FROM attempts WHERE campaign_id = %s HAVING count(*) = count(concluded_at)"


def test_a_campaign_dials_between_its_schedules_start_and_stop_alone(dialled):
    campaign_id = dialled.store(SCHEDULED)
    start_at = (datetime.now(UTC) + STARTS_IN).replace(microsecond=0)
    stop_at = start_at + LASTS
    with psycopg.connect(dialled.postgres.url) as conn:
        schedules.save(conn, campaign_id, Schedule("Europe/Moscow", start_at=start_at, stop_at=stop_at))
        campaigns.move(conn, campaign_id, CampaignState.SCHEDULED)
    dialled.wait_for("SELECT 1 FROM campaigns WHERE id = %s AND state = 'completed'", campaign_id, timeout_s=30)
    dialled.wait_for(NONE_IS_OPEN, campaign_id)
    clock.sleep(OBEYED_WITHIN.total_seconds())
    trace = dialled.placed[SCHEDULED.name].trace.read_text(encoding="utf-8", errors="replace")
    seen = [
        datetime.fromisoformat(f"{day} {at}").astimezone(UTC)  # SIPp writes the machine's local time
        for day, at in RECEIVED.findall(trace)
    ]
    assert 1 <= len(seen) < PEOPLE
    assert start_at <= min(seen) <= start_at + 2 * OBEYED_WITHIN
    assert max(seen) <= stop_at + OBEYED_WITHIN
    with psycopg.connect(dialled.postgres.url) as conn:
        assert [line.result for line in schedules.runs_of(conn, campaign_id)] == [RunResult.STOPPED, RunResult.STARTED]
