"""A mix says exactly how many of each kind answer, in an order that its seed decides."""

from collections import Counter
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipp.kinds import KINDS
from sipp.mix import InvalidMix, apportion, parse_mix, sequence

USUAL = "human1=30,human2=20,machine=25,busy=10,noanswer=10,congestion=5"


def test_it_reads_kinds_and_weights():
    assert parse_mix(" human1=30, busy=10,machine=0,") == {"human1": 30, "busy": 10}


@pytest.mark.parametrize(
    ("text", "named"),
    [("humann=3", "humann"), ("busy", "busy=10"), ("busy=-1", "busy=-1"), ("", "empty"), ("busy=0", "empty")],
)
def test_it_names_what_it_cannot_read(text, named):
    with pytest.raises(InvalidMix, match=named):
        parse_mix(text)


@given(st.dictionaries(st.sampled_from(sorted(KINDS)), st.integers(1, 50), min_size=1), st.integers(0, 500))
def test_shares_add_up_and_are_never_off_by_one_whole(mix, places):
    shares = apportion(mix, places)
    assert sum(shares.values()) == places
    for name, weight in mix.items():
        assert abs(shares[name] - places * weight / sum(mix.values())) < 1


def test_the_same_seed_gives_the_same_order_and_another_seed_another():
    mix = parse_mix(USUAL)
    first, again, other = (list(islice(sequence(mix, seed), 200)) for seed in (7, 7, 8))
    assert first == again != other


def test_the_first_calls_hold_the_mix_exactly():
    counted = Counter(islice(sequence(parse_mix(USUAL), 7, calls=108), 108))
    assert sum(counted.values()) == 108
    assert counted == apportion(parse_mix(USUAL), 108)


def test_every_later_block_holds_the_mix_exactly_too():
    order = list(islice(sequence(parse_mix(USUAL), 7), 60))
    for start in range(0, 60, 20):
        assert Counter(order[start : start + 20]) == apportion(parse_mix(USUAL), 20)
