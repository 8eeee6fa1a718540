"""A gateway nobody configured, or that does not answer, fails the attempt and never hangs it."""

from tests.switch.calls import Call, Row

UNKNOWN = Call("nowhere", gateway=None)
DEAD = Call("dead", gateway={"proxy": "127.0.0.1:9"})


def test_it_fails_an_attempt_over_an_unknown_gateway(dialled):
    assert dialled(UNKNOWN) == Row("failed", "INVALID_GATEWAY", None)


def test_it_concludes_an_attempt_over_a_gateway_that_is_dead(dialled):
    row = dialled(DEAD)
    assert row.disposition in ("congestion", "failed")
    assert not row.answered
