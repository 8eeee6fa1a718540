"""A schedule's runs, what is refused when it is saved, and what becomes of runs that nobody was there for."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.errors import InvalidSchedule
from dialer.schedule import (
    Run,
    RunReason,
    Schedule,
    ScheduleAction,
    check,
    judge,
    next_runs,
)

START, PAUSE, STOP = ScheduleAction.START, ScheduleAction.PAUSE, ScheduleAction.STOP
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)  # a Friday


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def test_once_starts_and_stops() -> None:
    schedule = Schedule("Europe/Moscow", start_at=at(21, 7), stop_at=at(22, 15))
    assert next_runs(schedule, NOW) == [Run(at(21, 7), START), Run(at(22, 15), STOP)]
    assert next_runs(schedule, at(21, 7)) == [Run(at(22, 15), STOP)]
    assert next_runs(schedule, at(22, 15)) == []


def test_cron_starts_and_pauses_by_the_clock_of_its_zone() -> None:
    schedule = Schedule("Europe/Moscow", cron="0 10 * * 1-5", pause_cron="0 18 * * 1-5")
    assert next_runs(schedule, NOW) == [
        Run(at(20, 15), PAUSE),
        Run(at(23, 7), START),
        Run(at(23, 15), PAUSE),
        Run(at(24, 7), START),
        Run(at(24, 15), PAUSE),
    ]


def test_combined_repeats_between_its_first_and_its_last_moment() -> None:
    schedule = Schedule("UTC", start_at=at(21, 10), stop_at=at(23, 10), cron="0 10 * * *", pause_cron="0 12 * * *")
    assert next_runs(schedule, NOW, 9) == [
        Run(at(21, 10), START),
        Run(at(21, 12), PAUSE),
        Run(at(22, 10), START),
        Run(at(22, 12), PAUSE),
        Run(at(23, 10), STOP),
    ]


def test_of_two_runs_at_one_moment_the_quieter_counts() -> None:
    schedule = Schedule("UTC", cron="0 10 * * *", pause_cron="0 10 * * 6")
    assert next_runs(schedule, NOW, 2) == [Run(at(21, 10), PAUSE), Run(at(22, 10), START)]


@pytest.mark.parametrize(
    ("schedule", "named"),
    [
        (Schedule("UTC"), "give a start"),
        (Schedule("UTC", pause_cron="0 1 * * *"), "repeated start"),
        (Schedule("UTC", start_at=at(22, 1), stop_at=at(21, 1)), "before the start"),
        (Schedule("UTC", start_at=at(22, 1), stop_at=at(22, 1)), "before the start"),
        (Schedule("UTC", start_at=at(19, 1)), "every moment"),
        (Schedule("UTC", start_at=at(19, 1), stop_at=at(22, 1)), "every start"),
        (Schedule("UTC", cron="0 0 31 2 *"), "every moment"),
        (Schedule("UTC", cron="0 5 * * *", pause_cron="0 5 * * *"), "every start"),
        (Schedule("Mars/Olympus", cron="0 0 * * *"), "time zone"),
        (Schedule("../etc/passwd", cron="0 0 * * *"), "time zone"),
        (Schedule("UTC", cron="0 0 * * *", late_start_s=-1), "within a day"),
        (Schedule("UTC", cron="0 0 * * *", late_start_s=86_401), "within a day"),
        (Schedule("UTC", cron="99 0 * * *"), "minute"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(schedule: Schedule, named: str) -> None:
    with pytest.raises(InvalidSchedule, match=named):
        check(schedule, NOW)


def test_what_makes_sense_is_answered_with_its_next_five_runs() -> None:
    assert len(check(Schedule("Asia/Omsk", cron="*/5 * * * *"), NOW)) == 5
    assert check(Schedule("UTC", stop_at=at(22, 1)), NOW) == [Run(at(22, 1), STOP)]


def outcome(due: list[Run], late_start_s: int = 3600) -> list[RunReason | None]:
    return [judged.missed for judged in judge(due, NOW, late_start_s)]


def ago(minutes: int, action: ScheduleAction) -> Run:
    return Run(NOW - timedelta(minutes=minutes), action)


def test_a_run_in_time_is_carried_out() -> None:
    assert outcome([ago(0, START)]) == [None]
    assert outcome([ago(0, START)], late_start_s=0) == [None]


def test_a_start_is_made_up_for_until_it_is_too_late() -> None:
    assert outcome([ago(60, START)]) == [None]
    assert outcome([ago(61, START)]) == [RunReason.TOO_LATE]


def test_a_pause_and_a_stop_are_never_too_late() -> None:
    assert outcome([ago(9000, PAUSE)]) == [None]
    assert outcome([ago(9000, STOP)]) == [None]


def test_of_several_only_the_latest_counts() -> None:
    assert outcome([ago(50, START), ago(40, PAUSE), ago(30, START)]) == [
        RunReason.OVERTAKEN,
        RunReason.OVERTAKEN,
        None,
    ]


def test_behind_a_start_that_is_too_late_the_pause_before_it_counts() -> None:
    assert outcome([ago(900, START), ago(600, PAUSE), ago(120, START)]) == [
        RunReason.OVERTAKEN,
        None,
        RunReason.TOO_LATE,
    ]


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.sampled_from(list(ScheduleAction))), max_size=12),
    st.integers(0, 86_400),
)
def test_never_more_than_one_run_is_carried_out_and_none_is_forgotten(
    drawn: list[tuple[int, ScheduleAction]], late_start_s: int
) -> None:
    due = sorted(ago(minutes, action) for minutes, action in drawn)
    judged = judge(due, NOW, late_start_s)
    assert [j.run for j in judged] == due
    carried_out = [j.run for j in judged if j.missed is None]
    assert len(carried_out) <= 1
    for run in carried_out:
        assert run.action is not START or (NOW - run.at).total_seconds() <= late_start_s
    if any(run.action is not START for run in due):
        assert carried_out
