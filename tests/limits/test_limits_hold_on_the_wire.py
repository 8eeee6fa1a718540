"""Five campaigns on three gateways, two schedulers: no limit is exceeded as the carriers count, whatever happens.

What a carrier counts depends on the machine, too: a call that the machine holds up on its way comes nearer to the next
one. So each call's permission is stamped by Redis's clock, and the count is taken twice: the permissions must keep
every limit to the microsecond; on the wire a call may be excused by as much as it was held up longer than the quickest
one after its permission. Channels are counted as the wire shows them, without excuse.
"""

import random
from pathlib import Path

import psycopg
import pytest

from tests.limits.counting import busiest, most_at_once
from tests.limits.figures import figures
from tests.limits.run import CAMPAIGNS, GATEWAYS, OVERRIDES, TOTAL_CHANNELS, TOTAL_CPM, Run, disturb
from tests.limits.stack import running_stack


@pytest.mark.timeout(300)
def test_limits_hold_while_everything_is_changed_and_killed(tmp_path: Path):
    with (
        running_stack(tmp_path, list(GATEWAYS), OVERRIDES) as stack,
        psycopg.connect(stack.environment["DIALER_DATABASE_URL"], autocommit=True) as conn,
    ):
        run = Run(stack, conn)
        disturb(run, random.Random(7), 11)
        run.reach(TOTAL_CPM)
        run.reach(CAMPAIGNS["three"][1], "three")  # a slow machine has not come to it yet
        run.end()
        print(figures(run))
        assert [str(excess) for excess in run.verdict()] == []
        assert run.operators_allowed(), "operators' legs count, too"
        calls = run.calls()
        assert most_at_once(calls) == TOTAL_CHANNELS, "the limits were reached, or it would be no test of them"
        assert busiest(calls, 60.0) == TOTAL_CPM
        assert busiest([call for call in calls if call.campaign == "three"], 60.0) == CAMPAIGNS["three"][1]
