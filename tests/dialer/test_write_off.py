"""A switch is written off only when it is surely out, and none of its calls can be up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dialer.write_off import LOOKED_AT_WITHIN_S, SILENT_FOR_S, Obstacle, Standing, obstacle

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
REST_S = 10.0
GONE = Standing(
    is_enabled=False,
    disabled_s=REST_S,
    looked_at_s=LOOKED_AT_WITHIN_S,
    answered_s=SILENT_FOR_S,
    calls=3,
    up_until=NOW,
)


def test_one_that_is_surely_gone_may_be_written_off() -> None:
    assert obstacle(GONE, REST_S, NOW) is None


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (replace(GONE, calls=0, up_until=None), Obstacle.NO_CALLS),
        (replace(GONE, is_enabled=True), Obstacle.ENABLED),
        (replace(GONE, disabled_s=REST_S - 0.1), Obstacle.ENABLED),
        (replace(GONE, disabled_s=None), Obstacle.ENABLED),
        (replace(GONE, looked_at_s=LOOKED_AT_WITHIN_S + 0.1), Obstacle.NOT_LOOKED_AT),
        (replace(GONE, looked_at_s=None), Obstacle.NOT_LOOKED_AT),
        (replace(GONE, answered_s=SILENT_FOR_S - 0.1), Obstacle.ANSWERED),
        (replace(GONE, answered_s=None), Obstacle.ANSWERED),
        (replace(GONE, up_until=NOW + timedelta(seconds=1)), Obstacle.CALLS_MAY_BE_UP),
        (replace(GONE, up_until=None), Obstacle.CALLS_MAY_BE_UP),
    ],
)
def test_every_doubt_speaks_against_it(known: Standing, expected: Obstacle) -> None:
    assert obstacle(known, REST_S, NOW) is expected
