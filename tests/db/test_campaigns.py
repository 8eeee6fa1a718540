"""Campaigns, flows, gateways and caller IDs as they are stored."""

from concurrent.futures import ThreadPoolExecutor
from datetime import time
from threading import Barrier

import pytest

from db import caller_ids, campaigns, dialing, flows, gateways, lifecycle
from db.errors import AlreadyExists, InUse, NotFound
from dialer.call_flow import default_definition
from dialer.calling_hours import CallingHours
from dialer.campaign import MOVES, CampaignState
from dialer.errors import IllegalMove, InvalidFlow, InvalidRetryRules
from tests.db.conftest import Connect, World


def test_a_campaign_is_stored_as_it_was_made(world: World) -> None:
    campaign_id = campaigns.create(world.conn, world.new_campaign(name="Опрос", weekdays=(5, 1), max_channels=3))
    campaign = campaigns.get(world.conn, campaign_id)
    assert (campaign.name, campaign.weekdays, campaign.max_channels) == ("Опрос", (1, 5), 3)
    assert campaign.state is CampaignState.DRAFT
    assert [c.id for c in campaigns.list_all(world.conn)] == [campaign_id]


def test_settings_can_change_while_it_runs_but_not_once_it_is_over(world: World) -> None:
    campaign_id = world.campaign(contacts=1)
    campaigns.update(world.conn, campaign_id, world.new_campaign(max_channels=2, hours_start=time(8)))
    assert world.dialing(campaign_id).max_channels == 2
    campaigns.move(world.conn, campaign_id, CampaignState.COMPLETED)
    with pytest.raises(IllegalMove):
        campaigns.update(world.conn, campaign_id, world.new_campaign())


@pytest.mark.parametrize("current", CampaignState)
@pytest.mark.parametrize("target", CampaignState)
def test_only_legal_moves_are_made(world: World, current: CampaignState, target: CampaignState) -> None:
    campaign_id = campaigns.create(world.conn, world.new_campaign())
    world.conn.execute("UPDATE campaigns SET state = %s", [current])
    if target in MOVES[current]:
        campaigns.move(world.conn, campaign_id, target)
        assert campaigns.get(world.conn, campaign_id).state is target
    else:
        with pytest.raises(IllegalMove, match=current):
            campaigns.move(world.conn, campaign_id, target)
        assert campaigns.get(world.conn, campaign_id).state is current


def test_of_two_who_start_a_campaign_one_is_told_it_had_started(world: World, connect: Connect) -> None:
    campaign_id = campaigns.create(world.conn, world.new_campaign())
    barrier = Barrier(2)

    def start(_: int) -> bool:
        conn = connect()
        barrier.wait()
        try:
            campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
        except IllegalMove:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(start, range(2))) == [False, True]


def test_a_campaign_without_a_usable_gateway_does_not_start(world: World) -> None:
    campaign_id = campaigns.create(world.conn, world.new_campaign(gateways=()))
    with pytest.raises(IllegalMove, match="caller ID"):
        campaigns.move(world.conn, campaign_id, CampaignState.ACTIVE)
    with pytest.raises(NotFound):
        campaigns.move(world.conn, 999, CampaignState.ACTIVE)


def test_a_caller_id_of_another_gateway_is_refused(world: World) -> None:
    other = gateways.create(world.conn, "other", 1, 1)
    with pytest.raises(NotFound):
        campaigns.create(world.conn, world.new_campaign(gateways=((other, world.caller_id_id),)))
    assert campaigns.list_all(world.conn) == []


def test_the_dial_loop_gets_everything_it_needs(world: World) -> None:
    second = gateways.create(world.conn, "second", 5, 2.5, 90)
    number = caller_ids.add(world.conn, second, "+74950000002")
    disabled = gateways.create(world.conn, "disabled", 5, 2.5, is_enabled=False)
    dead = caller_ids.add(world.conn, disabled, "+74950000003")
    pairs = ((second, number), (disabled, dead), (world.gateway_id, world.caller_id_id))
    campaign_id = world.campaign(contacts=1, gateways=pairs, hours_start=time(22), hours_end=time(6))
    campaign = world.dialing(campaign_id)
    assert [(g.name, g.calls_per_second, g.calls_per_minute, g.caller_ids) for g in campaign.gateways] == [
        ("second", 2.5, 90, ("+74950000002",)),
        ("carrier", 50.0, None, ("+74950000001",)),
    ]
    assert campaign.hours == CallingHours(time(22), time(6))
    assert campaign.retry.max_attempts == 3


