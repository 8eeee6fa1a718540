"""Contact imports: every row is a contact or a listed reject, or nothing happened at all."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Thread

import openpyxl
import psycopg
import pytest

from db import blacklist, campaigns, import_run, imports, lifecycle
from db.blacklist import BlacklistReason
from db.contact_import import import_contacts
from db.imports import ImportReport, ImportState
from dialer.campaign import CampaignState
from dialer.contact import ImportReject
from dialer.contact_file import read_rows
from dialer.contact_import import ColumnMapping, guess_mapping
from dialer.errors import IllegalMove, ImportCancelled, InvalidContactFile
from tests.db.conftest import Connect, World

FILE = """phone;name;time_zone;city
8 (916) 123-45-67;Иван Петров;Europe/Moscow;Москва
+7 916 123 45 67;Twice;;
;Nobody;;
12345;Too short;;

+79161112233;Listed;;
+74951234567;Office;;Москва
+79161112233;Listed twice;;
"""

Rows = Iterator[list[str]]
Import = Callable[..., ImportReport]


@pytest.fixture
def run(connect: Connect) -> Import:
    """Import a file; `on_row` is called before each of its rows is read, with the number of those read."""

    def run_once(
        campaign_id: int,
        data: str | bytes = FILE,
        name: str = "contacts.csv",
        on_row: Callable[[int], None] | None = None,
    ) -> ImportReport:
        table = read_rows(data.encode() if isinstance(data, str) else data, name)

        def rows(given: Rows) -> Rows:
            for count, row in enumerate(given):
                assert on_row is not None
                on_row(count)
                yield row

        if on_row is not None:
            table = replace(table, rows=rows(table.rows))
        return import_contacts(connect(), connect(), campaign_id, table, guess_mapping(table.columns), name)

    return run_once


@pytest.fixture
def campaign_id(world: World) -> int:
    return campaigns.create(world.conn, world.new_campaign())


def numbers(count: int, first: int = 0) -> bytes:
    return b"phone\n" + b"".join(b"+7916%07d\n" % n for n in range(first, first + count))


def rejects(world: World, import_id: int) -> list[imports.Reject]:
    with world.conn.transaction():
        return list(imports.rejects(world.conn, import_id))


def left_behind(world: World) -> tuple[int, int]:
    return (
        world.value("SELECT count(*) FROM contacts"),
        world.value("SELECT count(*) FROM contact_import_rejects"),
    )


def test_every_row_is_counted_and_every_reject_listed_with_its_row_and_cells(
    world: World, run: Import, campaign_id: int
) -> None:
    blacklist.add(world.conn, "+79161112233", BlacklistReason.COMPLAINT)
    report = run(campaign_id)
    assert (report.rows_total, report.accepted) == (7, 2)
    assert report.rejected == {
        ImportReject.DUPLICATE: 1,
        ImportReject.BLACKLISTED: 2,
        ImportReject.INVALID_NUMBER: 1,
        ImportReject.MALFORMED: 1,
    }
    assert [(r.row_number, r.reason, r.cells[1], r.detail) for r in rejects(world, report.import_id)] == [
        (3, ImportReject.DUPLICATE, "Twice", "row 2 has the same number"),
        (4, ImportReject.MALFORMED, "Nobody", "the cell of the phone number is empty"),
        (5, ImportReject.INVALID_NUMBER, "Too short", "'12345' is no number of any country's numbering plan"),
        (7, ImportReject.BLACKLISTED, "Listed", "on the blacklist: complaint (General)"),
        (9, ImportReject.BLACKLISTED, "Listed twice", "on the blacklist: complaint (General)"),
    ]
    stored = imports.find(world.conn, report.import_id)
    assert (stored.state, stored.rows_total, stored.accepted, stored.file_name) == (
        ImportState.DONE, 7, 2, "contacts.csv",
    )  # fmt: skip
    assert sum(stored.rejected.values()) + stored.accepted == stored.rows_total


def test_an_accepted_row_keeps_its_name_zone_other_columns_and_place_in_the_file(
    world: World, run: Import, campaign_id: int
) -> None:
    run(campaign_id)
    rows = world.conn.execute(
        "SELECT phone, name, extra, zones, state::text, import_row FROM contacts JOIN zone_sets z ON z.id = zone_set_id"
        " ORDER BY contacts.id"
    ).fetchall()
    assert rows[0] == ("+79161234567", "Иван Петров", {"city": "Москва"}, ["Europe/Moscow"], "queued", 2)
    assert "Listed" in rows[1]
    assert len(rows[1][3]) > 1  # a mobile may be in any zone of Russia


def test_whatever_stands_in_a_cell_arrives_as_it_is(world: World, run: Import, campaign_id: int) -> None:
    odd = 'tab\there, "quotes", back\\slash, \\N, \\., line\nbreak\r\n, \x01 \u2028 \U0001f600'
    cell = '"' + odd.replace('"', '""') + '"'
    run(campaign_id, f'phone,name,a "b"\\c\n+79161234567,{cell},{cell}\n12,{cell},x\n')
    assert world.conn.execute("SELECT name, extra FROM contacts").fetchall() == [(odd, {'a "b"\\c': odd})]
    assert world.value("SELECT cells FROM contact_import_rejects") == ["12", odd, "x"]


def test_a_second_import_adds_only_new_numbers(world: World, run: Import, campaign_id: int) -> None:
    run(campaign_id, "phone\n+79161234567\n")
    report = run(campaign_id, "phone\n+79161234567\n+79161234568\n+79161234567\n")
    assert (report.accepted, report.rejected) == (1, {ImportReject.DUPLICATE: 2})
    assert {r.detail for r in rejects(world, report.import_id)} == {"the campaign has this number already"}
    other = campaigns.create(world.conn, world.new_campaign(name="other"))
    assert run(other, "phone\n+79161234567\n").accepted == 1


def test_where_a_batch_ends_makes_no_difference(world: World, run: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    blacklist.add(world.conn, "+79161112233", BlacklistReason.COMPLAINT)
    text = FILE + "8 916 123 45 67;Thrice;;\n84951234567;;;\n+79167654321;New;Asia/Omsk;\n"
    seen = []
    for batch_rows in (1, 2, 3, 5, 1000):
        monkeypatch.setattr(import_run, "BATCH_ROWS", batch_rows)
        campaign_id = campaigns.create(world.conn, world.new_campaign())
        report = run(campaign_id, text)
        contacts = world.conn.execute(
            "SELECT phone, name, import_row, zone_set_id FROM contacts WHERE campaign_id = %s ORDER BY id",
            [campaign_id],
        ).fetchall()
        seen.append((contacts, rejects(world, report.import_id), report.rejected))
    assert all(one == seen[0] for one in seen)


def test_a_failure_midway_leaves_nothing_but_its_record(world: World, run: Import, campaign_id: int) -> None:
    with pytest.raises(InvalidContactFile):
        run(campaign_id, "phone,name\n+79161234567,A\n1,B\n" + '+79161234568,"' + "x" * 200_000)
    assert left_behind(world) == (0, 0)
    (stored,) = imports.list_for(world.conn, campaign_id)
    assert (stored.state, stored.accepted, stored.rejected) == (ImportState.FAILED, 0, {})
    assert "quotation mark" in str(stored.error)


def test_a_closed_campaign_takes_no_contacts(world: World, run: Import) -> None:
    campaign_id = world.campaign(contacts=1)
    campaigns.move(world.conn, campaign_id, CampaignState.COMPLETED)
    with pytest.raises(IllegalMove):
        run(campaign_id)


def test_a_campaign_that_is_stopped_while_a_file_is_read_refuses_it(
    world: World, run: Import, connect: Connect
) -> None:
    campaign_id, other = world.campaign(), connect()

    def stop(count: int) -> None:
        if count == 900:
            campaigns.move(other, campaign_id, CampaignState.COMPLETED)

    with pytest.raises(IllegalMove):
        run(campaign_id, numbers(1000), on_row=stop)
    assert left_behind(world) == (0, 0)


def test_an_empty_campaign_does_not_complete_while_a_file_is_read(world: World, run: Import, connect: Connect) -> None:
    campaign_id = world.campaign()
    other, completed = connect(), list[list[int]]()

    def complete(count: int) -> None:
        if count == 900:
            completed.append(lifecycle.complete_finished(other))

    report = run(campaign_id, numbers(1000), on_row=complete)
    assert (completed, report.accepted) == ([[]], 1000)


def test_two_imports_into_one_campaign_take_turns_and_account_for_every_row(
    world: World, run: Import, campaign_id: int
) -> None:
    reports: list[ImportReport] = []
    threads = [Thread(target=lambda: reports.append(run(campaign_id, numbers(500)))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted((r.accepted, r.rejected.get(ImportReject.DUPLICATE, 0)) for r in reports) == [
        (0, 500), (0, 500), (500, 0),
    ]  # fmt: skip


def test_others_see_how_far_it_is_while_they_see_no_contact(
    world: World, run: Import, campaign_id: int, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_run, "BATCH_ROWS", 100)
    other, seen = connect(), list[tuple[int, int, dict[str, int], int]]()

    def look(count: int) -> None:
        if count % 100 == 50:
            (one,) = imports.list_for(other, campaign_id)
            contacts = other.execute("SELECT count(*) FROM contacts").fetchone()
            seen.append((one.rows_total, one.accepted, one.rejected, contacts[0] if contacts else -1))

    run(campaign_id, numbers(1000) + b"1\n" * 1000, on_row=look)
    totals = [total for total, *_rest in seen]
    assert totals == sorted(totals)
    assert totals[-1] >= 1500
    assert all(accepted + sum(rejected.values()) == total for total, accepted, rejected, _contacts in seen)
    assert {contacts for *_rest, contacts in seen} == {0}


def test_who_cancels_it_leaves_nothing(
    world: World, run: Import, campaign_id: int, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_run, "BATCH_ROWS", 100)
    other, asked = connect(), list[bool]()

    def cancel(count: int) -> None:
        if count == 500:
            (one,) = imports.list_for(other, campaign_id)
            asked.extend(imports.cancel(other, one.id) for _ in range(2))

    with pytest.raises(ImportCancelled):
        run(campaign_id, numbers(2000), on_row=cancel)
    assert asked == [True, False]
    assert left_behind(world) == (0, 0)
    (one,) = imports.list_for(world.conn, campaign_id)
    assert (one.state, one.accepted, one.error) == (ImportState.CANCELLED, 0, None)
    assert not imports.cancel(world.conn, one.id)


def test_one_that_waits_for_its_turn_can_be_cancelled(
    world: World, run: Import, campaign_id: int, connect: Connect
) -> None:
    errors: list[type[BaseException]] = []

    def second() -> None:
        try:
            run(campaign_id, numbers(10, first=5000))
        except ImportCancelled as error:
            errors.append(type(error))

    waiting, other = Thread(target=second), connect()

    def start_and_cancel_the_second(count: int) -> None:
        if count == 5:
            waiting.start()
            while len(found := imports.list_for(other, campaign_id)) < 2:
                pass
            assert imports.cancel(other, found[0].id)
            waiting.join(60)

    assert run(campaign_id, numbers(10), on_row=start_and_cancel_the_second).accepted == 10
    assert errors == [ImportCancelled]


def test_one_whose_process_died_is_found_out_and_one_that_lives_is_let_be(
    world: World, campaign_id: int, connect: Connect
) -> None:
    died, lives = (imports.start(world.conn, campaign_id, name) for name in ("died.csv", "lives.csv"))
    holder = connect()
    holder.execute("BEGIN")
    holder.execute("SELECT pg_advisory_xact_lock(%s, %s)", [imports.RUNNING_SPACE, lives])
    assert imports.fail_abandoned(world.conn) == []  # its process may still be starting
    assert imports.fail_abandoned(world.conn, unseen_s=0) == [died]
    states = {one.file_name: (one.state, one.error) for one in imports.list_for(world.conn, campaign_id)}
    assert states == {
        "died.csv": (ImportState.FAILED, imports.DIED),
        "lives.csv": (ImportState.RUNNING, None),
    }


def test_a_connection_that_is_cut_takes_every_contact_with_it(
    world: World, campaign_id: int, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_run, "BATCH_ROWS", 100)
    conn, aside = connect(), connect()
    table = read_rows(numbers(1000), "a.csv")

    def rows(given: Rows) -> Rows:
        for count, row in enumerate(given):
            if count == 700:
                world.conn.execute("SELECT pg_terminate_backend(%s)", [conn.info.backend_pid])
            yield row

    table = replace(table, rows=rows(table.rows))
    with pytest.raises(psycopg.OperationalError):
        import_contacts(conn, aside, campaign_id, table, ColumnMapping(0), "a.csv")
    assert left_behind(world) == (0, 0)
    assert imports.list_for(world.conn, campaign_id)[0].state is ImportState.FAILED


def test_a_workbook_is_imported_like_a_csv_file(world: World, run: Import, campaign_id: int) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["Телефон", "ФИО"])
    for n in range(2000):
        book.active.append([79160000000 + n, f"Имя {n}"])
    data = io.BytesIO()
    book.save(data)
    assert run(campaign_id, data.getvalue(), "контакты.xlsx").accepted == 2000
    assert world.value("SELECT count(DISTINCT due_at) FROM contacts") == 1


def test_contacts_belong_to_what_is_there_and_keep_it_there(world: World) -> None:
    campaign_id = world.campaign(contacts=1)
    for column, value in (("campaign_id", 999), ("zone_set_id", 999), ("import_id", 999)):
        values = {"campaign_id": campaign_id, "zone_set_id": world.zone_set_id, "import_id": None, column: value}
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            world.conn.execute(
                "INSERT INTO contacts (campaign_id, zone_set_id, import_id, phone)"
                " VALUES (%(campaign_id)s, %(zone_set_id)s, %(import_id)s, '+79169999999')",
                values,
            )
    for query in ("DELETE FROM zone_sets", "DELETE FROM campaigns", "UPDATE contacts SET zone_set_id = 999"):
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            world.conn.execute(query)
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        world.conn.execute("UPDATE contacts SET campaign_id = campaign_id + 1")


def test_adding_contacts_reads_none_of_those_that_are_there(world: World) -> None:
    campaign_id = world.campaign()
    query = (
        "INSERT INTO contacts (campaign_id, zone_set_id, phone)"
        " SELECT %s, %s, '+79' || n FROM generate_series(%s::bigint, %s::bigint) n"
    )
    world.conn.execute(query, [campaign_id, world.zone_set_id, 160_000_000, 160_019_999])
    world.conn.execute("ANALYZE contacts")
    world.conn.execute("INSERT INTO blacklist (phone, reason) VALUES ('+79170000007', 'other')")
    with world.conn.transaction():
        world.conn.execute(query, [campaign_id, world.zone_set_id, 170_000_000, 170_000_999])
        read = world.value("SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'contacts'")
    assert read == 0
    assert world.value("SELECT array_agg(phone::text) FROM contacts WHERE state = 'blocked'") == ["+79170000007"]


def test_consents_are_taken_from_their_columns_and_who_may_not_be_called_is_blocked_with_the_reason(
    world: World, run: Import
) -> None:
    campaign_id = world.campaign(requires_consent=True)
    file = (
        "phone;consent;consent_at;consent_source\n"
        "+79161234567;offers;2026-01-05T10:00+00:00;form\\17\n"
        "+79161234568;offers;2026-01-05T10:00+00:00;\n"
        "+79161234569;;;\n"
        "+77012345678;offers;2026-01-05T10:00+00:00;x\n"
        "+78091234567;offers;2026-01-05T10:00+00:00;x\n"
    )
    report = run(campaign_id, file, "people.csv")
    assert (report.accepted, report.rejected) == (4, {ImportReject.PREMIUM_RATE: 1})
    rows = world.conn.execute(
        "SELECT phone, state::text, blocked_reason, consent_source, consent_at IS NOT NULL FROM contacts ORDER BY id"
    ).fetchall()
    assert rows == [
        ("+79161234567", "queued", None, "form\\17", True),
        ("+79161234568", "queued", None, "people.csv", True),
        ("+79161234569", "blocked", "consent: none", None, False),
        ("+77012345678", "blocked", "destination: not_allowed", "x", True),
    ]
