"""The planner reserves first, claims no more than that, and gives back what it could not use."""

import itertools
from collections import Counter
from datetime import UTC, datetime, time

import pytest

from db import caller_ids, campaigns, claims, gateways, leases, pacing
from db.errors import DatabaseAway, LeasesLost, RedisAway
from db.leases import TotalLimits
from dialer.adaptive_pacing import PacingMode, PacingRules
from dialer.campaign import CampaignState
from scheduler.planner import IDLE
from tests.scheduler.conftest import make_planner


def now() -> datetime:
    return datetime.now(UTC)


def test_it_plans_what_fits_into_the_horizon_evenly(world, planner):
    world.campaign(contacts=100, calls_per_minute=6000, max_channels=100)
    planned = planner.plan(now())
    assert len({departure.attempt.phone for departure in planned}) == len(planned)
    assert (
        12 <= len(planned) <= 26
    )  # half a second at 50 calls per second, less what passed until the slots were asked for
    moments = [departure.due_s for departure in planned]
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert min(gaps) >= 0.019


def test_it_claims_no_more_than_channels_are_free(world, database, ready_redis):
    world.campaign(contacts=100, calls_per_minute=6000, max_channels=3)
    planner = make_planner(database, ready_redis)
    assert len(planner.plan(now())) == 3
    assert planner.plan(now()) == []
    assert leases.counts(ready_redis).total == 3


def test_it_keeps_to_the_campaigns_minute(world, planner, ready_redis):
    campaign_id = world.campaign(contacts=100, calls_per_minute=5, max_channels=100)
    assert len(planner.plan(now())) == 5
    assert planner.plan(now()) == []
    assert leases.minute_count(ready_redis, campaign_id) == 5


def test_it_keeps_to_the_campaigns_calls_per_second_over_all_its_gateways(world, planner):
    wide = gateways.create(world.conn, "wide", 50, 50)
    caller_id = caller_ids.add(world.conn, wide, "+74950000002", "", "")
    both = ((world.gateway_id, world.caller_id_id), (wide, caller_id))
    world.campaign(contacts=50, calls_per_minute=6000, max_channels=50, gateways=both, calls_per_second=8)
    planned = planner.plan(now())
    assert 3 <= len(planned) <= 5  # half a second
    assert {departure.campaign_spacing_s for departure in planned} == {1 / 8}


def test_it_keeps_to_the_minute_of_everything(world, database, ready_redis):
    world.campaign(contacts=20, calls_per_minute=6000)
    world.campaign(contacts=20, first_phone=79170000000, calls_per_minute=6000)
    planner = make_planner(database, ready_redis, TotalLimits(100, 50, cpm=4))
    assert len(planner.plan(now())) == 4
    assert planner.plan(now()) == []


def test_it_keeps_to_the_channels_of_everything(world, database, ready_redis):
    world.campaign(contacts=20, calls_per_minute=6000)
    world.campaign(contacts=20, first_phone=79170000000, calls_per_minute=6000)
    planned = make_planner(database, ready_redis, TotalLimits(4, 50)).plan(now())
    assert len(planned) == 4


def test_it_gives_back_slots_that_no_contact_used(world, planner, ready_redis):
    campaign_id = world.campaign(contacts=2, calls_per_minute=6000)
    world.conn.execute("INSERT INTO blacklist (phone, reason) VALUES ('+79160000000', 'complaint')")
    planned = planner.plan(now())
    assert [departure.attempt.phone for departure in planned] == ["+79160000001"]
    assert leases.counts(ready_redis).total == 1
    assert leases.minute_count(ready_redis, campaign_id) == 1


def test_it_gives_everything_back_when_the_claim_fails(world, database, ready_redis, monkeypatch):
    world.campaign(contacts=5, calls_per_minute=6000)
    planner = make_planner(database, ready_redis)

    def fail(*_: object) -> None:
        raise DatabaseAway

    monkeypatch.setattr("scheduler.planner.claims.claim", fail)
    with pytest.raises(DatabaseAway):
        planner.plan(now())
    assert leases.counts(ready_redis).total == 0


