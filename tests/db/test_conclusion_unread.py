"""Whoever knows a campaign's terms concludes without a look: in one statement, and as whoever looks first would."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db import attempts, blacklist, campaigns, conclusion
from db.blacklist import BlacklistReason
from db.claims import ClaimedAttempt
from db.conclusion import Concluded, conclude
from db.known_terms import KNOWN_FOR_S, KnownTerms
from db.lent import Lent
from dialer.campaign import CampaignState
from dialer.disposition import CallFacts
from dialer.outcome import Disposition, Outcome, Witness
from dialer.retry import RetryBasis
from tests.db.conftest import World

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ANSWERED_AT = NOW - timedelta(seconds=10)
RULES = {
    "max_attempts": 3,
    "busy": {"delay_s": 3600, "growth": 2, "max_attempts": 3},
    "hung_up": {"delay_s": 7200, "growth": 1, "max_attempts": 3},
}
APART = (
    "id",
    "contact_id",
    "phone",
    "claimed_at",
    "originated_at",
    "concluded_at",
    "campaign_id",
    "due_at",
    "created_at",
)
"""Columns in which twins may differ; when a contact is due again is compared by itself."""

Told = Callable[[str], CallFacts]
Before = Callable[[World, ClaimedAttempt], None]


@pytest.fixture
def conn(postgres_url: str) -> Iterator[Lent]:
    """The connection of a call, for only calls know terms."""
    with Lent.connect(postgres_url, autocommit=True) as connection:
        yield connection


class Reads:
    """How often an attempt was looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        look = conclusion.one_of

        def one_of(*given: Any) -> Any:
            self.count += 1
            return look(*given)

        monkeypatch.setattr(conclusion, "one_of", one_of)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    return Reads(monkeypatch)


def basis_of(attempt: ClaimedAttempt) -> RetryBasis:
    return RetryBasis(attempt.campaign_id, attempt.number, attempt.zone_set_id)


def conclude_knowing(world: World, attempt: ClaimedAttempt, facts: CallFacts, terms: KnownTerms) -> Concluded | None:
    return conclude(world.conn, facts, Witness.HOOK, terms, basis_of(attempt))


def campaign_known(world: World, first_phone: int = 79160000000) -> tuple[KnownTerms, ClaimedAttempt]:
    """Return terms that were learnt from one attempt of a campaign, and another attempt of it."""
    terms = KnownTerms()
    first, second = world.dial(world.campaign(contacts=2, first_phone=first_phone, retry_rules=RULES), 2)
    conclude_knowing(world, first, busy(first.attempt_id), terms)
    return terms, second


def busy(attempt_id: str) -> CallFacts:
    return CallFacts(attempt_id, "USER_BUSY", NOW, sip_code=486)


def hung_up(attempt_id: str) -> CallFacts:
    return CallFacts(attempt_id, "NORMAL_CLEARING", NOW, 200, ANSWERED_AT, 10, message_started=True)


def pressed(attempt_id: str) -> CallFacts:
    return replace(hung_up(attempt_id), outcome=Outcome.INTERESTED, digits="1", amd_verdict="human")


def opted_out(attempt_id: str) -> CallFacts:
    return replace(hung_up(attempt_id), outcome=Outcome.OPTED_OUT, digits="9")


def cut_off(attempt_id: str) -> CallFacts:
    return replace(hung_up(attempt_id), hangup_cause="NORMAL_TEMPORARY_FAILURE", message_started=False)


def unseen(attempt_id: str) -> CallFacts:
    return CallFacts(attempt_id, "", NOW)


def nothing(world: World, attempt: ClaimedAttempt) -> None:
    """Leave it as it was dialled."""


def answered(world: World, attempt: ClaimedAttempt) -> None:
    attempts.answer(world.conn, attempt.attempt_id, ANSWERED_AT - timedelta(seconds=1), begins_message=False)


def began(world: World, attempt: ClaimedAttempt) -> None:
    attempts.answer(world.conn, attempt.attempt_id, ANSWERED_AT - timedelta(seconds=1), begins_message=True)


def committed_press(world: World, attempt: ClaimedAttempt) -> None:
    began(world, attempt)
    attempts.record_outcome(world.conn, attempt.attempt_id, Outcome.INTERESTED, "21", "human", NOW)


def committed_refusal(world: World, attempt: ClaimedAttempt) -> None:
    began(world, attempt)
    attempts.record_outcome(world.conn, attempt.attempt_id, Outcome.NOT_INTERESTED, "2", None, NOW)


def listed(world: World, attempt: ClaimedAttempt) -> None:
    blacklist.add(world.conn, attempt.phone, BlacklistReason.COMPLAINT)


def stopped(world: World, attempt: ClaimedAttempt) -> None:
    campaigns.move(world.conn, attempt.campaign_id, CampaignState.COMPLETED)


