"""Every change of the blacklists: what, who and why, found and downloaded."""

from collections.abc import Iterator
from contextlib import suppress

from flask import Blueprint, render_template, request
from flask_login import current_user
from werkzeug.wrappers import Response

from control_panel.access import needs
from control_panel.blacklist_forms import DEFAULT_COUNTRY
from control_panel.csv_files import csv_response
from control_panel.database import connection, streamed
from control_panel.labels import label
from control_panel.record_pages import asked, day_of, page
from db import audit, blacklist_changes, users
from db.blacklist import ChangeAction
from db.blacklist_changes import CALLEE, SYSTEM, ChangeFilter, NumberChange
from db.users import UserRole as Role
from dialer.errors import InvalidNumber
from dialer.phone import normalise

blueprint = Blueprint("blacklist_changes", __name__, url_prefix="/blacklist/changes")

HEADER = ("at", "action", "list", "phone", "reason", "note", "expires_at", "by", "call", "why")


def _chosen() -> ChangeFilter:
    action, phone = None, request.args.get("phone", "").strip()
    with suppress(ValueError):
        action = ChangeAction(request.args.get("action", ""))
    with suppress(InvalidNumber):
        phone = normalise(phone, DEFAULT_COUNTRY).e164
    return ChangeFilter(phone, action, request.args.get("who", ""), day_of("since"), day_of("until"))


def _asked() -> dict[str, str]:
    return asked(("phone", "action", "who", "since", "until"))


@blueprint.get("/")
@needs(Role.MANAGER)
def index() -> str:
    """Show them, newest first."""
    conn, chosen = connection(), _chosen()
    return render_template(
        "blacklist/changes.html",
        **page(lambda before, limit: blacklist_changes.found(conn, chosen, before, limit)),
        asked=_asked(),
        actions=[(action, label(action)) for action in ChangeAction],
        users=users.list_all(conn),
        callee=CALLEE,
        system=SYSTEM,
    )


@blueprint.get("/changes.csv")
@needs(Role.MANAGER)
def export() -> Response:
    """Send those that the filter finds, oldest first; times are UTC."""
    chosen = _chosen()
    audit.record(connection(), current_user.id, "blacklist.changes_exported", "blacklist", "all", _asked())
    return csv_response(
        "blacklist-changes.csv", HEADER, _lines(streamed(lambda conn: blacklist_changes.every(conn, chosen)))
    )


def _lines(changes: Iterator[NumberChange]) -> Iterator[list[str]]:
    for one in changes:
        until = one.expires_at.isoformat() if one.expires_at else ""
        who = one.user_email or (CALLEE if one.attempt_id else SYSTEM)
        yield [
            one.at.isoformat(), str(one.action), one.list_name, one.phone, str(one.reason), one.note, until, who,
            one.attempt_id or "", one.why,
        ]  # fmt: skip
