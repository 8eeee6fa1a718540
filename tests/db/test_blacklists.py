"""Several blacklists, each for all or chosen campaigns; every change is on record, every blocked contact told of."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from db import attempts, blacklist, blacklists, campaigns, claims, imports
from db.blacklist import GENERAL, BlacklistReason
from db.blacklist_import import EntryMapping, EntryRun
from db.contact_import import import_contacts
from db.errors import AlreadyExists, InUse
from db.preflight import preflight
from dialer.contact import ImportReject
from dialer.contact_file import read_rows
from dialer.contact_import import ColumnMapping
from dialer.outcome import Outcome
from tests.db.conftest import CORE, Connect, World

FIRST, SECOND = "+79160000000", "+79160000001"


@pytest.fixture
def two(world: World) -> tuple[int, int]:
    """Two campaigns with the same two contacts."""
    return world.campaign(contacts=2, name="a"), world.campaign(contacts=2, name="b")


def states(world: World, campaign_id: int) -> list[tuple[str, str | None, str | None]]:
    return world.conn.execute(
        "SELECT state::text, blocked_reason, blocked_list FROM contacts WHERE campaign_id = %s ORDER BY id",
        [campaign_id],
    ).fetchall()


def own_list(world: World, *campaign_ids: int, name: str = "own") -> int:
    return blacklists.create(world.conn, name, is_global=False, campaign_ids=campaign_ids)


QUEUED = ("queued", None, None)


def test_a_number_on_a_campaign_s_own_list_leaves_that_queue_alone(world: World, two: tuple[int, int]) -> None:
    blacklist.add(world.conn, FIRST, BlacklistReason.LEGAL, blacklist_id=own_list(world, two[0]))
    assert states(world, two[0]) == [("blocked", "blacklist: legal", "own"), QUEUED]
    assert states(world, two[1]) == [QUEUED, QUEUED]
    assert [attempt.phone for attempt in world.claim(two[1], 2)] == [FIRST, SECOND]
    assert [attempt.phone for attempt in world.claim(two[0], 2)] == []  # the second is ringing for the other


@pytest.mark.parametrize("by_own_list", [False, True])
def test_whoever_waits_for_a_retry_leaves_the_queue_too_and_keeps_what_came_of_the_call(
    world: World,
    two: tuple[int, int],
    by_own_list: bool,  # noqa: FBT001
) -> None:
    world.conn.execute(
        "UPDATE contacts SET state = 'retry', attempt_count = 1, disposition = 'busy' WHERE phone = %s", [FIRST]
    )
    blacklist_id = own_list(world) if by_own_list else GENERAL
    blacklist.add(world.conn, FIRST, BlacklistReason.LEGAL, blacklist_id=blacklist_id)
    if by_own_list:
        blacklists.edit(world.conn, blacklist_id, "own", "", is_global=False, campaign_ids=two)
    row = "SELECT DISTINCT state::text, disposition::text, blocked_reason FROM contacts WHERE phone = %s"
    assert world.conn.execute(row, [FIRST]).fetchall() == [("blocked", "busy", "blacklist: legal")]


def test_the_claim_itself_asks_the_campaign_s_lists(world: World, two: tuple[int, int]) -> None:
    world.conn.execute("ALTER TABLE blacklist DISABLE TRIGGER USER")  # as if the entry had come a moment later
    own = own_list(world, two[0])
    blacklist.add(world.conn, FIRST, BlacklistReason.LEGAL, blacklist_id=own)
    assert [attempt.phone for attempt in world.claim(two[0], 2)] == [SECOND]
    assert states(world, two[0])[0] == ("blocked", "blacklist: legal", "own")
    assert [attempt.phone for attempt in world.claim(two[1], 2)] == [FIRST]


def test_what_was_listed_after_the_claim_does_not_go_to_the_wire_where_the_list_counts(
    world: World, two: tuple[int, int]
) -> None:
    (first,) = world.claim(two[0], 1)
    blacklist.add(world.conn, first.phone, BlacklistReason.LEGAL, blacklist_id=own_list(world, two[1]))
    assert claims.mark_originated(world.conn, [first.attempt_id], CORE) == [first.attempt_id]
    (second,) = world.claim(two[0], 1)
    blacklist.add(world.conn, second.phone, BlacklistReason.LEGAL, blacklist_id=own_list(world, two[0], name="third"))
    assert claims.mark_originated(world.conn, [second.attempt_id], CORE) == []


def test_who_comes_later_is_blocked_where_the_list_counts(world: World, connect: Connect) -> None:
    listed, free = (campaigns.create(world.conn, world.new_campaign(name=name)) for name in "ab")
    blacklist.add(world.conn, FIRST, BlacklistReason.FRAUD, blacklist_id=own_list(world, listed))
    reports = [
        import_contacts(
            connect(),
            connect(),
            campaign_id,
            read_rows(f"phone\n{FIRST}\n".encode(), "a.csv"),
            ColumnMapping(0),
            "a.csv",
        )
        for campaign_id in (listed, free)
    ]
    assert [report.rejected for report in reports] == [{ImportReject.BLACKLISTED: 1}, {}]
    assert imports.first_rejects(world.conn, reports[0].import_id, 1)[0].detail == "on the blacklist: fraud (own)"
    world.add_contacts(listed, 1, int(FIRST[1:]))
    assert states(world, listed) == [("blocked", "blacklist: fraud", "own")]


def test_a_list_that_gets_a_campaign_or_becomes_global_blocks_who_waits_there(
    world: World, two: tuple[int, int]
) -> None:
    own = own_list(world)
    blacklist.add(world.conn, FIRST, BlacklistReason.VIP, blacklist_id=own)
    assert states(world, two[0]) == [QUEUED, QUEUED]
    blacklists.edit(world.conn, own, "own", "", is_global=False, campaign_ids=[two[0]])
    assert states(world, two[0])[0] == ("blocked", "blacklist: vip", "own")
    assert states(world, two[1]) == [QUEUED, QUEUED]
    blacklists.edit(world.conn, own, "own", "", is_global=True)
    assert states(world, two[1])[0] == ("blocked", "blacklist: vip", "own")


def test_the_preflight_counts_by_the_campaign_s_lists(world: World, two: tuple[int, int]) -> None:
    world.conn.execute("ALTER TABLE blacklist DISABLE TRIGGER USER")
    for name, reason in (("own", BlacklistReason.VIP), ("second", BlacklistReason.LEGAL)):
        blacklist.add(world.conn, FIRST, reason, blacklist_id=own_list(world, two[0], name=name))
    assert [preflight(world.conn, campaign_id, datetime.now(UTC)).to_dial for campaign_id in two] == [1, 2]


def test_an_entry_that_expires_stops_to_count_by_itself_and_who_was_blocked_stays_blocked(world: World) -> None:
    campaign_id = world.campaign(contacts=1)
    soon = datetime.now(UTC) + timedelta(hours=1)
    blacklist.add(world.conn, FIRST, BlacklistReason.TECHNICAL, expires_at=soon)
    world.conn.execute("UPDATE blacklist SET expires_at = now() - interval '1 s'")
    assert blacklist.find(world.conn, FIRST) is None
    assert [entry.counts_at(datetime.now(UTC)) for entry in blacklist.check(world.conn, FIRST)] == [False]
    assert states(world, campaign_id)[0][0] == "blocked"
    other = world.campaign(contacts=1, name="other")
    assert len(world.claim(other)) == 1


def test_an_opt_out_during_a_call_lands_on_the_general_list_and_stops_every_other_campaign(
    world: World, two: tuple[int, int]
) -> None:
    (call,) = world.dial(two[0])
    own = own_list(world, two[0])
    attempts.record_outcome(world.conn, call.attempt_id, Outcome.OPTED_OUT, "9", None, datetime.now(UTC))
    (entry,) = blacklist.check(world.conn, call.phone)
    assert (entry.blacklist_id, entry.attempt_id) == (GENERAL, call.attempt_id)
    assert own != GENERAL
    assert world.value("SELECT count(*) FROM attempts WHERE concluded_at IS NULL") == 1  # the call goes on
    assert states(world, two[1])[0][:2] == ("blocked", "blacklist: customer_request")
    (change,) = blacklist.history(world.conn, call.phone)
    assert (change.action, change.attempt_id, change.user_email) == ("added", call.attempt_id, None)


def test_every_change_is_on_record_with_who_and_why(world: World) -> None:
    user_id = world.value("INSERT INTO users (email, password_hash, role) VALUES ('a@b.c', '', 'admin') RETURNING id")
    own = own_list(world)
    blacklist.add(world.conn, FIRST, BlacklistReason.OTHER, "note", user_id=user_id)
    blacklist.add_many(world.conn, [FIRST, SECOND], BlacklistReason.LEGAL, blacklist_id=own, user_id=user_id)
    entry = next(e for e in blacklist.check(world.conn, FIRST) if e.blacklist_id == own)
    assert entry.added_by == "a@b.c"
    blacklist.edit(world.conn, entry.id, BlacklistReason.VIP, "new", None, user_id, "typed wrong")
    assert blacklist.remove(world.conn, [FIRST], "asked us to call", own, user_id) == [FIRST]
    world.conn.execute("INSERT INTO blacklist (phone, reason) VALUES (%s, 'fraud')", [SECOND])  # in whatever way
    history = [
        (c.action, c.list_name, str(c.reason), c.user_email, c.why) for c in blacklist.history(world.conn, FIRST)
    ]
    assert history == [
        ("removed", "own", "vip", "a@b.c", "asked us to call"),
        ("changed", "own", "vip", "a@b.c", "typed wrong"),
        ("added", "own", "legal", "a@b.c", ""),
        ("added", "General", "other", "a@b.c", ""),
    ]
    assert [c.reason for c in blacklist.history(world.conn, SECOND)] == ["fraud", "legal"]


def test_nothing_leaves_a_list_without_a_reason(world: World) -> None:
    blacklist.add(world.conn, FIRST, BlacklistReason.OTHER)
    with pytest.raises(psycopg.errors.CheckViolation):
        blacklist.remove(world.conn, [FIRST], "")
    with pytest.raises(psycopg.errors.CheckViolation):
        world.conn.execute("DELETE FROM blacklist")
    assert blacklist.find(world.conn, FIRST) is not None


def test_a_blocked_contact_is_told_of_once_and_counted_as_a_hit(world: World, two: tuple[int, int]) -> None:
    blacklist.add(world.conn, FIRST, BlacklistReason.LEGAL)
    blacklist.add(world.conn, SECOND, BlacklistReason.VIP, blacklist_id=own_list(world, two[1]))
    told = blacklist.take_blocks(world.conn)
    assert sorted((b.campaign_id, b.phone, b.reason, b.list_name) for b in told) == [
        (two[0], FIRST, "blacklist: legal", "General"),
        (two[1], FIRST, "blacklist: legal", "General"),
        (two[1], SECOND, "blacklist: vip", "own"),
    ]
    assert blacklist.take_blocks(world.conn) == []
    assert {e.phone: e.hits for phone in (FIRST, SECOND) for e in blacklist.check(world.conn, phone)} == {
        FIRST: 2, SECOND: 1,
    }  # fmt: skip
    assert len(blacklist.history(world.conn, FIRST)) == 1  # a hit is no change


def test_who_is_blocked_already_is_not_told_of_again(world: World, two: tuple[int, int]) -> None:
    blacklist.add(world.conn, FIRST, BlacklistReason.LEGAL)
    assert len(blacklist.take_blocks(world.conn)) == 2
    again = "UPDATE contacts SET state = %s WHERE phone = %s"
    for state in ("blocked", "retry"):  # a retry is refused, so it is blocked still
        world.conn.execute(again, [state, FIRST])
        assert states(world, two[0])[0][0] == "blocked"
    assert blacklist.take_blocks(world.conn) == []


def test_lists_are_made_renamed_and_deleted_with_their_entries_on_record(world: World) -> None:
    own = own_list(world)
    with pytest.raises(AlreadyExists):
        own_list(world)
    blacklists.edit(world.conn, own, "renamed", "note", is_global=True)
    assert [(one.name, one.is_global) for one in blacklists.every(world.conn)] == [("General", True), ("renamed", True)]
    blacklist.add(world.conn, FIRST, BlacklistReason.OTHER, blacklist_id=own)
    blacklists.delete(world.conn, own, "the contract is over", None)
    assert [c.action for c in blacklist.history(world.conn, FIRST)] == ["removed", "added"]
    for forbidden in (
        lambda: blacklists.delete(world.conn, GENERAL, "why", None),
        lambda: blacklists.edit(world.conn, GENERAL, "x", "", is_global=False),
    ):
        with pytest.raises(InUse):
            forbidden()


ENTRIES = f"""phone,reason,note,expires_at
{FIRST},legal,"court; 12",2030-01-01
8 916 000-00-01,Жалоба,,
{SECOND},other,again,
12,vip,,
,vip,,
+79160000002,nonsense,,soon
"""


def test_a_file_of_numbers_is_listed_with_every_row_accounted_for(
    world: World, two: tuple[int, int], connect: Connect
) -> None:
    own = own_list(world, two[0])
    mapping = EntryMapping(0, 1, 2, 3, BlacklistReason.OTHER, "RU", {"жалоба": "complaint"})

    def run(text: str) -> imports.ImportReport:
        import_id = imports.start_entries(world.conn, own, "numbers.csv")
        return EntryRun(connect(), connect(), import_id, mapping).all_of(read_rows(text.encode(), "numbers.csv"))

    report = run(ENTRIES)
    assert (report.rows_total, report.accepted) == (6, 2)
    assert report.rejected == {
        ImportReject.DUPLICATE: 1, ImportReject.INVALID_NUMBER: 1, ImportReject.MALFORMED: 2,
    }  # fmt: skip
    entries = [blacklist.check(world.conn, phone)[0] for phone in (FIRST, SECOND)]
    assert [(str(e.reason), e.note, e.expires_at and e.expires_at.year) for e in entries] == [
        ("legal", "court; 12", 2030), ("complaint", "", None),
    ]  # fmt: skip
    assert [state for state, *_rest in states(world, two[0])] == ["blocked", "blocked"]
    assert states(world, two[1]) == [QUEUED, QUEUED]
    assert run(f"phone,reason,note,expires_at\n{FIRST},legal,,2029-01-01\n").rejected == {ImportReject.DUPLICATE: 1}
    assert run(f"phone,reason,note,expires_at\n{FIRST},legal,,2031-01-01\n").accepted == 1
