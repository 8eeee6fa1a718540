"""A carrier that answers 503 is called slower, then not at all, then tried with single calls, and used again."""

from pathlib import Path

import psycopg
import pytest

from db import gateway_health
from dialer.back_off import LEAST_SHARE, BreakerState
from sipp.carrier import Carrier, CarrierOptions
from sipp.log_reader import read_calls
from tests.limits.run import Run, wait_until
from tests.limits.stack import running_stack

NAME = "a"


def a_carrier(stack, kind: str) -> Carrier:
    """Start a carrier of this kind on the gateway's address."""
    carrier = Carrier(CarrierOptions(stack.ports[NAME], stack.ports[NAME] + 2, f"{kind}=1", stack.carriers[NAME]))
    carrier.start()
    return carrier


def rest_no_longer(conn) -> None:
    """Make the pause short: how long it is has tests of its own."""
    conn.execute("UPDATE gateway_health SET open_until = now() + interval '1 second'")


@pytest.mark.timeout(200)
def test_a_full_trunk_is_spared_and_used_again(tmp_path: Path):
    with (
        running_stack(tmp_path, [NAME], {"DIALER_MAX_CALLS_PER_SECOND": "20"}, carriers=False) as stack,
        psycopg.connect(stack.environment["DIALER_DATABASE_URL"], autocommit=True) as conn,
    ):
        full = a_carrier(stack, "congestion")
        try:
            run = Run(stack, conn, {NAME: (20, 8.0, None)}, {"one": (20, 6000, NAME)})

            def state() -> BreakerState:
                return next(iter(gateway_health.known(conn).values())).state

            wait_until(lambda: bool(gateway_health.known(conn)) and state() is BreakerState.OPEN, "the breaker opened")
            (health,) = gateway_health.known(conn).values()
            assert health.reason == "NORMAL_TEMPORARY_FAILURE 503"
            rest_no_longer(conn)
            wait_until(lambda: state() is BreakerState.HALF_OPEN, "the trunk was tried again")
            before = len(read_calls(stack.carriers[NAME]))
            wait_until(lambda: state() is BreakerState.OPEN, "the trial failed")
            assert len(read_calls(stack.carriers[NAME])) - before <= 2, "single calls"
            rest_no_longer(conn)
        finally:
            full.stop()
        well = a_carrier(stack, "busy")
        try:
            wait_until(lambda: state() is BreakerState.CLOSED, "a call got through")
            wait_until(
                lambda: next(iter(gateway_health.known(conn).values())).share > 5 * LEAST_SHARE, "it goes faster"
            )
            run.more_calls(5)
            run.end()
        finally:
            well.stop()
        assert [str(excess) for excess in run.verdict()] == [], "never above the limits"
