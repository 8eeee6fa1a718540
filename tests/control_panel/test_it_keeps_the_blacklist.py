"""The blacklist: lists, entries, search, check, files; a listed number's waiting contacts are blocked."""

import io
import time
from typing import Any

import pytest
from psycopg import Connection

from db import blacklist
from db.blacklist import BlacklistReason
from tests.control_panel import sample
from tests.control_panel.conftest import Browser


def test_it_lists_a_number_and_blocks_its_waiting_contacts(admin: Browser, conn: Connection[Any]) -> None:
    sample.contacts(conn, sample.a_campaign(conn), 2)
    admin.get("/blacklist/")
    form = {"phone": "8 916 400-00-00", "reason": "complaint", "note": "called <twice>", "blacklist_id": "1"}
    assert admin.post("/blacklist/", form).status_code == 302
    states = conn.execute("SELECT phone, state FROM contacts ORDER BY id").fetchall()
    assert states == [("+79164000000", "blocked"), ("+79164000137", "queued")]
    page = admin.text("/blacklist/")
    for part in ("+79164000000", "Complaint", "called &lt;twice&gt;", "for good"):
        assert part in page
    row = conn.execute("SELECT entity_id, details FROM audit_log WHERE action = 'blacklist.added'").fetchone()
    assert row == ("+79164000000", {"reason": "complaint", "note": "called <twice>", "list": 1})


@pytest.mark.parametrize("form", [{"phone": "12", "reason": "vip"}, {"phone": "+79164000000", "reason": "nope"}, {}])
def test_it_explains_what_cannot_be_listed(admin: Browser, conn: Connection[Any], form: dict[str, str]) -> None:
    admin.get("/blacklist/")
    answer = admin.post("/blacklist/", form)
    assert answer.status_code == 400
    assert 'class="error"' in answer.get_data(as_text=True)
    assert blacklist.list_page(conn) == ([], 0)


@pytest.mark.parametrize("search", ["8 916 400-00-00", "+79164000000", "4000000", "916400"])
def test_it_finds_numbers_however_they_are_written(admin: Browser, conn: Connection[Any], search: str) -> None:
    blacklist.add(conn, "+79164000000", BlacklistReason.VIP)
    blacklist.add(conn, "+74951112233", BlacklistReason.VIP)
    page = admin.get("/blacklist/", query_string={"search": search}).get_data(as_text=True)
    assert "+79164000000" in page
    assert "+74951112233" not in page


def test_it_pages(admin: Browser, conn: Connection[Any]) -> None:
    for number in range(51):
        blacklist.add(conn, f"+791640000{number:02d}", BlacklistReason.OTHER)
    assert "page=2" in admin.text("/blacklist/")
    last = admin.text("/blacklist/?page=2")
    assert last.count('scope="row"') == 1
    assert "page=3" not in last


def test_it_removes_numbers_only_for_a_reason(admin: Browser, conn: Connection[Any]) -> None:
    blacklist.add(conn, "+79164000000", BlacklistReason.VIP)
    admin.get("/blacklist/")
    form = {"numbers": "8 916 400-00-00\n+79164000001", "blacklist_id": "1"}
    assert admin.post("/blacklist/remove", form).status_code == 400
    assert blacklist.find(conn, "+79164000000") is not None
    page = admin.post("/blacklist/remove", {**form, "why": "asked <us>"}, follow_redirects=True).get_data(as_text=True)
    assert "1 numbers removed, 1 were not on the list." in page
    assert blacklist.find(conn, "+79164000000") is None
    checked = admin.text("/blacklist/check?phone=89164000000")
    for part in ("is on no list that counts today", "Removed", "admin-en@example.com", "asked &lt;us&gt;"):
        assert part in checked


def test_it_lists_many_numbers_at_once_and_writes_each_down(admin: Browser, conn: Connection[Any]) -> None:
    sample.contacts(conn, sample.a_campaign(conn), 3)
    blacklist.add(conn, "+79164000137", BlacklistReason.VIP)
    admin.get("/blacklist/")
    numbers = "8 916 400-00-00\n\n+79164000137\n89164000000\n+7 495 111-22-33\n"
    form = {"numbers": numbers, "reason": "legal", "note": "court", "blacklist_id": "1"}
    assert admin.post("/blacklist/many", form).status_code == 302
    page = admin.text("/blacklist/")
    assert "2 numbers added, 1 were listed already." in page
    assert "Legal: 2 ·" in page
    assert "VIP: 1 ·" in page
    states = conn.execute("SELECT state::text FROM contacts ORDER BY id").fetchall()
    assert states == [("blocked",), ("blocked",), ("queued",)]
    for phone in ("+74951112233", "+79164000000"):
        (change,) = blacklist.history(conn, phone)
        assert (change.note, change.user_email) == ("court", "admin-en@example.com")


