"""Schedules start, pause and stop campaigns, each run once, and every run is in the log with its result."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from redis import Redis

from db import campaigns, schedules
from db.schedules import LoggedRun
from dialer.campaign import CampaignState, PauseReason
from dialer.schedule import RunReason, RunResult, Schedule, ScheduleAction
from scheduler.database import Database
from scheduler.schedule_runs import run_schedules
from tests.db.conftest import World

DRAFT, SCHEDULED, ACTIVE = CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.ACTIVE
PAUSED, COMPLETED = CampaignState.PAUSED, CampaignState.COMPLETED
START, PAUSE, STOP = ScheduleAction.START, ScheduleAction.PAUSE, ScheduleAction.STOP
HOUR = timedelta(hours=1)
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def run(database: Database, redis: Redis):
    """Look once, at a given time."""
    return lambda now: run_schedules(database, redis, now)


def scheduled(world: World, schedule: Schedule, contacts: int = 2, since: datetime | None = None) -> int:
    """Make a campaign that waits for its schedule. since: from when on the schedule counts, else from now on."""
    campaign_id = campaigns.create(world.conn, world.new_campaign())
    world.add_contacts(campaign_id, contacts, 79160000000)
    schedules.save(world.conn, campaign_id, schedule)
    campaigns.move(world.conn, campaign_id, SCHEDULED)
    if since is not None:
        world.conn.execute("UPDATE campaign_schedules SET handled_until = %s", [since])
    return campaign_id


def state(world: World, campaign_id: int) -> CampaignState:
    return campaigns.get(world.conn, campaign_id).state


def log(world: World, campaign_id: int) -> list[tuple[ScheduleAction, RunResult, str | None]]:
    """Return the log, oldest first."""
    found: list[LoggedRun] = list(schedules.runs_of(world.conn, campaign_id))
    return [(line.action, line.result, line.reason) for line in reversed(found)]


def test_a_campaign_starts_and_stops_once(world: World, run) -> None:
    campaign_id = scheduled(world, Schedule("Europe/Moscow", start_at=NOW + HOUR, stop_at=NOW + 2 * HOUR))
    run(NOW)
    assert state(world, campaign_id) is SCHEDULED
    run(NOW + HOUR)
    assert state(world, campaign_id) is ACTIVE
    run(NOW + HOUR)
    run(NOW + 2 * HOUR)
    assert state(world, campaign_id) is COMPLETED
    assert log(world, campaign_id) == [(START, RunResult.STARTED, None), (STOP, RunResult.STOPPED, None)]
    actions = world.conn.execute(
        "SELECT action, user_id, details->>'by' FROM audit_log WHERE entity_id = %s ORDER BY id", [str(campaign_id)]
    ).fetchall()
    assert actions == [("campaign.started", None, "schedule"), ("campaign.stopped", None, "schedule")]


def test_a_repeated_campaign_starts_rests_and_goes_on(world: World, run) -> None:
    midnight = (NOW + timedelta(days=1)).replace(hour=0, minute=0, second=0)
    campaign_id = scheduled(world, Schedule("UTC", cron="0 10 * * *", pause_cron="0 12 * * *"), since=midnight)
    seen = []
    for hour in range(9, 48):
        run(midnight + hour * HOUR)
        seen.append(state(world, campaign_id))
    assert [(s, seen.count(s)) for s in dict.fromkeys(seen)] == [(SCHEDULED, 1), (ACTIVE, 4), (PAUSED, 34)]
    assert campaigns.get(world.conn, campaign_id).pause_reason is PauseReason.SCHEDULE
    assert log(world, campaign_id) == [(START, RunResult.STARTED, None), (PAUSE, RunResult.PAUSED, None)] * 2


def test_a_start_that_the_preflight_refuses_is_logged_with_the_reason(world: World, run) -> None:
    empty = scheduled(world, Schedule("UTC", start_at=NOW + HOUR), contacts=0)
    mute = scheduled(world, Schedule("UTC", cron="* * * * *"))
    world.conn.execute("UPDATE gateways SET is_enabled = false")
    run(NOW + HOUR)
    assert log(world, empty) == [(START, RunResult.REFUSED, "no_gateway")]
    assert log(world, mute)[-1] == (START, RunResult.REFUSED, "no_gateway")
    # One has no start left and is a draft again; the other is tried again at its next.
    assert (state(world, empty), state(world, mute)) == (DRAFT, SCHEDULED)
    world.conn.execute("UPDATE gateways SET is_enabled = true")
    run(NOW + HOUR + timedelta(minutes=1))
    assert state(world, mute) is ACTIVE


def test_a_start_without_anybody_to_dial_is_refused(world: World, run) -> None:
    campaign_id = scheduled(world, Schedule("UTC", start_at=NOW + HOUR), contacts=0)
    run(NOW + HOUR)
    assert log(world, campaign_id) == [(START, RunResult.REFUSED, "no_contacts")]


def test_a_schedule_does_not_lift_a_pause_that_a_person_made(world: World, run) -> None:
    campaign_id = scheduled(world, Schedule("UTC", start_at=NOW + HOUR))
    campaigns.move(world.conn, campaign_id, ACTIVE)
    campaigns.move(world.conn, campaign_id, PAUSED)
    run(NOW + HOUR)
    assert state(world, campaign_id) is PAUSED
    assert log(world, campaign_id) == [(START, RunResult.SKIPPED, RunReason.HELD_BY_PERSON)]


def test_nor_one_that_the_abandon_cap_made(world: World, run) -> None:
    campaign_id = scheduled(world, Schedule("UTC", start_at=NOW + HOUR))
    campaigns.move(world.conn, campaign_id, ACTIVE)
    campaigns.move(world.conn, campaign_id, PAUSED, pause_reason=PauseReason.ABANDON_CAP)
    run(NOW + HOUR)
    assert log(world, campaign_id) == [(START, RunResult.SKIPPED, RunReason.HELD_BY_CAP)]


def test_a_campaign_that_dials_already_is_left_alone(world: World, run) -> None:
    campaign_id = scheduled(world, Schedule("UTC", start_at=NOW + HOUR))
    campaigns.move(world.conn, campaign_id, ACTIVE)
    run(NOW + HOUR)
    assert log(world, campaign_id) == [(START, RunResult.SKIPPED, RunReason.ALREADY)]


def test_a_draft_is_not_started_and_what_came_due_meanwhile_is_no_missed_run(world: World, run) -> None:
    campaign_id = scheduled(world, Schedule("UTC", start_at=NOW - HOUR))
    campaigns.move(world.conn, campaign_id, DRAFT)
    run(NOW + 5 * HOUR)
    assert (state(world, campaign_id), log(world, campaign_id)) == (DRAFT, [])
    world.conn.execute("UPDATE campaign_schedules SET handled_until = now() - interval '1 day'")
    campaigns.move(world.conn, campaign_id, SCHEDULED)
    run(datetime.now(UTC))
    assert log(world, campaign_id) == []


def test_after_a_short_absence_the_start_is_made_up_for(world: World, run) -> None:
    campaign_id = scheduled(world, Schedule("UTC", start_at=NOW + HOUR))
    run(NOW + HOUR + timedelta(minutes=59))
    assert log(world, campaign_id) == [(START, RunResult.STARTED, None)]


def test_after_a_long_absence_it_is_missed_and_nobody_is_called(world: World, run) -> None:
    campaign_id = scheduled(world, Schedule("UTC", start_at=NOW + HOUR, late_start_s=600))
    run(NOW + HOUR + timedelta(minutes=11))
    assert log(world, campaign_id) == [(START, RunResult.MISSED, RunReason.TOO_LATE)]
    assert state(world, campaign_id) is DRAFT


def test_an_absence_over_a_pause_and_a_start_leaves_the_campaign_at_rest(world: World, run) -> None:
    tomorrow = (NOW + timedelta(days=1)).replace(hour=0, minute=0, second=0)
    campaign_id = scheduled(world, Schedule("UTC", cron="0 10 * * *", pause_cron="0 18 * * *"), since=tomorrow)
    run(tomorrow + 10 * HOUR)
    assert state(world, campaign_id) is ACTIVE
    run(tomorrow + 36 * HOUR)  # nobody was there from ten in the morning to noon of the next day
    assert state(world, campaign_id) is PAUSED
    assert log(world, campaign_id)[1:] == [
        (PAUSE, RunResult.PAUSED, None),
        (START, RunResult.MISSED, RunReason.TOO_LATE),
    ]


def test_a_month_of_missed_runs_does_not_fill_the_log(world: World, run) -> None:
    campaign_id = scheduled(world, Schedule("UTC", cron="* * * * *"), since=NOW)
    run(NOW + timedelta(days=30))
    lines = schedules.runs_of(world.conn, campaign_id)
    assert Counter(line.result for line in lines) == {RunResult.STARTED: 1, RunResult.MISSED: 20}
    assert sum(line.runs for line in lines) == pytest.approx(30 * 24 * 60, abs=1)


def test_a_changed_schedule_counts_from_then_on(world: World, run) -> None:
    campaign_id = scheduled(world, Schedule("UTC", start_at=NOW + 2 * HOUR))
    run(NOW)
    schedules.save(world.conn, campaign_id, Schedule("UTC", start_at=NOW + HOUR))
    run(NOW + HOUR)
    assert state(world, campaign_id) is ACTIVE


def test_two_schedulers_never_run_the_same_twice(world: World, database: Database, redis: Redis) -> None:
    ids = [scheduled(world, Schedule("UTC", start_at=NOW + HOUR, stop_at=NOW + 9 * HOUR)) for _ in range(12)]
    barrier = Barrier(4)

    def look(_: int) -> list[int]:
        barrier.wait()
        return [ran.campaign_id for ran in run_schedules(database, redis, NOW + HOUR)]

    with ThreadPoolExecutor(4) as pool:
        done = [campaign_id for part in pool.map(look, range(4)) for campaign_id in part]
    assert sorted(done) == ids
    assert world.value("SELECT count(*) FROM campaign_runs") == len(ids)
    assert world.value("SELECT count(*) FROM audit_log WHERE action = 'campaign.started'") == len(ids)


def test_a_scheduler_that_dies_in_the_middle_leaves_the_run_to_another(
    world: World, database: Database, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = scheduled(world, Schedule("UTC", start_at=NOW + HOUR))
    with monkeypatch.context() as patched:
        patched.setattr(schedules, "handled", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_schedules(database, redis, NOW + HOUR)
    assert (state(world, campaign_id), log(world, campaign_id)) == (SCHEDULED, [])
    run_schedules(database, redis, NOW + HOUR)
    assert (state(world, campaign_id), len(log(world, campaign_id))) == (ACTIVE, 1)