def new_rules(world: World, attempt: ClaimedAttempt) -> None:
    world.conn.execute(
        "UPDATE campaigns SET retry_rules = jsonb_set(retry_rules, '{busy,delay_s}', '60') WHERE id = %s",
        [attempt.campaign_id],
    )


def with_another_day(world: World, attempt: ClaimedAttempt) -> None:
    for zone in ("Pacific/Pago_Pago", "Pacific/Kiritimati"):  # 25 hours apart: one of them has another day than before
        if world.value("SELECT (now() AT TIME ZONE %s)::date <> (now() AT TIME ZONE 'Europe/Moscow')::date", zone):
            world.conn.execute("UPDATE campaigns SET time_zone = %s WHERE id = %s", [zone, attempt.campaign_id])


def moved_alone(world: World, attempt: ClaimedAttempt) -> None:
    elsewhere = world.zone_set("Asia/Vladivostok")
    world.conn.execute("UPDATE contacts SET zone_set_id = %s WHERE id = %s", [elsewhere, attempt.contact_id])


def in_another_zone(world: World, attempt: ClaimedAttempt) -> None:
    world.conn.execute(
        "UPDATE campaigns SET hours_start = '12:00', hours_end = '12:01' WHERE id = %s", [attempt.campaign_id]
    )
    world.conn.execute("ALTER TABLE contacts DISABLE TRIGGER contacts_stay")
    world.conn.execute(
        "UPDATE contacts SET zone_set_id = %s WHERE id = %s", [world.zone_set("Asia/Vladivostok"), attempt.contact_id]
    )
    world.conn.execute("ALTER TABLE contacts ENABLE TRIGGER contacts_stay")


def concluded_already(world: World, attempt: ClaimedAttempt) -> None:
    conclude(world.conn, unseen(attempt.attempt_id), Witness.RECONCILE)


def row_of(world: World, query: str, value: object) -> dict[str, Any]:
    with world.conn.cursor() as cursor:
        values = cursor.execute(query, [value]).fetchone()
        assert values is not None
        assert cursor.description is not None
        return {column.name: value for column, value in zip(cursor.description, values, strict=True)}


def kept(world: World, attempt: ClaimedAttempt) -> tuple[Any, ...]:
    """Return all that is written down of an attempt's end."""
    of_attempt = row_of(world, "SELECT * FROM attempts WHERE id = %s", attempt.attempt_id)
    of_contact = row_of(world, "SELECT * FROM contacts WHERE id = %s", attempt.contact_id)
    leads = world.value("SELECT count(*) FROM leads WHERE attempt_id = %s", attempt.attempt_id)
    tallies = world.conn.execute(
        "SELECT day, disposition::text, sum(attempts)::int, sum(billsec)::int FROM campaign_tallies"
        " WHERE campaign_id = %s GROUP BY 1, 2 HAVING sum(attempts) <> 0 ORDER BY 1, 2",
        [attempt.campaign_id],
    ).fetchall()
    people = world.conn.execute(
        "SELECT day, sum(answered)::int, sum(abandoned)::int FROM abandon_days WHERE campaign_id = %s GROUP BY 1",
        [attempt.campaign_id],
    ).fetchall()
    due_at = of_contact["due_at"]
    for row in (of_attempt, of_contact):
        for name in APART:
            row.pop(name, None)
    return of_attempt, of_contact, leads, tallies, people, due_at


@pytest.mark.parametrize(
    "before",
    [
        nothing, answered, began, committed_press, committed_refusal, listed, stopped, new_rules, with_another_day,
        in_another_zone, moved_alone, concluded_already,
    ],
)  # fmt: skip
def test_what_is_written_is_the_same(world: World, before: Before) -> None:
    for place, facts in enumerate((busy, hung_up, pressed, opted_out, cut_off, unseen)):
        twins = []
        for first_phone, is_known in ((79160000000 + 10 * place, True), (79170000000 + 10 * place, False)):
            terms, attempt = campaign_known(world, first_phone)
            before(world, attempt)
            told = facts(attempt.attempt_id)
            done = (
                conclude_knowing(world, attempt, told, terms) if is_known else conclude(world.conn, told, Witness.HOOK)
            )
            due_in_s = (done.retry_at - datetime.now(UTC)).total_seconds() if done and done.retry_at else None
            found = done and (done.disposition, done.billsec, done.answered_at, done.lead_id is None, done.was_upgrade)
            *rows, due_at = kept(world, attempt)
            twins.append((rows, found, due_at, due_in_s))
        (rows, found, due_at, due_in_s), (others, other_found, other_due_at, other_due_in_s) = twins
        assert (rows, found) == (others, other_found)
        assert abs(due_at - other_due_at) < timedelta(minutes=2)
        assert (due_in_s is None) == (other_due_in_s is None)
        assert due_in_s is None or other_due_in_s is None or abs(due_in_s - other_due_in_s) < 120


