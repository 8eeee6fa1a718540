"""Which caller ID a call shows: only registered ones, the same for a number or one after the other."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from psycopg import errors

from db import caller_ids, campaigns, dialing, gateways
from db.claims import claim, mark_originated
from db.errors import NotFound
from dialer.caller_id import CallerIdChoice, shown
from dialer.campaign import CampaignState
from dialer.errors import IllegalMove, InvalidLabel
from tests.db.conftest import CORE, World, new_ids

PHONES = ("+74950000001", "+74950000002", "+74950000003", "+74950000004")


def pairs(world: World, count: int = len(PHONES)) -> tuple[tuple[int, int], ...]:
    """Register numbers on the gateway."""
    return tuple((world.gateway_id, caller_ids.add(world.conn, world.gateway_id, phone)) for phone in PHONES[:count])


def busy(world: World) -> None:
    """End every call, so that its contact is due again."""
    world.conn.execute("UPDATE attempts SET concluded_at = now(), disposition = 'busy' WHERE concluded_at IS NULL")
    world.conn.execute("UPDATE contacts SET state = 'retry', due_at = now() WHERE state = 'dialing'")


def shown_numbers(world: World, campaign_id: int, wanted: int) -> dict[str, str]:
    """Claim; return callee's number → the number it sees."""
    return {claimed.phone: claimed.caller_id for claimed in world.claim(campaign_id, wanted)}


def test_a_number_always_sees_the_same_caller_id_in_every_campaign(world: World) -> None:
    first = world.campaign(contacts=40, gateways=pairs(world))
    seen = shown_numbers(world, first, 40)
    assert len(seen) == 40
    assert set(Counter(seen.values())) == set(PHONES)
    busy(world)
    assert shown_numbers(world, first, 40) == seen
    busy(world)
    second = world.campaign(contacts=40, gateways=tuple(reversed(pairs(world))))
    assert shown_numbers(world, second, 40) == seen


def test_a_further_caller_id_changes_what_few_see(world: World) -> None:
    seen = shown_numbers(world, world.campaign(contacts=60, gateways=pairs(world, 3)), 60)
    busy(world)
    now = shown_numbers(world, world.campaign(contacts=60, gateways=pairs(world, 4)), 60)
    changed = [phone for phone in seen if seen[phone] != now[phone]]
    assert {now[phone] for phone in changed} == {PHONES[3]}
    assert len(changed) < 30


def test_rotation_uses_all_alike_and_another_one_at_each_attempt(world: World) -> None:
    campaign_id = world.campaign(contacts=40, gateways=pairs(world), caller_id_choice=CallerIdChoice.ROTATE)
    seen = shown_numbers(world, campaign_id, 40)
    assert Counter(seen.values()) == dict.fromkeys(PHONES, 10)
    busy(world)
    again = shown_numbers(world, campaign_id, 40)
    assert all(again[phone] != seen[phone] for phone in seen)


def test_only_numbers_of_the_gateway_that_is_used_are_shown(world: World) -> None:
    other = gateways.create(world.conn, "other", 10, 10)
    foreign = caller_ids.add(world.conn, other, "+78120000001")
    campaign_id = world.campaign(contacts=20, gateways=(*pairs(world, 2), (other, foreign)))
    campaign = world.dialing(campaign_id)
    assert [(g.name, g.caller_ids) for g in campaign.gateways] == [
        ("carrier", PHONES[:2]),
        ("other", ("+78120000001",)),
    ]
    assert {c.caller_id for c in world.claim(campaign_id, 20)} == set(PHONES[:2])


def test_the_database_itself_refuses_a_number_of_another_gateway(world: World) -> None:
    other = gateways.create(world.conn, "other", 10, 10)
    foreign = caller_ids.add(world.conn, other, "+78120000001")
    campaign_id = world.campaign(contacts=1)
    with pytest.raises(errors.ForeignKeyViolation):
        world.conn.execute(
            "INSERT INTO campaign_caller_ids (campaign_id, gateway_id, caller_id_id) VALUES (%s, %s, %s)",
            [campaign_id, world.gateway_id, foreign],
        )
    with pytest.raises(NotFound):
        campaigns.update(world.conn, campaign_id, world.new_campaign(gateways=((world.gateway_id, foreign),)))


def test_without_a_caller_id_nothing_is_claimed_and_nothing_starts(world: World) -> None:
    campaign_id = world.campaign(contacts=1)
    campaign = world.dialing(campaign_id)
    world.conn.execute("DELETE FROM campaign_caller_ids")
    sets = list(dialing.zone_sets(world.conn, campaign_id))
    assert claim(world.conn, campaign, campaign.gateways[0], new_ids(1), sets, datetime.now(UTC)) == []
    assert dialing.active(world.conn) == []
    campaigns.move(world.conn, campaign_id, CampaignState.PAUSED)
    with pytest.raises(IllegalMove, match="caller ID"):
        campaigns.move(world.conn, campaign_id, CampaignState.ACTIVE)


def test_a_number_whose_registration_ended_after_the_claim_is_not_shown(world: World) -> None:
    claimed = world.claim(world.campaign(contacts=1))
    world.conn.execute("DELETE FROM campaign_caller_ids")
    world.conn.execute("DELETE FROM caller_ids")
    assert mark_originated(world.conn, [claimed[0].attempt_id], CORE) == []


def test_what_networks_show_has_32_characters() -> None:
    assert shown("ООО «Тепло»", " услуги ") == "ООО «Тепло» услуги"
    assert len(shown("x" * 25, "y" * 6)) == 32
    for label, category in (("x" * 33, ""), ("x" * 25, "y" * 7), ("a\nb", ""), ("a", "b\u202e")):
        with pytest.raises(InvalidLabel):
            shown(label, category)
