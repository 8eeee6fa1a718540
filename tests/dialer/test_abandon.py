"""The abandon cap: one of two calls stops nothing, near the cap a campaign slows down, beyond it stops."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.abandon import SLOWEST, Ledger, allowance, slowed


@pytest.mark.parametrize(
    ("answered", "abandoned", "share"),
    [
        (0, 0, 1.0),
        (2, 1, 1.0),  # half of them, but of two
        (2, 2, 1.0),
        (5, 3, SLOWEST),  # exactly what would be allowed of a hundred
        (5, 4, 0.0),  # more than that already
        (100, 2, 1.0),
        (100, 3, SLOWEST),
        (100, 4, 0.0),
        (1000, 21, 1.0),
        (1000, 30, SLOWEST),
        (1000, 31, 0.0),
    ],
)
def test_a_campaign_may_use_this_share_of_its_limits(answered: int, abandoned: int, share: float) -> None:
    assert allowance(Ledger(answered, abandoned), 3.0) == pytest.approx(share)


def test_it_gets_slower_bit_by_bit() -> None:
    shares = [allowance(Ledger(1000, abandoned), 3.0) for abandoned in range(20, 32)]
    assert shares == sorted(shares, reverse=True)
    assert len(set(shares)) > 8


def test_a_person_whom_a_label_found_among_the_machines_was_abandoned_too() -> None:
    ledger = Ledger(answered=96, abandoned=2, labelled=10, false_machines=3, cut_off=2)
    assert (ledger.people, ledger.dropped, ledger.rate) == (98, 4, 4 / 98)
    assert ledger.false_machine_rate == pytest.approx(0.3)
    assert allowance(ledger, 3.0) == 0.0


def test_nobody_answered_and_nobody_listened_is_no_rate() -> None:
    assert (Ledger().rate, Ledger().false_machine_rate) == (None, None)


def test_a_cap_of_nothing_stops_at_the_first_and_one_of_everything_never() -> None:
    assert allowance(Ledger(500, 0), 0.0) == 1.0
    assert allowance(Ledger(500, 1), 0.0) == 0.0
    assert allowance(Ledger(500, 500), 100.0) > 0.0


def test_a_slow_campaign_still_moves() -> None:
    assert (slowed(1, 0.1), slowed(10, 0.1), slowed(60, 0.55), slowed(7, 1.0)) == (1, 1, 33, 7)


@given(st.integers(0, 5000), st.integers(0, 5000), st.floats(0, 100))
def test_one_more_abandoned_call_never_gives_more_room(answered: int, abandoned: int, cap: float) -> None:
    before = allowance(Ledger(answered + abandoned, abandoned), cap)
    after = allowance(Ledger(answered + abandoned + 1, abandoned + 1), cap)
    assert 0.0 <= after <= 1.0
    if abandoned + 1 > cap / 100 * max(answered + abandoned + 1, 100) + 1e-6:
        assert after == 0.0
    if before == 0.0 and cap < 99:
        assert after == 0.0
