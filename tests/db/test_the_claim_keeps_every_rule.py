"""Over random campaigns the claim takes whoever may be called and nobody else, and the preflight says so before."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from db import claims, dialing
from db.preflight import preflight
from dialer.calling_hours import open_zone_sets
from dialer.preflight import Standing
from tests.db import random_campaigns
from tests.db.conftest import World, new_ids
from tests.db.random_campaigns import Made

DEPTH = int(os.environ.get("CAMPAIGNS_TIMES", "1"))
"""So many times more campaigns than usual, for a long look."""
IN_BATCHES = settings(
    max_examples=60 * DEPTH,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
MOST_CLAIMS = 40
DUE = "SELECT count(*) FROM contacts WHERE campaign_id = %s AND state IN ('queued', 'retry') AND due_at <= %s"


@contextmanager
def undone(conn: Connection[Any]) -> Iterator[None]:
    """Leave the database as it was: a rollback costs nothing, emptying tables does."""
    with conn.transaction(force_rollback=True):
        yield


def claim_all(world: World, made: Made, wanted: int) -> list[str]:
    """Claim as the dial loop does, again and again, until nothing comes; return the numbers in turn."""
    campaign = world.dialing(made.campaign_id)
    zone_sets = dialing.zone_sets(world.conn, made.campaign_id)
    opened = open_zone_sets(campaign.hours, zone_sets, made.now, campaign.ring_timeout_s)
    phones: list[str] = []
    due = -1
    for _ in range(MOST_CLAIMS):
        found = claims.claim(world.conn, campaign, campaign.gateways[0], new_ids(wanted), opened, made.now)
        assert len(found) <= wanted
        phones += [attempt.phone for attempt in found]
        before, due = due, world.value(DUE, made.campaign_id, made.now)
        if not found and due == before:  # not even somebody put off
            return phones
    raise AssertionError("the claim never came to an end")


def check(world: World, chance: Random) -> None:
    """Compare the preflight, and what is claimed after it, with the reference."""
    made = random_campaigns.make(world, chance)
    expected = made.expected()
    waiting = world.conn.execute(
        "SELECT phone FROM contacts WHERE campaign_id = %s AND state IN ('queued', 'retry')", [made.campaign_id]
    ).fetchall()
    listed = {person.phone for person in made.people if person.listings}
    for phone in set(expected) - {phone for (phone,) in waiting}:
        assert phone in listed  # a trigger, by today's clock, took it out of the queue
        expected.pop(phone)
    found = preflight(world.conn, made.campaign_id, made.now)
    assert {s: n for s, n in found.counts.items() if n} == Counter(expected.values())
    room = made.room()
    assert (None if found.room is None else max(0, found.room)) == room
    in_turn = made.in_turn(expected)
    assert (found.obstacle is None) == bool(in_turn), found.obstacle
    assert claim_all(world, made, chance.choice([1, 2, 5, 30])) == in_turn
    left = dict(
        world.conn.execute(
            "SELECT phone, coalesce(blocked_reason, state::text) FROM contacts WHERE campaign_id = %s",
            [made.campaign_id],
        ).fetchall()
    )
    assert {phone for phone, state in left.items() if state == "dialing"} == set(in_turn)
    for phone, state in left.items():
        if state not in ("queued", "retry", "dialing"):
            verdict = expected.get(phone, Standing.LISTED)
            assert verdict in random_campaigns.GONE, (phone, state, verdict)


@IN_BATCHES
@given(chance=st.randoms(use_true_random=False))
def test_it_claims_whoever_may_be_called_and_nobody_else(world: World, chance: Random) -> None:
    with undone(world.conn):
        check(world, chance)


@pytest.mark.parametrize("seed", range(8))
def test_the_preflight_and_the_claim_agree_over_many_campaigns(world: World, seed: int) -> None:
    chance = Random(seed)
    for _ in range(250 * DEPTH):
        with undone(world.conn):
            check(world, chance)
