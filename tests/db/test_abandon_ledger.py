"""The ledger counts what is concluded, follows what is known better later, and holds at the dial boundary."""

from datetime import UTC, datetime, timedelta

import pytest

from db import abandon_ledger, campaigns, dialing
from db.claims import ClaimedAttempt
from db.conclusion import conclude
from db.migrate import MIGRATIONS
from db.preflight import preflight, start_refusal
from dialer.abandon import Ledger
from dialer.campaign import CampaignState
from dialer.disposition import CallFacts
from dialer.outcome import Outcome, Witness
from dialer.preflight import Obstacle
from tests.db.conftest import World

NOW = datetime.now(UTC)


def end(world: World, claimed: ClaimedAttempt, **facts: object) -> None:
    """Conclude an answered call."""
    known = {"hangup_cause": "NORMAL_CLEARING", "answered_at": NOW, "billsec": 3} | facts
    conclude(world.conn, CallFacts(claimed.attempt_id, ended_at=NOW, **known), Witness.HOOK)  # type: ignore[arg-type]


def ledger(world: World, campaign_id: int) -> Ledger:
    return abandon_ledger.of(world.conn, [campaign_id])[campaign_id]


def abandon(world: World, campaign_id: int, count: int) -> list[ClaimedAttempt]:
    """Place calls and abandon all of them."""
    claimed = world.dial(campaign_id, count)
    for one in claimed:
        end(world, one, outcome=Outcome.ABANDONED)
    return claimed


def test_it_counts_people_and_nobody_else(world: World) -> None:
    campaign_id = world.campaign(contacts=8)
    calls = world.dial(campaign_id, 8)
    ends = (
        {"outcome": Outcome.INTERESTED},
        {"outcome": Outcome.NO_INPUT},
        {},  # hung up
        {"outcome": Outcome.ABANDONED},
        {"outcome": Outcome.MACHINE},
        {"outcome": Outcome.FAX},
        {"answered_at": None},
        {"answered_at": None, "outcome": Outcome.NO_INPUT},
    )
    for claimed, facts in zip(calls, ends, strict=True):
        end(world, claimed, **facts)
    assert ledger(world, campaign_id) == Ledger(answered=4, abandoned=1)


def test_it_follows_what_is_known_better_later(world: World) -> None:
    campaign_id = world.campaign(contacts=1)
    (claimed,) = abandon(world, campaign_id, 1)
    assert ledger(world, campaign_id) == Ledger(1, 1)
    end(world, claimed, outcome=Outcome.INTERESTED)
    assert ledger(world, campaign_id) == Ledger(1, 0)


@pytest.mark.parametrize(
    ("first", "later", "expected"),
    [
        ({"outcome": Outcome.ABANDONED}, {"outcome": Outcome.OPTED_OUT}, Ledger(1, 0)),
        ({"outcome": Outcome.MACHINE}, {"outcome": Outcome.INTERESTED}, Ledger(1, 0)),
        ({"answered_at": None}, {"outcome": Outcome.NOT_INTERESTED}, Ledger(1, 0)),
        ({"hangup_cause": "CRASH"}, {"hangup_cause": "NORMAL_TEMPORARY_FAILURE"}, Ledger()),
        ({"outcome": Outcome.NO_INPUT}, {"outcome": Outcome.TRANSFERRED}, Ledger(1, 0)),
    ],
)
def test_a_call_counts_once_however_often_it_is_concluded(
    world: World, first: dict[str, object], later: dict[str, object], expected: Ledger
) -> None:
    campaign_id = world.campaign(contacts=1)
    (claimed,) = world.dial(campaign_id)
    for facts in (first, later, later):
        end(world, claimed, **facts)
    assert ledger(world, campaign_id) == expected


def test_it_forgets_after_thirty_days(world: World) -> None:
    campaign_id = world.campaign(contacts=2)
    abandon(world, campaign_id, 2)
    for days, expected in ((29, Ledger(2, 2)), (30, Ledger())):
        found = abandon_ledger.of(world.conn, [campaign_id], NOW + timedelta(days=days))
        assert found[campaign_id] == expected
    assert [(d.answered, d.abandoned) for d in abandon_ledger.days(world.conn, campaign_id, NOW)] == [(2, 2)]


