"""The blacklist: add, find, remove; a listed number's waiting contacts are blocked."""

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
    form = {"phone": "8 916 400-00-00", "reason": "complaint", "note": "called <twice>"}
    assert admin.post("/blacklist/", form).status_code == 302
    states = conn.execute("SELECT phone, state FROM contacts ORDER BY id").fetchall()
    assert states == [("+79164000000", "blocked"), ("+79164000137", "queued")]
    page = admin.text("/blacklist/")
    for part in ("+79164000000", "Complaint", "called &lt;twice&gt;", "for good"):
        assert part in page
    row = conn.execute("SELECT entity_id, details FROM audit_log WHERE action = 'blacklist.added'").fetchone()
    assert row == ("+79164000000", {"reason": "complaint", "note": "called <twice>"})


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


def test_it_removes_a_number(admin: Browser, conn: Connection[Any]) -> None:
    blacklist.add(conn, "+79164000000", BlacklistReason.VIP)
    admin.get("/blacklist/")
    assert admin.post("/blacklist/remove", {"phone": "+79164000000"}).status_code == 302
    assert blacklist.find(conn, "+79164000000") is None
    assert admin.post("/blacklist/remove", {"phone": "+79164000000"}).status_code == 404


def test_it_lists_many_numbers_at_once_and_writes_each_down(admin: Browser, conn: Connection[Any]) -> None:
    sample.contacts(conn, sample.a_campaign(conn), 3)
    blacklist.add(conn, "+79164000137", BlacklistReason.VIP)
    admin.get("/blacklist/")
    numbers = "8 916 400-00-00\n\n+79164000137\n89164000000\n+7 495 111-22-33\n"
    form = {"numbers": numbers, "reason": "legal", "note": "court"}
    assert admin.post("/blacklist/many", form).status_code == 302
    page = admin.text("/blacklist/")
    assert "2 numbers added, 1 were listed already." in page
    assert "Legal: 2 ·" in page
    assert "VIP: 1 ·" in page
    states = conn.execute("SELECT state::text FROM contacts ORDER BY id").fetchall()
    assert states == [("blocked",), ("blocked",), ("queued",)]
    rows = conn.execute("SELECT entity_id, details->>'note' FROM audit_log WHERE action = 'blacklist.added'").fetchall()
    assert sorted(rows) == [("+74951112233", "court"), ("+79164000000", "court")]


def test_it_lists_none_of_many_when_a_line_is_no_number(admin: Browser, conn: Connection[Any]) -> None:
    admin.get("/blacklist/")
    answer = admin.post("/blacklist/many", {"numbers": "+79164000000\n<12>", "reason": "legal"})
    assert answer.status_code == 400
    assert "none was added: &lt;12&gt;" in answer.get_data(as_text=True)
    assert admin.post("/blacklist/many", {"reason": "legal"}).status_code == 400
    assert blacklist.list_page(conn) == ([], 0)


def test_it_sends_the_whole_list_as_a_file(admin: Browser, conn: Connection[Any]) -> None:
    blacklist.add(conn, "+79164000001", BlacklistReason.VIP, note="=1+1")
    blacklist.add(conn, "+79164000000", BlacklistReason.LEGAL)
    lines = admin.get("/blacklist/blacklist.csv").get_data(as_text=True).splitlines()
    assert lines[0] == "\ufeffphone,reason,note,created_at,expires_at"
    assert [line.split(",")[:3] for line in lines[1:]] == [
        ["+79164000000", "legal", ""],
        ["+79164000001", "vip", "'=1+1"],
    ]
