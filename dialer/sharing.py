"""Which campaign may take how many of the slots that all share: by priority, then by weight, and nobody starves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

STARVED_S = 5.0
"""Whoever got nothing for so long comes first with one slot, whatever the others' priority."""
MOST_LAG = 10
"""Rounds' worth of slots a campaign may be behind the others: one that had nothing to dial has nothing to catch up."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A campaign that dials. priority: 1 to 9, 9 comes first. weight: 1 to 100, its share among equals."""

    id: int
    priority: int = 5
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Turn:
    """A campaign's turn. most: how many slots it may take in it; None: as many as it can use."""

    campaign_id: int
    most: int | None


@dataclass(slots=True)
class Ledger:
    """What campaigns have got so far. spent: slots by weight. served_at: s, on one clock; at first: when it came."""

    spent: dict[int, float] = field(default_factory=dict)
    served_at: dict[int, float] = field(default_factory=dict)

    def note(self, contenders: Sequence[Contender], capacity: int, now_s: float) -> None:
        """Take newcomers in and forget who is gone; nobody is further behind than MOST_LAG rounds of `capacity`."""
        known = {c.id for c in contenders}
        furthest = max((spent for id_, spent in self.spent.items() if id_ in known), default=0.0)
        least = furthest - MOST_LAG * max(capacity, 1)
        self.spent = {c.id: max(self.spent.get(c.id, furthest), least) for c in contenders}
        self.served_at = {c.id: self.served_at.get(c.id, now_s) for c in contenders}

    def charge(self, contender: Contender, slots: int, now_s: float) -> None:
        """Write down what a campaign has got."""
        self.spent[contender.id] += slots / contender.weight
        self.served_at[contender.id] = now_s


def turns(contenders: Sequence[Contender], ledger: Ledger, capacity: int, now_s: float) -> Iterator[Turn]:
    """Yield who may take how many of `capacity` slots, in order; reads the ledger as it is when each turn comes.

    First one slot for everybody who starves. Then priority after priority: shares by weight, whoever is furthest behind
    first, and then, in the same order, what others left.
    """
    for contender in sorted(contenders, key=lambda c: ledger.served_at[c.id]):
        if now_s - ledger.served_at[contender.id] >= STARVED_S:
            yield Turn(contender.id, 1)
    for priority in sorted({c.priority for c in contenders}, reverse=True):
        equals = [c for c in contenders if c.priority == priority]
        weights = sum(c.weight for c in equals)
        if len(equals) > 1:
            for place, contender in enumerate(_furthest_behind_first(equals, ledger)):
                share = capacity * contender.weight // weights
                if share or place == 0:
                    yield Turn(contender.id, max(1, share))
        for contender in _furthest_behind_first(equals, ledger):
            yield Turn(contender.id, None)


def _furthest_behind_first(contenders: Sequence[Contender], ledger: Ledger) -> list[Contender]:
    return sorted(contenders, key=lambda c: (ledger.spent[c.id], c.id))