@pytest.mark.parametrize("failure", [DatabaseAway(), RedisAway()])
def test_what_was_claimed_before_a_failure_is_planned(world, database, ready_redis, monkeypatch, failure):
    world.campaign(contacts=3, calls_per_minute=6000)
    world.campaign(contacts=3, first_phone=79170000000, calls_per_minute=6000)
    fail_at_the_second_claim(monkeypatch, failure)
    planner = make_planner(database, ready_redis)
    planned = planner.plan(now())
    assert len(planned) == 3
    assert world.value("SELECT count(*) FROM attempts") == 3
    assert leases.counts(ready_redis).total == 3
    with pytest.raises(type(failure)):  # whoever was not served comes first now
        planner.plan(now())


def test_what_was_claimed_over_the_first_gateway_is_planned_when_the_second_fails(
    world, database, ready_redis, monkeypatch
):
    wide = gateways.create(world.conn, "wide", 50, 50)
    caller_id = caller_ids.add(world.conn, wide, "+74950000002", "", "")
    world.conn.execute("UPDATE gateways SET max_channels = 2")
    world.campaign(
        contacts=4, calls_per_minute=6000, gateways=((world.gateway_id, world.caller_id_id), (wide, caller_id))
    )
    fail_at_the_second_claim(monkeypatch, DatabaseAway())
    planned = make_planner(database, ready_redis).plan(now())
    assert len(planned) == world.value("SELECT count(*) FROM attempts") == leases.counts(ready_redis).total == 2


def test_a_campaign_whose_planning_always_fails_holds_no_other_up(world, database, ready_redis, monkeypatch):
    broken = world.campaign(contacts=3, calls_per_minute=6000)
    healthy = world.campaign(contacts=3, first_phone=79170000000, calls_per_minute=6000)
    real = claims.due_count

    def due_count(conn, campaign, *arguments):
        if campaign.id == broken:
            raise ValueError("a surprise")
        return real(conn, campaign, *arguments)

    monkeypatch.setattr("scheduler.planner.claims.due_count", due_count)
    planned = make_planner(database, ready_redis).plan(now())
    assert [departure.attempt.campaign_id for departure in planned] == [healthy] * 3


def test_a_scheduler_that_dies_before_it_claims_holds_its_slots_for_seconds_only(
    world, database, ready_redis, monkeypatch
):
    world.campaign(contacts=3, calls_per_minute=6000)

    class Killed(BaseException):
        """The process ends here."""

    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr("scheduler.planner.claims.claim", killed)
    monkeypatch.setattr("scheduler.planner.give_back", lambda *_: None)
    with pytest.raises(Killed):
        make_planner(database, ready_redis).plan(now())
    (lease, *_) = ready_redis.keys("dialer:lease:*")
    assert ready_redis.pttl(lease) <= leases.UNCLAIMED_TTL_S * 1000


def test_what_was_claimed_holds_its_channels_as_long_as_calls_may_last(world, planner, ready_redis):
    world.campaign(contacts=1, calls_per_minute=6000)
    (planned,) = planner.plan(now())
    assert ready_redis.pttl(f"dialer:lease:{planned.attempt.attempt_id}") > leases.UNCLAIMED_TTL_S * 1000


def fail_at_the_second_claim(monkeypatch, failure: Exception) -> None:
    """Let every claim but the first fail."""
    real, asked = claims.claim, itertools.count()

    def claim(*arguments):
        if next(asked):
            raise failure
        return real(*arguments)

    monkeypatch.setattr("scheduler.planner.claims.claim", claim)


def test_campaigns_take_turns(world, database, ready_redis):
    first = world.campaign(contacts=50, calls_per_minute=6000)
    second = world.campaign(contacts=50, first_phone=79170000000, calls_per_minute=6000)
    planner = make_planner(database, ready_redis, TotalLimits(100, 10), horizon_ms=100)
    served = []
    while len(served) < 6:
        served += [departure.attempt.campaign_id for departure in planner.plan(now())]
    assert {served.count(first), served.count(second)} <= {2, 3, 4}


def served(world, planner, rounds: int) -> Counter[int]:
    """Plan so often, with room for one or two each time, and count what each campaign got."""
    got: Counter[int] = Counter()
    while sum(got.values()) < rounds:
        found = [departure.attempt.campaign_id for departure in planner.plan(now())]
        got.update(found)
    return got


