"""A mix of kinds with weights, and the seeded order in which they answer."""

import random
from collections.abc import Iterator, Mapping
from math import gcd

from sipp.kinds import KINDS

LARGEST_BLOCK = 200


class InvalidMix(ValueError):
    """The mix cannot be read: write it as `human1=30,machine=25,busy=10` with kinds of `python -m sipp kinds`."""


def parse_mix(text: str) -> dict[str, int]:
    """Read `kind=weight,…`; raises InvalidMix."""
    mix: dict[str, int] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, weight = item.partition("=")
        if name not in KINDS:
            raise InvalidMix(f"{name!r} is no kind of callee; there are {', '.join(KINDS)}")
        if not weight.isdecimal():
            raise InvalidMix(f"{item!r}: a weight is a whole number, as in {name}=10")
        mix[name] = mix.get(name, 0) + int(weight)
    mix = {name: weight for name, weight in mix.items() if weight}
    if not mix:
        raise InvalidMix("the mix is empty; for example human1=30,machine=25,busy=10")
    return mix


def apportion(mix: Mapping[str, int], places: int) -> dict[str, int]:
    """Share `places` by weight, the largest remainders first, so that the shares add up exactly."""
    total = sum(mix.values())
    shares = {name: places * weight // total for name, weight in mix.items()}
    by_remainder = sorted(mix, key=lambda name: (-(places * mix[name] % total), name))
    for name in by_remainder[: places - sum(shares.values())]:
        shares[name] += 1
    return shares


def sequence(mix: Mapping[str, int], seed: int, calls: int | None = None) -> Iterator[str]:
    """Yield kinds for ever: the first `calls` hold exactly the mix's shares, then block by block.

    Without `calls` every block of the weights' sum (divided by their common divisor) holds the shares.
    """
    chance = random.Random(seed)
    total = sum(mix.values()) // gcd(*mix.values())
    block = total if total <= LARGEST_BLOCK else 100
    size = calls or block
    while True:
        kinds = [name for name, share in apportion(mix, size).items() for _ in range(share)]
        chance.shuffle(kinds)
        yield from kinds
        size = block
