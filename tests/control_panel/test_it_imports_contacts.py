"""Contacts from a file: preview with a guessed mapping, the import, its report and the rejected rows."""

import io
import os
import signal
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest
from psycopg import Connection

from control_panel import workbooks
from db import campaigns
from dialer.campaign import CampaignState
from dialer.contact_file import read_rows
from dialer.errors import InvalidContactFile
from dialer.settings import Settings
from tests.control_panel import sample
from tests.control_panel.conftest import Browser, SignIn

CSV = (
    "Имя;Телефон;Город\n"
    'Анна <script>alert(1)</script>;+7 916 123-45-67;"Москва; центр"\n'
    "Борис;12;Тверь\n"
    "Вера;8 (916) 123-45-67;Тула\n"
    "Глеб ${system(reboot)};+7 916 765-43-21;=HYPERLINK(1)\n"
    "Дина;;Омск\n"
)


@pytest.fixture
def campaign_id(conn: Connection[Any]) -> int:
    return sample.a_campaign(conn, pair=sample.a_gateway(conn))


def upload(browser: Browser, campaign_id: int, data: bytes, name: str = "people.csv") -> Any:
    browser.get(f"/campaigns/{campaign_id}/imports/new")
    return browser.post(f"/campaigns/{campaign_id}/imports/new", {"file": (io.BytesIO(data), name)})


def import_file(browser: Browser, preview: str, mapping: dict[str, str]) -> Any:
    """Import with this mapping and return the answer that has the report, however long that takes."""
    answer = browser.post(preview, mapping, follow_redirects=True)
    while "data-import=" in answer.get_data(as_text=True):
        time.sleep(0.05)
        answer = browser.get(answer.request.path)
    return answer


