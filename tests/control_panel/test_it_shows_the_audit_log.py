"""The audit log and the blacklists' changes: found by who, what and when, paged, downloaded; each role its own."""

import ast
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from control_panel import record_pages
from control_panel.audit_words import ACTIONS
from control_panel.campaigns import VERBS
from db import audit, blacklist, users
from db.blacklist import BlacklistReason
from scheduler.schedule_runs import ACTION_OF
from tests.control_panel import sample
from tests.control_panel.conftest import Browser, SignIn

ROOT = Path(__file__).parents[2]
ROOMS = [ROOT / name for name in ("control_panel", "scheduler", "db", "fs_scripts", "integrations")]
NAMED_ELSEWHERE = {action for _state, action in VERBS.values()} | set(ACTION_OF.values())


def written(tree: ast.AST) -> Iterator[str]:
    """Yield the actions a module hands to the log, and those that its imports do."""
    for node in ast.walk(tree):
        given: list[ast.AST] = []
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("record", "record_many"):
            given = list(node.args[2:3])
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "action":
            given = [node.value]
        for part in (part for one in given for part in ast.walk(one)):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and "." in part.value:
                yield part.value


def test_every_action_that_is_written_down_has_words_and_no_other() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for room in ROOMS for path in room.rglob("*.py")]
    assert {action for tree in trees for action in written(tree)} | NAMED_ELSEWHERE == set(ACTIONS)


def test_it_finds_changes_by_who_what_and_when(sign_in: SignIn, conn: Connection[Any]) -> None:
    manager, admin = sign_in("manager"), sign_in("admin")
    manager.get("/holidays/")
    manager.post("/holidays/", {"country": "RU", "day": "2028-05-02", "name": "<made up>"})
    audit.record(conn, None, "campaign.paused", "campaign", 7, {"by": "abandon_cap", "abandoned": 4})
    changed = {"changed": {"max_channels": ["10", "20"]}}
    audit.record(conn, None, "campaign.changed", "campaign", 8, changed)
    conn.execute("UPDATE audit_log SET at = '2026-01-31 23:59:59+00' WHERE entity_id = '8'")
    (manager_id,) = [user.id for user in users.list_all(conn) if user.email.startswith("manager")]

    def shown(query: str) -> list[str]:
        page = admin.text(f"/audit/?{query}")
        return [str(ACTIONS[action]) for action in ACTIONS if f"<b>{ACTIONS[action]}</b>" in page]

    assert set(shown("")) == {"Campaign changed", "Campaign paused", "Holiday added", "Signed in"}
    assert set(shown(f"who={manager_id}")) == {"Holiday added", "Signed in"}
    assert set(shown("who=system")) == {"Campaign changed", "Campaign paused"}
    assert shown("action=holiday.added") == ["Holiday added"]
    assert shown("about=7") == ["Campaign paused"]
    assert shown("until=2026-01-31") == ["Campaign changed"]
    assert shown("since=2026-01-31&until=2026-01-31") == ["Campaign changed"]
    assert shown("until=2026-01-30") == []
    assert "Nothing was changed like that." in admin.text("/audit/?until=2026-01-30")
    page = admin.text("/audit/")
    assert "&lt;made up&gt;" in page
    assert "10 → 20" in page
    assert '<a href="/campaigns/7">campaign 7</a>' in page


def test_it_turns_pages_without_losing_or_repeating_a_line(
    admin: Browser, conn: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_pages, "PAGE_ROWS", 3)
    for number in range(8):
        audit.record(conn, None, "holiday.added", "holiday", f"RU {number}")
    path, seen = "/audit/?action=holiday.added", []
    while path:
        page = admin.text(path)
        seen += re.findall(r">holiday RU (\d)<", page)
        older = re.search(r'href="(/audit/\?before=[^"]*)">Older', page)
        path = older.group(1).replace("&amp;", "&") if older else ""
    assert seen == list("76543210")


def test_it_sends_the_log_as_a_file_and_says_who_took_it(admin: Browser, conn: Connection[Any]) -> None:
    audit.record(conn, None, "campaign.paused", "campaign", 7, {"by": "abandon_cap", "abandoned": 4})
    answer = admin.get("/audit/audit.csv?who=system")
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
    assert [(row["by"], row["action"], row["id"], row["details"]) for row in rows] == [
        ("system", "campaign.paused", "7", "by: abandon_cap; abandoned: 4")
    ]
    assert conn.execute("SELECT details FROM audit_log WHERE action = 'audit.exported'").fetchone() == (
        {"who": "system"},
    )


def test_only_an_administrator_reads_the_log_and_a_manager_the_blacklists_changes(sign_in: SignIn) -> None:
    manager, operator = sign_in("manager"), sign_in("operator")
    assert manager.get("/audit/").status_code == 403
    assert manager.get("/audit/audit.csv").status_code == 403
    assert manager.get("/blacklist/changes/").status_code == 200
    assert operator.get("/blacklist/changes/").status_code == 403
    assert operator.get("/blacklist/changes/changes.csv").status_code == 403


def test_it_shows_every_change_of_the_blacklists_with_who_and_why(admin: Browser, conn: Connection[Any]) -> None:
    assert "Nothing has been changed yet." in admin.text("/blacklist/changes/")
    pair = sample.a_gateway(conn)
    sample.contacts(conn, sample.a_campaign(conn, pair=pair), 1)
    blacklist.add(conn, "+79164000000", BlacklistReason.CUSTOMER_REQUEST, attempt_id="0" * 31 + "1")
    blacklist.add(conn, "+79164000137", BlacklistReason.LEGAL)
    admin.post("/blacklist/", {"phone": "+79164000274", "reason": "vip", "note": "<boss>", "blacklist_id": "1"})
    admin.post("/blacklist/remove", {"numbers": "+79164000137", "blacklist_id": "1", "why": "a <mistake>"})

    def shown(query: str) -> list[str]:
        return re.findall(r"<b>(\+\d+)</b>", admin.text(f"/blacklist/changes/?{query}"))

    assert shown("") == ["+79164000137", "+79164000274", "+79164000137", "+79164000000"]
    assert shown("action=removed") == ["+79164000137"]
    assert shown("who=callee") == ["+79164000000"]
    assert shown("who=system") == ["+79164000137"]
    assert len(shown("phone=8 916 400-01-37")) == 2
    assert shown("until=2026-01-01") == []
    page = admin.text("/blacklist/changes/?action=removed")
    for part in ("a &lt;mistake&gt;", "admin-en@example.com", "Removed"):
        assert part in page
    assert "the callee, in a call" in admin.text("/blacklist/changes/?who=callee")
    rows = list(
        csv.DictReader(io.StringIO(admin.get("/blacklist/changes/changes.csv").get_data(as_text=True).lstrip("\ufeff")))
    )
    assert [(row["action"], row["phone"], row["by"], row["why"]) for row in rows] == [
        ("added", "+79164000000", "callee", ""),
        ("added", "+79164000137", "system", ""),
        ("added", "+79164000274", "admin-en@example.com", ""),
        ("removed", "+79164000137", "admin-en@example.com", "a <mistake>"),
    ]
