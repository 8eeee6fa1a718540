"""Contact imports: every row is a contact or a listed reject, or nothing happened at all."""

import io
from threading import Thread

import openpyxl
import pytest

from db import blacklist, campaigns, imports
from db.blacklist import BlacklistReason
from db.imports import ImportState
from dialer.campaign import CampaignState
from dialer.contact import ImportReject
from dialer.contact_file import read_rows
from dialer.contact_import import ColumnMapping, guess_mapping
from dialer.errors import IllegalMove, InvalidContactFile
from tests.db.conftest import Connect, World

FILE = """phone;name;time_zone;city
8 (916) 123-45-67;Иван Петров;Europe/Moscow;Москва
+7 916 123 45 67;Twice;;
;Nobody;;
12345;Too short;;

+79161112233;Listed;;
+74951234567;Office;;Москва
"""


def run(world: World, campaign_id: int, text: str = FILE, name: str = "contacts.csv") -> imports.ImportReport:
    table = read_rows(text.encode(), name)
    return imports.import_contacts(world.conn, campaign_id, table, guess_mapping(table.columns), name)


def test_every_row_is_counted_and_every_reject_listed_with_its_row_and_cells(world: World) -> None:
    campaign_id = campaigns.create(world.conn, world.new_campaign())
    blacklist.add(world.conn, "+79161112233", BlacklistReason.COMPLAINT)
    report = run(world, campaign_id)
    assert (report.rows_total, report.accepted, report.duplicate, report.blacklisted) == (6, 2, 1, 1)
    assert (report.invalid_number, report.malformed) == (1, 1)
    assert [(r.row_number, r.reason, r.cells[1]) for r in imports.rejects(world.conn, report.import_id)] == [
        (3, ImportReject.DUPLICATE, "Twice"),
        (4, ImportReject.MALFORMED, "Nobody"),
        (5, ImportReject.INVALID_NUMBER, "Too short"),
        (7, ImportReject.BLACKLISTED, "Listed"),
    ]
    stored = imports.list_for(world.conn, campaign_id)[0]
    assert (stored.state, stored.accepted, stored.file_name) == (ImportState.DONE, 2, "contacts.csv")


def test_an_accepted_row_keeps_its_name_zone_and_other_columns(world: World) -> None:
    campaign_id = campaigns.create(world.conn, world.new_campaign())
    run(world, campaign_id)
    rows = world.conn.execute(
        "SELECT phone, name, extra, zones, state::text FROM contacts JOIN zone_sets z ON z.id = zone_set_id"
        " ORDER BY contacts.id"
    ).fetchall()
    assert rows[0] == ("+79161234567", "Иван Петров", {"city": "Москва"}, ["Europe/Moscow"], "queued")
    assert "Listed" in rows[1]
    assert len(rows[1][3]) > 1  # a mobile may be in any zone of Russia


def test_a_second_import_adds_only_new_numbers(world: World) -> None:
    campaign_id = campaigns.create(world.conn, world.new_campaign())
    run(world, campaign_id, "phone\n+79161234567\n")
    report = run(world, campaign_id, "phone\n+79161234567\n+79161234568\n")
    assert (report.accepted, report.duplicate) == (1, 1)
    assert imports.rejects(world.conn, report.import_id)[0].detail == "the campaign has this number already"
    other = campaigns.create(world.conn, world.new_campaign(name="other"))
    assert run(world, other, "phone\n+79161234567\n").accepted == 1


def test_a_failure_midway_leaves_nothing_and_can_be_recorded(world: World) -> None:
    campaign_id = campaigns.create(world.conn, world.new_campaign())
    with pytest.raises(InvalidContactFile):
        run(world, campaign_id, "phone,name\n+79161234567,A\n" + '+79161234568,"' + "x" * 200_000)
    assert world.value("SELECT count(*) FROM contacts") == 0
    assert imports.list_for(world.conn, campaign_id) == []
    imports.record_failure(world.conn, campaign_id, "contacts.csv", "a quotation mark is never closed")
    assert imports.list_for(world.conn, campaign_id)[0].state is ImportState.FAILED


def test_a_closed_campaign_takes_no_contacts(world: World) -> None:
    campaign_id = world.campaign(contacts=1)
    campaigns.move(world.conn, campaign_id, CampaignState.COMPLETED)
    with pytest.raises(IllegalMove):
        run(world, campaign_id)


def numbers(count: int) -> bytes:
    return b"phone\n" + b"".join(b"+7916%07d\n" % n for n in range(count))


def test_a_campaign_that_is_stopped_while_a_file_is_read_refuses_it(world: World, connect: Connect) -> None:
    campaign_id = world.campaign()
    other = connect()

    def stop(_: int) -> None:
        campaigns.move(other, campaign_id, CampaignState.COMPLETED)

    with pytest.raises(IllegalMove):
        imports.import_contacts(
            world.conn, campaign_id, read_rows(numbers(1000), "a.csv"), ColumnMapping(0), "a.csv", stop
        )
    assert world.value("SELECT count(*) FROM contacts") == 0


def test_an_empty_campaign_does_not_complete_while_a_file_is_read(world: World, connect: Connect) -> None:
    campaign_id = world.campaign()
    other, completed = connect(), list[list[int]]()

    def complete(_: int) -> None:
        completed.append(campaigns.complete_finished(other))

    table = read_rows(numbers(1000), "a.csv")
    report = imports.import_contacts(world.conn, campaign_id, table, ColumnMapping(0), "a.csv", complete)
    assert (completed, report.accepted) == ([[]], 1000)


def test_two_imports_into_one_campaign_take_turns_and_account_for_every_row(world: World, connect: Connect) -> None:
    campaign_id = campaigns.create(world.conn, world.new_campaign())
    text = numbers(500)
    reports: list[imports.ImportReport] = []

    def one_import() -> None:
        table = read_rows(text, "a.csv")
        reports.append(imports.import_contacts(connect(), campaign_id, table, ColumnMapping(0), "a.csv"))

    threads = [Thread(target=one_import) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted((r.accepted, r.duplicate) for r in reports) == [(0, 500), (0, 500), (500, 0)]


def test_a_workbook_is_imported_like_a_csv_file_and_progress_is_told(world: World) -> None:
    campaign_id = campaigns.create(world.conn, world.new_campaign())
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["Телефон", "ФИО"])
    for n in range(2000):
        book.active.append([79160000000 + n, f"Имя {n}"])
    data = io.BytesIO()
    book.save(data)
    table = read_rows(data.getvalue(), "контакты.xlsx")
    told: list[int] = []
    mapping = guess_mapping(table.columns)
    report = imports.import_contacts(world.conn, campaign_id, table, mapping, "контакты.xlsx", told.append)
    assert (report.accepted, told, table.total) == (2000, [1000, 2000], 2000)
    assert world.value("SELECT count(DISTINCT due_at) FROM contacts") == 1


def test_two_imports_can_share_a_transaction(world: World) -> None:
    campaign_id = campaigns.create(world.conn, world.new_campaign())
    with world.conn.transaction():
        run(world, campaign_id, "phone\n+79161234567\n")
        run(world, campaign_id, "phone\n+79161234568\n")
    assert world.value("SELECT count(*) FROM contacts") == 2