def label(world: World, claimed: ClaimedAttempt, said: str) -> None:
    world.conn.execute(
        "INSERT INTO amd_labels (attempt_id, campaign_id, label) VALUES (%s, %s, %s)",
        [claimed.attempt_id, claimed.campaign_id, said],
    )


def test_people_whom_somebody_found_among_the_machines_count(world: World) -> None:
    campaign_id = world.campaign(contacts=4)
    silenced, greeted, machine, person = world.dial(campaign_id, 4)
    for one in (silenced, machine):
        end(world, one, outcome=Outcome.MACHINE, amd_verdict="machine")
    end(world, greeted, outcome=Outcome.MACHINE, amd_verdict="machine", message_started=True)
    end(world, person, outcome=Outcome.NO_INPUT, amd_verdict="human")
    for one, said in ((silenced, "human"), (greeted, "human"), (machine, "machine"), (person, "human")):
        label(world, one, said)
    assert ledger(world, campaign_id) == Ledger(answered=1, labelled=3, false_machines=2, cut_off=1)
    (found,) = abandon_ledger.evidence(world.conn, campaign_id, NOW, 10)
    assert (found.attempt_id, found.amd_verdict, found.label) == (silenced.attempt_id, "machine", "human")


def test_the_evidence_names_each_abandoned_call(world: World) -> None:
    campaign_id = world.campaign(contacts=3)
    abandoned = abandon(world, campaign_id, 2)
    end(world, world.dial(campaign_id)[0], outcome=Outcome.INTERESTED)
    found = abandon_ledger.evidence(world.conn, campaign_id, NOW, 10)
    assert {f.attempt_id for f in found} == {one.attempt_id for one in abandoned}
    assert {(f.disposition, f.hangup_cause, f.gateway, f.caller_id) for f in found} == {
        ("abandoned", "NORMAL_CLEARING", "carrier", "+74950000001")
    }


def test_near_its_cap_a_campaign_gets_less_of_its_limits(world: World) -> None:
    campaign_id = world.campaign(contacts=20, max_channels=50, calls_per_minute=600, calls_per_second=8)
    abandon(world, campaign_id, 2)
    assert (world.dialing(campaign_id).max_channels, world.dialing(campaign_id).calls_per_minute) == (50, 600)
    abandon(world, campaign_id, 1)
    slow = world.dialing(campaign_id)
    assert (slow.max_channels, slow.calls_per_minute, slow.calls_per_second) == (5, 60, pytest.approx(0.8))


def test_beyond_its_cap_it_is_not_handed_to_the_dial_loop_and_may_not_be_started(world: World) -> None:
    campaign_id = world.campaign(contacts=20)
    other = world.campaign(contacts=1, first_phone=79170000000)
    abandon(world, campaign_id, 4)
    assert [c.id for c in dialing.active(world.conn)] == [other]
    assert [found.campaign_id for found in dialing.over_cap(world.conn)] == [campaign_id]
    assert preflight(world.conn, campaign_id, NOW).obstacle is Obstacle.ABANDON_CAP
    campaigns.move(world.conn, campaign_id, CampaignState.PAUSED)
    assert start_refusal(world.conn, campaign_id, NOW) is Obstacle.ABANDON_CAP
    campaigns.update(world.conn, campaign_id, world.new_campaign(abandon_cap=10))
    assert start_refusal(world.conn, campaign_id, NOW) is None


@pytest.mark.parametrize("days_ago", [0, 3])
def test_what_was_concluded_before_the_ledger_was_there_counts(world: World, days_ago: int) -> None:
    campaign_id = world.campaign(contacts=1)
    abandon(world, campaign_id, 1)
    world.conn.execute("UPDATE attempts SET claimed_at = claimed_at - make_interval(days => %s)", [days_ago])
    world.conn.execute("DELETE FROM abandon_days")
    text = (MIGRATIONS / "0004c_abandon_ledger.sql").read_text(encoding="utf-8")
    backfill = text[text.index("INSERT INTO abandon_days (") : text.index("CREATE INDEX attempts_abandoned")]
    world.conn.execute(backfill)  # type: ignore[arg-type]
    assert ledger(world, campaign_id) == Ledger(1, 1)
