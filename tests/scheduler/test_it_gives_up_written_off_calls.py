"""The calls of a switch that was written off are concluded and their channels freed; nobody else's are."""

from datetime import UTC, datetime

import pytest

from db import attempts, leases, switches
from db.switches import SwitchRow
from dialer.outcome import Outcome
from scheduler.write_offs import conclude_written_off
from tests.scheduler.conftest import TTL_S


@pytest.fixture
def gone(world, ready_redis, node):
    """A switch that was written off, with two calls on it; a third is on another."""
    switch_id = switches.create(world.conn, SwitchRow(0, "gone", "10.0.0.9", 8021, 100, is_enabled=False))
    pressed, silent, other = world.dial(world.campaign(contacts=3), 3)
    for attempt, where in ((pressed, switch_id), (silent, switch_id), (other, node.id)):
        world.conn.execute("UPDATE attempts SET switch_id = %s WHERE id = %s", [where, attempt.attempt_id])
    attempts.record_outcome(world.conn, pressed.attempt_id, Outcome.INTERESTED, "1", None, datetime.now(UTC))
    leases.restore(ready_redis, attempts.open_attempts(world.conn), TTL_S)
    world.conn.execute(
        "UPDATE switches SET answered_at = now() - interval '1 hour', written_off_at = clock_timestamp() WHERE id = %s",
        [switch_id],
    )
    return switch_id


def dispositions(world):
    return [row[0] for row in world.conn.execute("SELECT disposition::text FROM attempts ORDER BY claimed_at, phone")]


def test_they_are_concluded_and_their_channels_are_free(database, ready_redis, world, gone):
    assert leases.counts(ready_redis, switch_ids=[gone]).by_switch == {gone: 2}
    conclude_written_off(database, ready_redis)
    assert dispositions(world) == ["interested", "lost", None]
    assert leases.counts(ready_redis, switch_ids=[gone]).by_switch == {gone: 0}
    assert leases.counts(ready_redis).total == 1
    assert world.value("SELECT count(*) FROM leads") == 1
    conclude_written_off(database, ready_redis)
    assert dispositions(world) == ["interested", "lost", None]


def test_one_that_stored_rules_hold_up_keeps_no_other_waiting(database, ready_redis, world, gone):
    (held_up,) = world.dial(world.campaign(contacts=1, first_phone=79170000000))
    world.conn.execute(
        "UPDATE attempts SET switch_id = %s, claimed_at = claimed_at - interval '1 hour',"
        " originated_at = originated_at - interval '1 hour' WHERE id = %s",
        [gone, held_up.attempt_id],
    )
    rules = "UPDATE campaigns SET retry_rules = %s WHERE id = %s"
    world.conn.execute(rules, ['{"of old": 1}', held_up.campaign_id])
    conclude_written_off(database, ready_redis)
    assert dispositions(world) == [None, "interested", "lost", None]
    world.conn.execute(rules, ["{}", held_up.campaign_id])
    conclude_written_off(database, ready_redis)
    assert dispositions(world) == ["lost", "interested", "lost", None]


def test_nothing_is_given_up_that_nobody_wrote_off(database, ready_redis, world, gone):
    world.conn.execute("UPDATE switches SET written_off_at = NULL")
    conclude_written_off(database, ready_redis)
    assert dispositions(world) == [None, None, None]
