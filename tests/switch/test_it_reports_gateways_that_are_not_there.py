"""A gateway nobody configured, or that does not answer, fails the attempt and never hangs it."""

import time

from tests.switch.calls import Call, Row
from tests.switch.scenario import invited, reject, trying

UNKNOWN = Call("nowhere", gateway=None)
DEAD = Call("dead", gateway={"proxy": "127.0.0.1:9"})
DOWN = Call("down", gateway={"proxy": "127.0.0.1:9", "ping": "5"}, is_placed_by_its_test=True)
BESIDE_IT = Call("beside_it", (invited(), trying(), reject("486 Busy Here")), is_placed_by_its_test=True)


def test_it_fails_an_attempt_over_an_unknown_gateway(dialled):
    assert dialled(UNKNOWN) == Row("failed", "INVALID_GATEWAY", None)


def test_it_concludes_an_attempt_over_a_gateway_that_is_dead(dialled):
    row = dialled(DEAD)
    assert row.disposition in ("congestion", "failed")
    assert not row.answered


def test_it_places_no_call_over_a_gateway_that_is_down(dialled):
    deadline = time.monotonic() + 60
    while "DOWN" not in dialled.ask_switch("sofia status gateway down"):
        assert time.monotonic() < deadline, "the switch never noticed"
        time.sleep(0.5)
    assert dialled.ask_switch("originate sofia/gateway/down/+79160000000 &park()").strip() == "-ERR GATEWAY_DOWN"
    dialled.place([DOWN])
    dialled.place([BESIDE_IT])
    assert dialled(BESIDE_IT).disposition == "busy"
    assert not dialled.has_attempts(DOWN)
