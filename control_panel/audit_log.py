"""The audit log: who changed what, found and downloaded by administrators."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from control_panel.access import needs
from control_panel.audit_words import ACTIONS
from control_panel.csv_files import csv_response
from control_panel.database import connection, streamed
from control_panel.record_pages import asked, day_of, page
from db import audit, users
from db.audit import AuditEntry, AuditFilter
from db.users import UserRole as Role

blueprint = Blueprint("audit_log", __name__, url_prefix="/audit")

HEADER = ("at", "by", "action", "type", "id", "details")
SYSTEM = "system"


def details_of(details: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a line's details as (name, text); what was changed reads as `old → new`."""
    found: list[tuple[str, str]] = []
    for name, value in details.items():
        if name == "changed" and isinstance(value, Mapping):
            found += [(key, " → ".join(map(str, pair))) for key, pair in value.items()]
        elif isinstance(value, Mapping):
            found += [(f"{name}: {key}", text) for key, text in details_of(value)]
        elif isinstance(value, list):
            found.append((name, ", ".join("—" if one is None else str(one) for one in value)))
        elif value not in (None, ""):
            found.append((name, str(value)))
    return found


def page_of(entry: AuditEntry) -> str | None:
    """Return the address of the page about what was changed, None when there is none."""
    if entry.entity_type == "campaign":
        return url_for("campaigns.show", campaign_id=entry.entity_id)
    if entry.entity_type == "phone":
        return url_for("blacklist.check", phone=entry.entity_id)
    if entry.entity_type in ("limit_profile", "prefix", "project"):
        return url_for("limits.index")
    if entry.entity_type == "user":
        return url_for("users.edit", user_id=entry.entity_id)
    return url_for("holidays.index") if entry.entity_type == "holiday" else None


def _chosen() -> AuditFilter:
    who = request.args.get("who", "")
    return AuditFilter(
        user_id=int(who) if who.isdecimal() else None,
        by_system=who == SYSTEM,
        action=request.args.get("action") or None,
        entity_id=request.args.get("about", "").strip(),
        since=day_of("since"),
        until=day_of("until"),
    )


def _asked() -> dict[str, str]:
    return asked(("who", "action", "about", "since", "until"))


@blueprint.get("/")
@needs(Role.ADMIN)
def index() -> str:
    """Show the changes, newest first."""
    conn, chosen = connection(), _chosen()
    shown = page(lambda before, limit: audit.found(conn, chosen, before, limit))
    shown["rows"] = [(row, page_of(row), details_of(row.details)) for row in shown["rows"]]
    return render_template(
        "audit_log/index.html",
        **shown,
        asked=_asked(),
        actions=sorted(ACTIONS.items(), key=lambda pair: str(pair[1])),
        words=ACTIONS,
        users=users.list_all(conn),
        system=SYSTEM,
    )


@blueprint.get("/audit.csv")
@needs(Role.ADMIN)
def export() -> Response:
    """Send those that the filter finds, oldest first; times are UTC."""
    chosen = _chosen()
    audit.record(connection(), current_user.id, "audit.exported", "audit", "all", _asked())
    return csv_response("audit.csv", HEADER, _lines(streamed(lambda conn: audit.every(conn, chosen))))


def _lines(entries: Iterator[AuditEntry]) -> Iterator[list[str]]:
    for one in entries:
        details = "; ".join(f"{name}: {text}" for name, text in details_of(one.details))
        who = one.user_email or SYSTEM
        yield [one.at.isoformat(), who, one.action, one.entity_type, one.entity_id, details]
