"""Writing a switch off gives its calls up, once; what it still brings corrects them and rings nobody twice."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import psycopg
import pytest

from db import spool_apply, switches, write_off
from db.claims import ClaimedAttempt
from db.spool_apply import Record
from db.switches import Seen, SwitchRow
from dialer.disposition import CallFacts
from dialer.outcome import Outcome, Witness
from dialer.write_off import Obstacle
from tests.db.conftest import Connect, World

RETRIED = {"max_attempts": 3, "lost": {"delay_s": 0, "growth": 1.0, "max_attempts": 3}}
LONG_AGO = "interval '2 hours'"


@pytest.fixture
def switch_id(world: World) -> int:
    return switches.create(world.conn, SwitchRow(0, "fs1", "10.0.0.1", 8021, 100, is_enabled=True))


def dial(world: World, switch_id: int, **changes: Any) -> ClaimedAttempt:
    (dialled,) = world.dial(world.campaign(contacts=1, **changes))
    world.conn.execute("UPDATE attempts SET switch_id = %s WHERE id = %s", [switch_id, dialled.attempt_id])
    return dialled


def go_away(world: World, switch_id: int) -> None:
    """Let the switch have been taken out, and silent, for two hours: an hour after its calls left."""
    world.conn.execute(f"UPDATE attempts SET originated_at = now() - {LONG_AGO} - interval '1 minute'")
    world.conn.execute(f"UPDATE switches SET is_enabled = false, disabled_at = now() - {LONG_AGO}")
    switches.write_seen(world.conn, Seen(switch_id, None, None, "away", 7200.0))


def written_off(world: World, switch_id: int) -> list[str | None]:
    """Write it off and give its calls up; return how each was concluded."""
    go_away(world, switch_id)
    _, against = write_off.write_off(world.conn, switch_id)
    assert against is None
    for call in write_off.owed(world.conn):
        write_off.give_up(world.conn, call, CallFacts(call.attempt_id, "", datetime.now(UTC)))
    return [row[0] for row in world.conn.execute("SELECT disposition::text FROM attempts ORDER BY claimed_at")]


def spooled(world: World, *records: Record) -> None:
    for kind, payload in records:
        spool_apply.apply(world.conn, kind, payload)


def ended(attempt_id: str, outcome: Outcome | None = None, digits: str = "") -> Record:
    now = datetime.now(UTC) - timedelta(hours=1)
    facts = CallFacts(attempt_id, "NORMAL_CLEARING", now, 200, now - timedelta(seconds=9), 9, digits, outcome)
    return spool_apply.concluded(facts, Witness.HOOK)


def pressed(attempt_id: str) -> Record:
    return spool_apply.outcome(attempt_id, Outcome.INTERESTED, "1", None, datetime.now(UTC) - timedelta(hours=1))


def tallies(world: World) -> dict[str, int]:
    found = world.conn.execute("SELECT disposition::text, sum(attempts)::int FROM campaign_tallies GROUP BY 1")
    return {disposition: count for disposition, count in found if count}


def contact(world: World, dialled: ClaimedAttempt) -> tuple[Any, ...]:
    return world.contact(dialled.contact_id)


def test_its_calls_are_lost_and_concluded_by_the_write_off(world: World, switch_id: int) -> None:
    dialled = dial(world, switch_id)
    assert written_off(world, switch_id) == ["lost"]
    assert world.value("SELECT concluded_by::text FROM attempts") == "write_off"
    assert contact(world, dialled) == ("concluded", "lost", 1)
    assert write_off.owed(world.conn) == []


def test_what_was_committed_before_counts_and_owes_its_lead(world: World, switch_id: int) -> None:
    dialled = dial(world, switch_id)
    spooled(world, spool_apply.answered(dialled.attempt_id, datetime.now(UTC)), pressed(dialled.attempt_id))
    assert written_off(world, switch_id) == ["interested"]
    assert world.value("SELECT count(*) FROM leads") == 1


def test_others_calls_and_later_ones_are_left_alone(world: World, switch_id: int) -> None:
    other = switches.create(world.conn, SwitchRow(0, "fs2", "10.0.0.2", 8021, 100, is_enabled=True))
    dial(world, switch_id)
    dial(world, other, first_phone=79160001000)
    assert sorted(map(str, written_off(world, switch_id))) == ["None", "lost"]
    world.conn.execute("UPDATE switches SET is_enabled = true")
    dial(world, switch_id, first_phone=79160002000)
    assert write_off.owed(world.conn) == [], "what leaves after it was taken back in is not given up"


def test_one_that_answers_meanwhile_is_reconciled_instead(world: World, switch_id: int) -> None:
    dial(world, switch_id)
    go_away(world, switch_id)
    write_off.write_off(world.conn, switch_id)
    assert len(write_off.owed(world.conn)) == 1
    switches.write_heard(world.conn, [Seen(switch_id, None, None, None, 0.0)])
    assert write_off.owed(world.conn) == []


def test_any_schedulers_answer_counts(world: World, switch_id: int) -> None:
    dial(world, switch_id)
    go_away(world, switch_id)
    switches.write_heard(world.conn, [Seen(switch_id, None, None, None, 3.0)])
    switches.write_seen(world.conn, Seen(switch_id, None, None, "away", 7200.0))
    assert write_off.write_off(world.conn, switch_id)[1] is Obstacle.ANSWERED


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("UPDATE switches SET is_enabled = true", Obstacle.ENABLED),
        ("UPDATE switches SET seen_at = now() - interval '1 minute'", Obstacle.NOT_LOOKED_AT),
        ("UPDATE switches SET answered_at = now() - interval '1 minute'", Obstacle.ANSWERED),
        ("UPDATE attempts SET originated_at = now() - interval '2 minutes'", Obstacle.CALLS_MAY_BE_UP),
    ],
)
def test_it_is_refused_while_there_is_doubt(world: World, switch_id: int, change: str, expected: Obstacle) -> None:
    dial(world, switch_id)
    go_away(world, switch_id)
    world.conn.execute(change)
    assert write_off.write_off(world.conn, switch_id)[1] is expected
    assert world.value("SELECT written_off_at FROM switches") is None
    assert write_off.owed(world.conn) == []


def test_results_from_its_spool_correct_the_conclusion_once(world: World, switch_id: int) -> None:
    dialled = dial(world, switch_id)
    written_off(world, switch_id)
    for _ in range(2):
        spooled(world, pressed(dialled.attempt_id), ended(dialled.attempt_id, Outcome.INTERESTED, "1"))
    assert world.value("SELECT disposition::text FROM attempts") == "interested"
    assert tallies(world) == {"interested": 1}
    assert world.value("SELECT count(*) FROM leads") == 1
    assert contact(world, dialled) == ("concluded", "interested", 1)


def test_a_retry_rule_dials_them_again_and_a_late_result_takes_that_back(world: World, switch_id: int) -> None:
    dialled = dial(world, switch_id, retry_rules=RETRIED)
    go_away(world, switch_id)
    world.conn.execute("UPDATE switches SET answered_at = now() - interval '119 minutes'")
    write_off.write_off(world.conn, switch_id)
    (call,) = write_off.owed(world.conn)
    assert not call.may_ring
    write_off.give_up(world.conn, call, CallFacts(call.attempt_id, "", datetime.now(UTC)))
    assert contact(world, dialled) == ("retry", "lost", 1)
    spooled(world, ended(dialled.attempt_id, Outcome.NOT_INTERESTED, "2"))
    assert contact(world, dialled) == ("concluded", "not_interested", 1)


def test_who_was_to_be_called_as_it_fell_silent_may_still_be_rung_and_is_not_dialled_again(
    world: World, switch_id: int
) -> None:
    dialled = dial(world, switch_id, retry_rules=RETRIED)
    go_away(world, switch_id)
    world.conn.execute("UPDATE switches SET answered_at = now() - interval '122 minutes'")
    write_off.write_off(world.conn, switch_id)
    (call,) = write_off.owed(world.conn)
    assert call.may_ring
    write_off.give_up(world.conn, call, CallFacts(call.attempt_id, "", datetime.now(UTC)))
    assert contact(world, dialled) == ("concluded", "lost", 1)


@pytest.mark.parametrize("order", ["late first", "late last"])
def test_who_was_dialled_again_meanwhile_has_one_lead(world: World, switch_id: int, order: str) -> None:
    campaign_id = world.campaign(contacts=1, retry_rules=RETRIED)
    (first,) = world.dial(campaign_id)
    world.conn.execute("UPDATE attempts SET switch_id = %s", [switch_id])
    go_away(world, switch_id)
    world.conn.execute("UPDATE switches SET answered_at = now() - interval '119 minutes'")
    write_off.write_off(world.conn, switch_id)
    (call,) = write_off.owed(world.conn)
    write_off.give_up(world.conn, call, CallFacts(call.attempt_id, "", datetime.now(UTC)))
    world.conn.execute("UPDATE contacts SET due_at = now() - interval '1 second'")
    (second,) = world.dial(campaign_id)
    both = [ended(attempt.attempt_id, Outcome.INTERESTED, "1") for attempt in (first, second)]
    spooled(world, *(both if order == "late first" else reversed(both)))
    assert world.value("SELECT count(*) FROM leads") == 1
    assert tallies(world) == {"interested": 2}
    assert contact(world, second) == ("concluded", "interested", 2)


def test_two_administrators_write_it_off_once_and_two_schedulers_give_each_call_up_once(
    world: World, switch_id: int, connect: Connect
) -> None:
    dial(world, switch_id)
    go_away(world, switch_id)
    write_off.write_off(world.conn, switch_id)
    given_up: list[object] = []

    def give_up() -> None:
        conn = connect()
        for call in write_off.owed(conn):
            facts = CallFacts(call.attempt_id, "", datetime.now(UTC))
            given_up.append(write_off.give_up(conn, call, facts))

    threads = [Thread(target=give_up) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one is not None for one in given_up) == 1
    assert tallies(world) == {"lost": 1}
    assert write_off.write_off(world.conn, switch_id)[1] is Obstacle.NO_CALLS


def test_what_is_known_says_until_when_a_call_may_be_up(world: World, switch_id: int) -> None:
    dial(world, switch_id, ring_timeout_s=20, max_call_s=100)
    known = write_off.standing(world.conn, switch_id)
    left_at = world.value("SELECT originated_at FROM attempts")
    assert known.up_until == left_at + timedelta(seconds=180), asdict(known)
    assert known.calls == 1


def test_schedulers_that_note_answers_at_once_wait_for_each_other_in_one_order(world: World, connect: Connect) -> None:
    ids = [
        switches.create(world.conn, SwitchRow(0, f"fs{n}", f"10.0.0.{n}", 8021, 100, is_enabled=True))
        for n in range(20)
    ]
    seen = [Seen(switch_id, None, None, "away", 5.0) for switch_id in ids]
    failures: list[psycopg.Error] = []

    def note(job: Any) -> None:
        conn = connect()
        try:
            for _ in range(60):
                with conn.transaction():
                    job(conn)
        except psycopg.Error as error:
            failures.append(error)

    def all_seen(conn: Any) -> None:
        for one in seen:
            switches.write_seen(conn, one)

    def heard(conn: Any) -> None:
        switches.write_heard(conn, seen)

    def heard_backwards(conn: Any) -> None:
        switches.write_heard(conn, seen[::-1])

    jobs = (all_seen, heard, heard_backwards)
    threads = [Thread(target=note, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