def test_campaigns_share_by_weight(world, database, ready_redis):
    light = world.campaign(contacts=50, calls_per_minute=6000, max_channels=50)
    heavy = world.campaign(contacts=50, first_phone=79170000000, calls_per_minute=6000, max_channels=50, weight=4)
    got = served(world, make_planner(database, ready_redis, TotalLimits(100, 20), horizon_ms=100), 25)
    assert got[heavy] == pytest.approx(4 * got[light], abs=5)


def test_the_higher_priority_is_served_first(world, database, ready_redis):
    low = world.campaign(contacts=50, calls_per_minute=6000, max_channels=50, priority=4, weight=100)
    high = world.campaign(contacts=12, first_phone=79170000000, calls_per_minute=6000, max_channels=50, priority=6)
    planner = make_planner(database, ready_redis, TotalLimits(100, 20), horizon_ms=100)
    assert served(world, planner, 10)[high] >= 8, "one that starves gets a slot now and then"
    assert served(world, planner, 15)[low] >= 8, "then it is the other's turn"


def test_it_takes_the_gateway_with_most_free_channels(world, database, ready_redis):
    wide = gateways.create(world.conn, "wide", 50, 50)
    caller_id = caller_ids.add(world.conn, wide, "+74950000002", "", "")
    narrow = (world.gateway_id, world.caller_id_id)
    world.conn.execute("UPDATE gateways SET max_channels = 5 WHERE id = %s", [world.gateway_id])
    world.campaign(contacts=2, calls_per_minute=6000, gateways=(narrow, (wide, caller_id)))
    (first, second) = make_planner(database, ready_redis).plan(now())
    assert (first.attempt.gateway, first.attempt.caller_id) == ("wide", "+74950000002")
    assert second.attempt.gateway == "wide"


def test_it_fills_the_next_gateway_when_one_is_full(world, database, ready_redis):
    small = gateways.create(world.conn, "small", 2, 50)
    caller_id = caller_ids.add(world.conn, small, "+74950000002", "", "")
    world.conn.execute("UPDATE gateways SET max_channels = 3 WHERE id = %s", [world.gateway_id])
    both = ((world.gateway_id, world.caller_id_id), (small, caller_id))
    world.campaign(contacts=20, calls_per_minute=6000, gateways=both)
    planned = make_planner(database, ready_redis).plan(now())
    assert sorted(departure.attempt.gateway for departure in planned) == ["carrier"] * 3 + ["small"] * 2


def test_it_skips_gateways_that_are_down(world, database, ready_redis):
    world.campaign(contacts=2, calls_per_minute=6000)
    assert make_planner(database, ready_redis, is_up=lambda _: False).plan(now()) == []
    assert make_planner(database, ready_redis, is_up=lambda name: name == "carrier").plan(now())


def test_a_gateway_is_used_no_faster_than_its_trunk_takes_calls(world, planner):
    world.campaign(contacts=100, calls_per_minute=6000, max_channels=100)
    world.conn.execute("INSERT INTO gateway_health (gateway_id, share) SELECT id, 0.2 FROM gateways")
    planned = planner.plan(now())
    assert 4 <= len(planned) <= 6  # half a second at a fifth of 50 calls per second
    assert all(departure.spacing_s == pytest.approx(0.1) for departure in planned)


def test_a_gateway_that_rests_is_not_used_and_one_that_is_tried_gets_single_calls(world, planner):
    world.campaign(contacts=100, calls_per_minute=6000, max_channels=100)
    world.conn.execute("INSERT INTO gateway_health (gateway_id, state) SELECT id, 'open' FROM gateways")
    assert planner.plan(now()) == []
    world.conn.execute("UPDATE gateway_health SET state = 'half_open'")
    assert len(planner.plan(now())) == 1
    assert planner.plan(now()) == []


def test_it_dials_nobody_outside_the_hours(world, planner):
    world.campaign(contacts=2, calls_per_minute=6000, hours_start=time(9), hours_end=time(18))
    night = datetime(2026, 11, 18, 0, 0, tzinfo=UTC)  # 03:00 in Moscow
    assert planner.plan(night) == []
    noon = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
    assert make_due_at(world, noon)
    assert len(planner.plan(noon)) == 2


def make_due_at(world, moment) -> int:
    """Let every contact be due before `moment`."""
    return world.conn.execute("UPDATE contacts SET due_at = %s - interval '1 minute'", [moment]).rowcount


