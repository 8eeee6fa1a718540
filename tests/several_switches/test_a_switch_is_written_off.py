"""A switch that does not answer is written off under load: its calls are given up, its channels freed; then it is back.

Runs against the embedded switch, or two real ones with SWITCH=freeswitch.
"""

from pathlib import Path

import pytest

from db import leases, write_off
from dialer.write_off import Obstacle
from tests.limits.counting import most_at_once
from tests.several_switches.witnesses import SCHEDULERS, dialing, wait_until

SILENT_FOR_S = 12.0


@pytest.mark.timeout(280)
def test_a_switch_is_written_off_and_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    most = {"a": 12, "b": 8}
    with dialing(tmp_path, most, 40) as campaign:
        b = campaign.ids["b"]
        stopped = campaign.freeze("b")
        try:
            campaign.conn.execute("UPDATE switches SET is_enabled = false, disabled_at = now() WHERE id = %s", [b])
            assert write_off.write_off(campaign.conn, b)[1] is Obstacle.ENABLED, "a scheduler may not know yet"
            campaign.conn.execute("UPDATE switches SET disabled_at = now() - interval '1 minute' WHERE id = %s", [b])
            assert write_off.write_off(campaign.conn, b)[1] is Obstacle.ANSWERED
            monkeypatch.setattr("dialer.write_off.SILENT_FOR_S", SILENT_FOR_S)
            why_not = lambda: write_off.why_not(write_off.standing(campaign.conn, b))  # noqa: E731
            wait_until(lambda: why_not() is Obstacle.CALLS_MAY_BE_UP, "its silence being long enough")
            given_up = campaign.up("b")
            assert leases.counts(campaign.redis, switch_ids=[b]).by_switch == {b: given_up}
            monkeypatch.setattr("db.write_off.AFTER_THE_CALL_S", -3600.0)  # calls may last longer than this test does
            assert write_off.write_off(campaign.conn, b)[1] is None
            wait_until(lambda: campaign.up("b") == 0, "its calls being given up", 15)
            wait_until(lambda: leases.counts(campaign.redis, switch_ids=[b]).by_switch == {b: 0}, "its channels", 15)
            told = "SELECT disposition::text, count(*) FROM attempts WHERE concluded_by = 'write_off' GROUP BY 1"
            as_given_up = dict(campaign.conn.execute(told).fetchall())
        finally:
            resumed = campaign.thaw("b")
        wait_until(
            lambda: campaign.value("SELECT answered_at > written_off_at FROM switches WHERE id = %s", b), "its return"
        )
        campaign.conn.execute("UPDATE switches SET is_enabled = true, disabled_at = NULL WHERE id = %s", [b])
        wait_until(lambda: campaign.placed_since("b", resumed) >= 5, "calls on the one that came back")
        campaign.await_end()

        to_b = [sent for sent in campaign.sent(stopped, resumed) if sent.switch == "b"]
        as_corrected = dict(campaign.conn.execute(told).fetchall())
        print(f"given up {given_up}: {as_given_up}; corrected since: {as_corrected}; sent to b meanwhile {len(to_b)}")
        assert sum(as_given_up.values()) == sum(as_corrected.values()) == given_up
        assert len(to_b) <= SCHEDULERS
        assert most_at_once(campaign.on_the_wire("a")) <= most["a"]
        assert campaign.too_fast(to_b) == []
        assert campaign.value("SELECT count(*) FROM (SELECT FROM leads GROUP BY contact_id HAVING count(*) > 1) t") == 0
        findings = campaign.verdict([])
        # A call that was sent into the silence rings as late as it is read, if it is: after it was given up.
        numbers = [row[0].lstrip("+") for row in campaign.conn.execute(
            "SELECT phone FROM attempts WHERE id = ANY(%s::uuid[])", [[sent.attempt_id for sent in to_b]])]  # fmt: skip
        known = [*numbers, *(sent.attempt_id for sent in to_b)]
        assert [str(found) for found in findings.faults if not any(name in found.text for name in known)] == []
        assert findings.called_twice == 0