def xlsx(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
def test_it_previews_any_usual_encoding_and_guesses_the_columns(
    admin: Browser, campaign_id: int, encoding: str
) -> None:
    answer = upload(admin, campaign_id, CSV.encode(encoding))
    assert answer.status_code == 302
    page = admin.text(answer.location)
    assert "Город" in page
    assert "Москва; центр" in page
    assert '<option value="1" selected>Телефон</option>' in page
    assert '<option value="0" selected>Имя</option>' in page


def test_it_imports_under_the_chosen_mapping_and_reports_every_row(
    admin: Browser, conn: Connection[Any], campaign_id: int
) -> None:
    preview = upload(admin, campaign_id, CSV.encode()).location
    admin.get(preview)
    answer = import_file(admin, preview, {"phone": "1", "name": "0", "time_zone": ""})
    page = answer.get_data(as_text=True)
    assert "Import report" in page
    stored = conn.execute("SELECT name, phone, extra FROM contacts ORDER BY id").fetchall()
    assert stored == [
        ("Анна <script>alert(1)</script>", "+79161234567", {"Город": "Москва; центр"}),
        ("Глеб ${system(reboot)}", "+79167654321", {"Город": "=HYPERLINK(1)"}),
    ]
    for reason in ("No valid phone number", "Duplicate", "No cell for the number"):
        assert f"<td>{reason}</td>" in page
    assert conn.execute("SELECT 1 FROM audit_log WHERE action = 'contacts.imported'").fetchone()


def test_it_offers_the_rejected_rows_as_a_file_that_runs_no_formula(
    admin: Browser, conn: Connection[Any], campaign_id: int
) -> None:
    data = b"phone,name\n12,=cmd()|'A1'\n+0,@SUM(1)\n"
    preview = upload(admin, campaign_id, data).location
    admin.get(preview)
    report = import_file(admin, preview, {"phone": "0", "name": "1"})
    answer = admin.get(f"{report.request.path}/rejects.csv")
    text = answer.get_data(as_text=True)
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "'=cmd()" in text
    assert "'@SUM(1)" in text
    assert ",=cmd" not in text


def test_it_reads_a_spreadsheet(admin: Browser, conn: Connection[Any], campaign_id: int) -> None:
    book = xlsx([["Phone", "Name"], ["+7 916 123-45-67", "Ann"], [79167654321, "Bob"]])
    preview = upload(admin, campaign_id, book, "people.xlsx").location
    admin.get(preview)
    import_file(admin, preview, {"phone": "0", "name": "1"})
    rows = conn.execute("SELECT phone, name FROM contacts ORDER BY id").fetchall()
    assert rows == [("+79161234567", "Ann"), ("+79167654321", "Bob")]


def with_cell_at(place: str) -> bytes:
    """Return a workbook of a few kilobytes that has a cell in its corner, and one at `place`."""
    book = xlsx([["phone"], ["x"]])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            text = old.read(item).replace(b'r="A2"', b'r="%s"' % place.encode())
            new.writestr(item, text)
    return out.getvalue()


def test_it_survives_a_small_workbook_that_asks_for_all_memory(
    admin: Browser, conn: Connection[Any], campaign_id: int, settings: Settings
) -> None:
    for place in ("XFD1048576", "XFD1"):
        answer = upload(admin, campaign_id, with_cell_at(place), "bomb.xlsx")
        assert answer.status_code == 400
        assert "This workbook is too big to open" in answer.get_data(as_text=True)
    assert not list(settings.uploads_dir.iterdir())
    assert "Import contacts" in admin.text(f"/campaigns/{campaign_id}")


def test_it_refuses_a_workbook_that_takes_too_long(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(xlsx([["phone"]]))
    with pytest.raises(workbooks.HeavyWorkbook, match="took longer"):
        workbooks.to_csv(path, "a.xlsx", 0.001)
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_it_tells_a_damaged_workbook_from_a_heavy_one(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(InvalidContactFile, match="damaged"):
        workbooks.to_csv(path, "a.xlsx")


def test_it_keeps_every_cell_of_a_workbook_in_its_row(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(xlsx([["phone", "note"], [], [79161234567, 'a "b"; c, d\ne'], [None, "sep=;"]]))
    before = read_rows(path.read_bytes(), "a.xlsx")
    workbooks.to_csv(path, "a.xlsx")
    after = read_rows(path.read_bytes(), "a.xlsx")
    assert path.read_bytes().startswith(b"sep=,")
    assert (after.columns, after.first_row) == (before.columns, before.first_row)
    assert list(after.rows) == list(before.rows) == [[], ["79161234567", 'a "b"; c, d\ne'], ["", "sep=;"]]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "empty.csv"),
        (b"PK\x03\x04 broken", "broken.xlsx"),
        (b"phone,name\n", "header.csv"),
        (b"\x00\x01", "x.csv"),
    ],
)
def test_it_explains_a_file_it_cannot_read_and_keeps_nothing(
    admin: Browser, conn: Connection[Any], campaign_id: int, data: bytes, name: str
) -> None:
    answer = upload(admin, campaign_id, data, name)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.get_data(as_text=True)
    assert conn.execute("SELECT count(*) FROM contact_imports").fetchone() == (0,)


def test_it_wants_one_column_for_one_thing(admin: Browser, conn: Connection[Any], campaign_id: int) -> None:
    preview = upload(admin, campaign_id, CSV.encode()).location
    admin.get(preview)
    for wrong in ({"phone": "", "name": "0"}, {"phone": "1", "name": "1"}, {"phone": "77"}, {"phone": "-1"}):
        page = admin.post(preview, wrong, follow_redirects=True).get_data(as_text=True)
        assert "Choose the column with the phone number" in page
    assert conn.execute("SELECT count(*) FROM contacts").fetchone() == (0,)


def test_it_imports_an_upload_once(admin: Browser, conn: Connection[Any], campaign_id: int) -> None:
    preview = upload(admin, campaign_id, CSV.encode()).location
    admin.get(preview)
    import_file(admin, preview, {"phone": "1", "name": "0"})
    page = import_file(admin, preview, {"phone": "1", "name": "0"}).get_data(as_text=True)
    assert "This upload is gone" in page
    assert conn.execute("SELECT count(*) FROM contact_imports").fetchone() == (1,)


def test_it_keeps_an_upload_to_its_uploader(admin: Browser, sign_in: SignIn, campaign_id: int) -> None:
    preview = upload(admin, campaign_id, CSV.encode()).location
    other = sign_in("manager")
    assert "This upload is gone" in other.text(preview)
    assert "This upload is gone" in other.text(f"/campaigns/{campaign_id}/imports/preview/{'.' * 24}")


def test_it_takes_no_contacts_into_a_stopped_campaign(admin: Browser, conn: Connection[Any], campaign_id: int) -> None:
    preview = upload(admin, campaign_id, CSV.encode()).location
    admin.get(preview)
    campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
    campaigns.move(conn, campaign_id, CampaignState.COMPLETED)
    page = import_file(admin, preview, {"phone": "1"}).get_data(as_text=True)
    assert "takes no contacts any more" in page
    assert conn.execute("SELECT count(*) FROM contacts").fetchone() == (0,)


def test_it_refuses_a_file_above_the_limit(admin: Browser, campaign_id: int) -> None:
    answer = upload(admin, campaign_id, b"x" * (3 * 1024 * 1024))
    assert answer.status_code == 413
    assert "The file is too large" in answer.get_data(as_text=True)


def wait_for(conn: Connection[Any], query: str) -> Any:
    """Wait until the query returns a row and return its first column."""
    deadline = time.monotonic() + 60
    while (row := conn.execute(query).fetchone()) is None:
        assert time.monotonic() < deadline, query
        time.sleep(0.02)
    return row[0]


@pytest.fixture
def running(admin: Browser, conn: Connection[Any], campaign_id: int) -> Iterator[str]:
    """An import whose contacts wait for somebody who holds their table; its page's path."""
    with psycopg.connect(conn.info.dsn, password=conn.info.password) as holder:
        holder.execute("LOCK TABLE contacts IN SHARE MODE")
        preview = upload(admin, campaign_id, CSV.encode()).location
        admin.get(preview)
        yield admin.post(preview, {"phone": "1", "name": "0"}).location
        holder.rollback()


ENDED = "SELECT state::text FROM contact_imports WHERE state <> 'running'"
WORKING = "SELECT pid FROM pg_stat_activity WHERE application_name = 'import' AND wait_event_type = 'Lock'"


def test_it_shows_an_import_that_runs_and_lets_it_be_cancelled(
    admin: Browser, conn: Connection[Any], running: str
) -> None:
    wait_for(conn, WORKING)
    page = admin.text(running)
    assert "Importing" in page
    assert "Cancel the import" in page
    progress = admin.get(f"{running}/progress.json").get_json()
    assert (progress["total"], progress["finished"]) == (5, False)
    assert len(progress["rejected"]) >= 4
    admin.post(f"{running}/cancel")
    assert "Stopping" in admin.text(running)
    assert conn.execute("SELECT 1 FROM audit_log WHERE action = 'import.cancelled'").fetchone()


def test_it_shows_an_import_whose_process_was_killed_as_failed_and_keeps_nothing_of_it(
    admin: Browser, conn: Connection[Any], running: str, settings: Settings
) -> None:
    wait_for(conn, WORKING)
    (worker,) = [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit() and is_our_worker(p)]
    os.kill(worker, signal.SIGKILL)
    assert wait_for(conn, ENDED) == "failed"
    assert "The import was interrupted. Nothing was imported" in admin.text(running)
    assert conn.execute("SELECT count(*) FROM contacts").fetchone() == (0,)


def is_our_worker(process: Path) -> bool:
    """Whether it is the import worker that this very process started."""
    try:
        parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
        return parent == os.getpid() and b"control_panel.import_worker" in (process / "cmdline").read_bytes()
    except OSError:
        return False
