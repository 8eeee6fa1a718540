"""Numbers that nobody calls: found, checked, added, changed, removed; every change says who and why."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from control_panel.access import needs
from control_panel.blacklist_forms import (
    DEFAULT_COUNTRY,
    EditForm,
    EntryForm,
    ManyForm,
    RemoveForm,
    offer,
    read_numbers,
)
from control_panel.csv_files import csv_response
from control_panel.database import connection, streamed
from db import audit, blacklist, blacklists
from db.blacklist import BlacklistEntry, BlacklistReason
from db.users import UserRole as Role
from dialer.errors import InvalidNumber
from dialer.phone import normalise

blueprint = Blueprint("blacklist", __name__, url_prefix="/blacklist")

PAGE_ROWS = 50
HEADER = ("phone", "reason", "note", "created_at", "expires_at", "list", "added_by", "hits")
"""Of the file; an import reads the first three and expires_at again."""
EMPTY: dict[str, Any] = {"reason": BlacklistReason.CUSTOMER_REQUEST, "blacklist_id": blacklist.GENERAL}


def _chosen_reason() -> BlacklistReason | None:
    with suppress(ValueError):
        return BlacklistReason(request.args.get("reason", ""))
    return None


def _page(form: EntryForm | None = None, many: ManyForm | None = None, fewer: RemoveForm | None = None) -> str:
    conn = connection()
    shown = {
        "form": form or EntryForm(formdata=None, data=EMPTY),
        "many": many or ManyForm(formdata=None, data=EMPTY),
        "fewer": fewer or RemoveForm(formdata=None, data=EMPTY),
    }
    offer(conn, *shown.values())
    search = request.args.get("search", "").strip()
    digits = "".join(c for c in search if c.isdigit())
    with suppress(InvalidNumber):
        digits = normalise(search, DEFAULT_COUNTRY).e164.lstrip("+")
    page = max(request.args.get("page", 1, type=int), 1)
    asked: dict[str, Any] = {"blacklist_id": request.args.get("list", type=int), "reason": _chosen_reason()}
    rows, count = blacklist.list_page(conn, digits, page, PAGE_ROWS, **asked)
    return render_template(
        "blacklist/index.html",
        rows=rows,
        count=count,
        page=page,
        has_more=page * PAGE_ROWS < count,
        search=search,
        lists=blacklists.every(conn),
        reasons=list(BlacklistReason),
        asked=asked,
        now=datetime.now(UTC),
        by_reason=blacklist.by_reason(conn),
        **shown,
    )


@blueprint.get("/")
@needs(Role.VIEWER)
def index() -> str:
    """List the entries, newest first; a search finds parts of their numbers."""
    return _page()


@blueprint.post("/")
@needs(Role.MANAGER)
def add() -> str | Response | tuple[str, int]:
    """Add a number; contacts that wait with it are blocked at once."""
    form = EntryForm()
    offer(connection(), form)
    if not form.validate_on_submit():
        return _page(form), 400
    try:
        phone = normalise(str(form.phone.data), DEFAULT_COUNTRY).e164
    except InvalidNumber:
        form.phone.errors = [_("This is no phone number. Write it with its country code, as +7…")]
        return _page(form), 400
    chosen = form.chosen()
    blacklist.add(connection(), phone, user_id=current_user.id, **chosen)
    details = {"reason": str(chosen["reason"]), "note": chosen["note"], "list": chosen["blacklist_id"]}
    audit.record(connection(), current_user.id, "blacklist.added", "phone", phone, details)
    flash(_("%(phone)s will not be called.", phone=phone), "success")
    return redirect(url_for("blacklist.index"))


@blueprint.post("/many")
@needs(Role.MANAGER)
def add_many() -> str | Response | tuple[str, int]:
    """Add many numbers, one a line; none when a line is no number, so that nobody has to find out which were taken."""
    form = ManyForm()
    offer(connection(), form)
    phones = read_numbers(form.numbers) if form.validate_on_submit() else None
    if phones is None:
        return _page(many=form), 400
    chosen = form.chosen()
    added = blacklist.add_many(connection(), phones, user_id=current_user.id, **chosen)
    details = {"reason": str(chosen["reason"]), "note": chosen["note"], "numbers": len(added)}
    audit.record(connection(), current_user.id, "blacklist.added", "blacklist", chosen["blacklist_id"], details)
    flash(_("%(new)s numbers added, %(known)s were listed already.", new=len(added),
            known=len(set(phones)) - len(added)), "success")  # fmt: skip
    return redirect(url_for("blacklist.index"))


@blueprint.post("/remove")
@needs(Role.MANAGER)
def remove() -> str | Response | tuple[str, int]:
    """Remove numbers from a list, for a reason; contacts that were blocked stay blocked."""
    form = RemoveForm()
    offer(connection(), form)
    phones = read_numbers(form.numbers) if form.validate_on_submit() else None
    if phones is None:
        return _page(fewer=form), 400
    why, blacklist_id = str(form.why.data).strip(), form.blacklist_id.data
    removed = blacklist.remove(connection(), phones, why, blacklist_id, current_user.id)
    details = {"numbers": len(removed), "why": why}
    audit.record(connection(), current_user.id, "blacklist.removed", "blacklist", blacklist_id, details)
    missing = len(set(phones)) - len(removed)
    flash(
        _("%(count)s numbers removed, %(missing)s were not on the list.", count=len(removed), missing=missing),
        "success",
    )
    return redirect(url_for("blacklist.index"))


@blueprint.get("/check")
@needs(Role.VIEWER)
def check() -> str:
    """Say whether a number is blocked, by which list, why, since when, by whom; and what became of it before."""
    asked, phone = request.args.get("phone", "").strip(), None
    with suppress(InvalidNumber):
        phone = normalise(asked, DEFAULT_COUNTRY).e164
    conn = connection()
    return render_template(
        "blacklist/check.html",
        asked=asked,
        phone=phone,
        entries=blacklist.check(conn, phone) if phone else [],
        changes=blacklist.history(conn, phone) if phone else [],
        lists={one.id: one for one in blacklists.every(conn)},
        now=datetime.now(UTC),
    )


def _entry_or_404(entry_id: int) -> BlacklistEntry:
    return blacklist.get(connection(), entry_id) or abort(404)


def _edit_page(entry: BlacklistEntry, form: EditForm) -> str:
    offer(connection(), form)
    return render_template("blacklist/entry.html", entry=entry, form=form)


@blueprint.get("/entries/<int:entry_id>")
@needs(Role.MANAGER)
def entry(entry_id: int) -> str:
    """Show an entry, to be changed."""
    found = _entry_or_404(entry_id)
    until = found.expires_at and (found.expires_at - timedelta(seconds=1)).date()
    return _edit_page(found, EditForm(formdata=None, data={"reason": found.reason, "note": found.note, "until": until}))


@blueprint.post("/entries/<int:entry_id>")
@needs(Role.MANAGER)
def edit(entry_id: int) -> str | Response | tuple[str, int]:
    """Change an entry's reason, note or end."""
    found, form = _entry_or_404(entry_id), EditForm()
    offer(connection(), form)
    if not form.validate_on_submit():
        return _edit_page(found, form), 400
    reason, note, why = BlacklistReason(form.reason.data), str(form.note.data or "").strip(), str(form.why.data).strip()
    blacklist.edit(connection(), entry_id, reason, note, form.expires_at(), current_user.id, why)
    details = {"reason": str(reason), "note": note, "why": why}
    audit.record(connection(), current_user.id, "blacklist.changed", "phone", found.phone, details)
    flash(_("Saved."), "success")
    return redirect(url_for("blacklist.check", phone=found.phone))


@blueprint.get("/blacklist.csv")
@needs(Role.MANAGER)
def export() -> Response:
    """Send a list, or all of them."""
    blacklist_id = request.args.get("list", type=int)
    rows = (
        (
            e.phone, str(e.reason), e.note, e.created_at.isoformat(), e.expires_at.isoformat() if e.expires_at else "",
            e.list_name, e.added_by or "", str(e.hits),
        )
        for e in streamed(lambda conn: blacklist.every(conn, blacklist_id))
    )  # fmt: skip
    return csv_response("blacklist.csv", HEADER, rows)


@blueprint.get("/statistics")
@needs(Role.VIEWER)
def statistics() -> str:
    """Count by list, by reason and by month."""
    conn = connection()
    return render_template(
        "blacklist/statistics.html",
        lists=blacklists.every(conn),
        by_reason=blacklist.by_reason(conn),
        by_month=blacklist.by_month(conn),
    )