def test_only_active_campaigns_are_handed_to_the_dial_loop(world: World) -> None:
    running = world.campaign(contacts=1)
    paused = world.campaign(contacts=1)
    campaigns.move(world.conn, paused, CampaignState.PAUSED)
    assert [c.id for c in dialing.active(world.conn)] == [running]


def test_the_zone_sets_of_a_campaign_are_found(world: World) -> None:
    campaign_id = world.campaign(contacts=3)
    far = world.zone_set("Asia/Omsk", "Asia/Tomsk")
    world.add_contacts(campaign_id, 3, 79130000000, far)
    world.zone_set("Asia/Tokyo")
    assert dialing.zone_sets(world.conn, campaign_id) == {
        world.zone_set_id: ("Europe/Moscow",),
        far: ("Asia/Omsk", "Asia/Tomsk"),
    }
    assert dialing.zone_sets(world.conn, 999) == {}


def test_a_campaign_with_work_left_does_not_complete(world: World) -> None:
    campaign_id = world.campaign(contacts=1)
    assert lifecycle.complete_finished(world.conn) == []
    world.claim(campaign_id)
    assert lifecycle.complete_finished(world.conn) == []
    world.conn.execute("UPDATE attempts SET concluded_at = now(), disposition = 'busy'")
    world.conn.execute("UPDATE contacts SET state = 'retry', due_at = now() + interval '1 day'")
    assert lifecycle.complete_finished(world.conn) == []
    world.conn.execute("UPDATE contacts SET state = 'concluded'")
    assert lifecycle.complete_finished(world.conn) == [campaign_id]
    assert campaigns.get(world.conn, campaign_id).ended_at is not None


def test_rules_that_nobody_could_follow_are_not_stored(world: World) -> None:
    with pytest.raises(InvalidRetryRules):
        campaigns.create(world.conn, world.new_campaign(retry_rules={"interested": {"delay_s": 1, "max_attempts": 2}}))
    with pytest.raises(InvalidFlow):
        flows.create_version(world.conn, "survey", {"language": "ru"})


def test_every_edit_of_a_flow_is_a_new_version(world: World) -> None:
    english = flows.create_version(world.conn, "survey", default_definition("en"))
    flow = flows.list_all(world.conn)[0]
    assert (flow.flow_version_id, flow.version) == (english, 2)
    assert flows.definition(world.conn, world.flow_version_id)["language"] == "ru"
    again = flows.create_version(world.conn, flow.flow_id, default_definition("ru"))
    assert flows.list_all(world.conn)[0].flow_version_id == again
    with pytest.raises(NotFound):
        flows.create_version(world.conn, 999, default_definition())
    with pytest.raises(NotFound):
        flows.definition(world.conn, 999)


def test_gateways_and_caller_ids_are_kept_apart_by_name_and_number(world: World) -> None:
    with pytest.raises(AlreadyExists):
        gateways.create(world.conn, "carrier", 1, 1)
    again = caller_ids.add(world.conn, world.gateway_id, "+74950000001", "New label")
    assert again == world.caller_id_id
    assert caller_ids.list_all(world.conn, world.gateway_id)[0].label == "New label"
    world.campaign(contacts=1)
    with pytest.raises(InUse):
        caller_ids.remove(world.conn, world.caller_id_id)
    spare = caller_ids.add(world.conn, world.gateway_id, "+74950000009")
    assert caller_ids.remove(world.conn, spare)
    with pytest.raises(NotFound):
        gateways.update(world.conn, gateways.Gateway(999, "x", 1, 1, None, is_enabled=True))