def test_it_lists_none_of_many_when_a_line_is_no_number(admin: Browser, conn: Connection[Any]) -> None:
    admin.get("/blacklist/")
    answer = admin.post("/blacklist/many", {"numbers": "+79164000000\n<12>", "reason": "legal", "blacklist_id": "1"})
    assert answer.status_code == 400
    assert "nothing was done: &lt;12&gt;" in answer.get_data(as_text=True)
    assert admin.post("/blacklist/many", {"reason": "legal"}).status_code == 400
    assert blacklist.list_page(conn) == ([], 0)


def test_it_sends_the_whole_list_as_a_file(admin: Browser, conn: Connection[Any]) -> None:
    blacklist.add(conn, "+79164000001", BlacklistReason.VIP, note="=1+1")
    blacklist.add(conn, "+79164000000", BlacklistReason.LEGAL)
    lines = admin.get("/blacklist/blacklist.csv").get_data(as_text=True).splitlines()
    assert lines[0] == "\ufeffphone,reason,note,created_at,expires_at,list,added_by,hits"
    assert [line.split(",")[:3] for line in lines[1:]] == [
        ["+79164000000", "legal", ""],
        ["+79164000001", "vip", "'=1+1"],
    ]


def test_it_keeps_lists_for_all_or_chosen_campaigns(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = sample.a_campaign(conn)
    sample.contacts(conn, campaign_id, 1)
    admin.get("/blacklist/lists/")
    form = [("name", "Partners"), ("note", "theirs"), ("campaign_ids", str(campaign_id))]
    page = admin.post("/blacklist/lists/", form, follow_redirects=True)
    path = page.request.path
    assert "Partners" in page.get_data(as_text=True)
    blacklist_id = path.rsplit("/", 1)[1]
    admin.post("/blacklist/", {"phone": "+79164000000", "reason": "legal", "blacklist_id": blacklist_id})
    assert conn.execute("SELECT blocked_list FROM contacts").fetchall() == [("Partners",)]
    checked = admin.text("/blacklist/check?phone=%2B79164000000")
    for part in ("is blocked", "Partners", "1 campaign", "Legal", "admin-en@example.com"):
        assert part in checked
    assert "Partners" in admin.text("/blacklist/statistics")
    assert admin.post("/blacklist/lists/", form).status_code == 400
    assert "Say why" in admin.post(f"{path}/delete", {}, follow_redirects=True).get_data(as_text=True)
    admin.post(f"{path}/delete", {"why": "over"})
    assert admin.get(path).status_code == 404
    assert admin.post("/blacklist/lists/1", {"name": "General"}).status_code == 400


def test_it_changes_an_entry_for_a_reason_and_lets_it_expire(admin: Browser, conn: Connection[Any]) -> None:
    blacklist.add(conn, "+79164000000", BlacklistReason.VIP)
    entry_id = blacklist.check(conn, "+79164000000")[0].id
    admin.get(f"/blacklist/entries/{entry_id}")
    form = {"reason": "legal", "note": "till new year", "until": "2020-12-31"}
    assert admin.post(f"/blacklist/entries/{entry_id}", form).status_code == 400
    assert admin.post(f"/blacklist/entries/{entry_id}", {**form, "why": "typed wrong"}).status_code == 302
    assert blacklist.find(conn, "+79164000000") is None
    checked = admin.text("/blacklist/check?phone=%2B79164000000")
    for part in ("(expired)", "typed wrong", "2021-01-01 00:00:00"):
        assert part in checked


def test_it_imports_what_it_exported_and_lists_the_rows_it_refuses(admin: Browser, conn: Connection[Any]) -> None:
    data = "Номер;Причина;Примечание\n8 916 400-00-00;Complaint;суд\n12;vip;\n".encode("cp1251")
    admin.get("/blacklist/lists/1/imports/new")
    answer = admin.post("/blacklist/lists/1/imports/new", {"file": (io.BytesIO(data), "list.csv")})
    preview = admin.text(answer.location)
    assert '<option value="1" selected>Причина</option>' in preview
    form = {"phone": "0", "reason": "1", "note": "2", "default_reason": "other"}
    answer = admin.post(answer.location, form, follow_redirects=True)
    while "data-import=" in answer.get_data(as_text=True):
        time.sleep(0.05)
        answer = admin.get(answer.request.path)
    assert "No valid phone number" in answer.get_data(as_text=True)
    assert "12" in admin.get(f"{answer.request.path}/rejects.csv").get_data(as_text=True)
    (entry,) = blacklist.check(conn, "+79164000000")
    assert (str(entry.reason), entry.note, entry.added_by) == ("complaint", "суд", "admin-en@example.com")
    assert "list.csv" in admin.text("/blacklist/lists/1")