def test_it_dials_nobody_who_might_still_ring_when_the_window_closes(world, planner):
    world.campaign(contacts=2, hours_start=time(9), hours_end=time(18), ring_timeout_s=30)
    just_before = datetime(2026, 11, 18, 14, 59, 45, tzinfo=UTC)  # 17:59:45 in Moscow
    make_due_at(world, just_before)
    assert planner.plan(just_before) == []


def test_it_plans_nothing_for_a_paused_campaign(world, planner):
    campaign_id = world.campaign(contacts=2)
    campaigns.move(world.conn, campaign_id, CampaignState.PAUSED)
    assert planner.plan(now()) == []


def test_an_emptied_redis_stops_it(world, planner, ready_redis):
    world.campaign(contacts=2)
    ready_redis.flushall()
    with pytest.raises(LeasesLost):
        planner.plan(now())


def test_a_campaign_with_operators_starts_no_more_calls_than_they_can_take(planner, world):
    campaign_id = world.campaign(contacts=50, calls_per_minute=6000, max_channels=100)
    pacing.put(world.conn, campaign_id, PacingRules(PacingMode.PROGRESSIVE, 3))
    assert sum(len(planner.plan(datetime.now(UTC))) for _ in range(3)) == 3


@pytest.mark.parametrize("mode", [PacingMode.PROGRESSIVE, PacingMode.PREDICTIVE])
def test_two_schedulers_together_start_no_more_than_operators_can_take(world, database, ready_redis, monkeypatch, mode):
    """The second one decides and claims between the decision and the claim of the first."""
    campaign_id = world.campaign(contacts=50, calls_per_minute=6000, max_channels=100)
    pacing.put(world.conn, campaign_id, PacingRules(mode, 3))
    planners = [make_planner(database, ready_redis) for _ in range(2)]
    planned = []
    real = leases.reserve

    def reserve(*arguments):
        monkeypatch.setattr("scheduler.planner.leases.reserve", real)
        planned.extend(planners[1].plan(now()))
        return real(*arguments)

    monkeypatch.setattr("scheduler.planner.leases.reserve", reserve)
    planned += planners[0].plan(now())
    assert len(planned) == world.value("SELECT count(*) FROM attempts") == leases.counts(ready_redis).total == 3


def test_it_hands_calls_over_before_the_round_is_over(world, planner):
    """With many campaigns the first calls are due long before the last campaign had its turn."""
    ids = [world.campaign(contacts=2, first_phone=79160000000 + 1000 * n, max_channels=100) for n in range(2)]
    heard = []
    planned = planner.plan(now(), lambda found: heard.append([departure.attempt.campaign_id for departure in found]))
    assert len(heard) >= 2
    assert {campaign_id for found in heard for campaign_id in found} == set(ids)
    assert sum(map(len, heard)) == len(planned)


def test_it_leaves_a_campaign_alone_for_a_moment_that_can_call_nobody(world, planner):
    campaign_id = world.campaign(contacts=1, calls_per_minute=6000)
    world.conn.execute("UPDATE contacts SET due_at = now() + interval '1 hour'")
    then = now()
    assert planner.plan(then) == []
    world.conn.execute("UPDATE contacts SET due_at = now() - interval '1 hour'")
    assert planner.plan(then + IDLE / 2) == []
    assert [departure.attempt.campaign_id for departure in planner.plan(then + IDLE)] == [campaign_id]


def test_a_campaign_whose_stored_rules_cannot_be_followed_is_left_out_and_stops_no_other(world, planner, caplog):
    broken = world.campaign(contacts=2, calls_per_minute=6000)
    well = world.campaign(contacts=2, calls_per_minute=6000, first_phone=79170000000)
    world.conn.execute("UPDATE campaigns SET retry_rules = %s WHERE id = %s", ['{"of old": 1}', broken])
    for _ in range(2):
        planned = planner.plan(datetime.now(UTC))
        assert {departure.attempt.campaign_id for departure in planned} <= {well}
    assert world.value("SELECT count(*) FROM attempts WHERE campaign_id = %s", well) == 2
    told = [record for record in caplog.records if getattr(record, "campaign_id", None) == broken]
    assert len(told) == 1, "it is said, and not in every round"