@pytest.mark.parametrize(
    ("before", "facts"),
    [(nothing, busy), (nothing, hung_up), (began, hung_up), (began, pressed), (answered, cut_off), (listed, busy)],
)
def test_most_calls_need_no_look(world: World, reads: Reads, before: Before, facts: Told) -> None:
    terms, attempt = campaign_known(world)
    before(world, attempt)
    reads.count = 0
    assert conclude_knowing(world, attempt, facts(attempt.attempt_id), terms)
    assert reads.count == 0


@pytest.mark.parametrize(
    ("before", "facts"),
    [
        (committed_press, hung_up),
        (began, busy),
        (stopped, busy),
        (new_rules, busy),
        (with_another_day, hung_up),
        (in_another_zone, busy),
        (moved_alone, busy),
        (nothing, opted_out),
    ],
)
def test_what_could_change_the_verdict_is_looked_at(world: World, reads: Reads, before: Before, facts: Told) -> None:
    terms, attempt = campaign_known(world)
    before(world, attempt)
    reads.count = 0
    assert conclude_knowing(world, attempt, facts(attempt.attempt_id), terms)
    assert reads.count == 1


@pytest.mark.parametrize(
    ("column", "known"),
    [
        ("answered_at", {"answered_at": ANSWERED_AT}),
        ("outcome", {"outcome": Outcome.NO_INPUT}),
        ("digits", {"digits": "12"}),
        ("amd_verdict", {"amd_verdict": "human"}),
        ("message_started_at", {"answered_at": ANSWERED_AT, "message_started": True}),
        ("recording_path", {"recording_path": "2026/a.wav"}),
    ],
)
def test_each_thing_that_is_known_of_a_call_is_written(world: World, column: str, known: dict[str, Any]) -> None:
    terms, attempt = campaign_known(world)
    unknown = world.value(f"SELECT {column} FROM attempts WHERE id = %s", attempt.attempt_id)
    assert conclude_knowing(world, attempt, replace(busy(attempt.attempt_id), **known), terms)
    written = world.value(f"SELECT {column} FROM attempts WHERE id = %s", attempt.attempt_id)
    assert written == known.get(column, ANSWERED_AT) != unknown


def test_a_listed_number_is_blocked_without_a_look(world: World) -> None:
    terms, attempt = campaign_known(world)
    listed(world, attempt)
    done = conclude_knowing(world, attempt, busy(attempt.attempt_id), terms)
    assert done is not None
    assert done.retry_at is None
    assert world.contact(attempt.contact_id) == ("blocked", "busy", 1)
    assert world.conn.execute("SELECT contact_id, reason FROM contact_blocks").fetchall() == [
        (attempt.contact_id, "blacklist: complaint")
    ]


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("before", [0, 1])
def test_a_listed_number_is_blocked_however_often_it_was_called(world: World, before: int, *, is_known: bool) -> None:
    terms, attempt = campaign_known(world)
    for _ in range(before):
        assert conclude_knowing(world, attempt, busy(attempt.attempt_id), terms)
        assert world.contact(attempt.contact_id)[0] == "retry"
        world.conn.execute("UPDATE contacts SET due_at = now() WHERE id = %s", [attempt.contact_id])
        (attempt,) = world.dial(attempt.campaign_id)
    listed(world, attempt)
    told = busy(attempt.attempt_id)
    assert conclude_knowing(world, attempt, told, terms) if is_known else conclude(world.conn, told, Witness.HOOK)
    assert world.contact(attempt.contact_id)[0] == "blocked"
    assert world.value("SELECT count(*) FROM contact_blocks") == 1


def test_new_rules_are_learnt_by_the_first_look(world: World, reads: Reads) -> None:
    terms = KnownTerms()
    dialled = world.dial(world.campaign(contacts=3, retry_rules=RULES), 3)
    conclude_knowing(world, dialled[0], busy(dialled[0].attempt_id), terms)
    new_rules(world, dialled[0])
    for attempt in dialled[1:]:
        done = conclude_knowing(world, attempt, busy(attempt.attempt_id), terms)
        assert done is not None
        assert done.retry_at is not None
        assert done.retry_at - datetime.now(UTC) < timedelta(seconds=61)
    assert reads.count == 2


def test_terms_are_read_anew_after_a_while(world: World) -> None:
    now = 0.0
    terms = KnownTerms(lambda: now)
    (attempt,) = world.dial(world.campaign(contacts=1))
    assert terms.of(basis_of(attempt)) is None
    conclude_knowing(world, attempt, busy(attempt.attempt_id), terms)
    assert terms.of(basis_of(attempt)) is not None
    now = KNOWN_FOR_S + 1
    assert terms.of(basis_of(attempt)) is None


def test_a_basis_that_is_not_the_attempts_own_concludes_nothing_unread(world: World, reads: Reads) -> None:
    terms, attempt = campaign_known(world)
    reads.count = 0
    wrong = replace(basis_of(attempt), number=2)
    done = conclude(world.conn, busy(attempt.attempt_id), Witness.HOOK, terms, wrong)
    assert done is not None
    assert done.disposition is Disposition.BUSY
    assert reads.count == 1
