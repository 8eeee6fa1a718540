"""Slots are shared by priority, then by weight, and nobody starves."""

from collections import Counter

import pytest

from dialer.sharing import STARVED_S, Contender, Ledger, turns


def share_out(contenders: list[Contender], rounds: int, free: int, *, round_s: float = 0.2, wants=None) -> Counter[int]:
    """Let `free` slots become free each round, and let everybody take what it may (at most `wants` in a round)."""
    ledger, got = Ledger(), Counter()
    by_id = {c.id: c for c in contenders}
    for number in range(rounds):
        now, left = number * round_s, free
        taken = Counter()
        ledger.note(contenders, free, now)
        for turn in turns(contenders, ledger, free, now):
            most = free if turn.most is None else turn.most
            slots = min(most, left, (wants or {}).get(turn.campaign_id, free) - taken[turn.campaign_id])
            if slots > 0:
                ledger.charge(by_id[turn.campaign_id], slots, now)
                taken[turn.campaign_id] += slots
                left -= slots
        got += taken
    return got


@pytest.mark.parametrize("free", [1, 3, 10, 50])
@pytest.mark.parametrize("weights", [(1, 1), (1, 3), (2, 3, 5), (1, 1, 8), (100, 1)])
def test_equals_share_in_proportion_to_their_weights(weights, free):
    contenders = [Contender(id_, weight=weight) for id_, weight in enumerate(weights, 1)]
    got = share_out(contenders, 1000, free)
    assert sum(got.values()) == 1000 * free, "nothing is wasted"
    for contender in contenders:
        fair = 1000 * free * contender.weight / sum(weights)
        # Whoever would get less than a slot in STARVED_S gets one all the same; each round has whole slots.
        assert got[contender.id] == pytest.approx(fair, abs=max(0.05 * fair, 1000 * 0.2 / STARVED_S + 2, 1000 * 0.5))


@pytest.mark.parametrize(("weights", "free"), [((1, 1), 4), ((1, 3), 4), ((2, 3, 5), 10), ((1, 4), 1), ((1, 3), 1)])
def test_shares_are_exact_where_slots_are_enough(weights, free):
    contenders = [Contender(id_, weight=weight) for id_, weight in enumerate(weights, 1)]
    got = share_out(contenders, 1000, free)
    for contender in contenders:
        assert got[contender.id] == pytest.approx(1000 * free * contender.weight / sum(weights), rel=0.02)


def test_the_higher_priority_comes_first_and_the_lower_never_starves():
    got = share_out([Contender(1, priority=9), Contender(2, priority=5)], 1000, 4)
    assert got[2] == pytest.approx(1000 * 0.2 / STARVED_S, abs=2), "a slot every few seconds"
    assert got[1] == 4000 - got[2]


def test_what_the_higher_priority_leaves_is_shared_by_weight():
    contenders = [Contender(1, priority=9), Contender(2, weight=1), Contender(3, weight=2)]
    got = share_out(contenders, 900, 4, wants={1: 1})
    assert got[1] == 900
    assert got[2] == pytest.approx(900, rel=0.05)
    assert got[3] == pytest.approx(1800, rel=0.05)


def test_what_an_equal_does_not_use_is_the_others():
    got = share_out([Contender(1), Contender(2)], 100, 10, wants={1: 2})
    assert got == {1: 200, 2: 800}


def test_whoever_had_nothing_to_dial_has_nothing_to_catch_up():
    ledger = Ledger()
    both = [Contender(1), Contender(2)]
    ledger.note(both, 10, 0.0)
    ledger.charge(both[0], 100_000, 0.0)
    ledger.note(both, 10, 1.0)
    assert ledger.spent[1] - ledger.spent[2] <= 100
    ledger.note([both[0]], 10, 2.0)
    ledger.note([both[0], Contender(3)], 10, 3.0)
    assert ledger.spent[3] == ledger.spent[1], "a newcomer begins where the others are"


def test_one_campaign_alone_takes_what_it_can_in_one_turn():
    ledger = Ledger()
    ledger.note([Contender(1)], 10, 0.0)
    assert [turn.most for turn in turns([Contender(1)], ledger, 10, 0.0)] == [None]
