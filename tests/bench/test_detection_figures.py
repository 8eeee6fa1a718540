"""What the measurement of many detections says of its verdicts."""

from datetime import UTC, datetime, timedelta

from bench.detections import Decided, most_at_once, p95

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def decided(at_s: float, after_ms: int, heard_ms: int = 1000) -> Decided:
    return Decided("human", heard_ms, after_ms, NOON + timedelta(seconds=at_s))


def test_detections_at_once_are_those_that_overlap() -> None:
    assert most_at_once([decided(0, 2000), decided(1, 2000), decided(1.5, 100), decided(5, 1000)]) == 3
    assert most_at_once([decided(0, 1000), decided(1, 1000)]) == 1


def test_a_verdict_is_late_by_what_it_came_after_its_audio() -> None:
    assert decided(0, 1060).late_ms == 60


def test_the_95th_percentile_of_one_is_that_one() -> None:
    assert p95([7]) == 7
    assert 94 <= p95(range(100)) <= 96
