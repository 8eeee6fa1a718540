"""Numbers that nobody calls: looked up, added, removed."""

from contextlib import suppress

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from control_panel.access import needs
from control_panel.campaign_form import choices_of
from control_panel.csv_files import csv_response
from control_panel.database import connection
from control_panel.labels import label
from db import audit, blacklist
from db.blacklist import BlacklistReason
from db.users import UserRole as Role
from dialer.errors import InvalidNumber
from dialer.phone import normalise

blueprint = Blueprint("blacklist", __name__, url_prefix="/blacklist")

PAGE_ROWS = 50
DEFAULT_COUNTRY = "RU"
MOST_NUMBERS = 20_000
SHOWN_WRONG = 10


class EntryForm(FlaskForm):
    """One number with its reason."""

    phone = StringField(_l("Number"), [InputRequired(_l("Fill this in.")), Length(max=40)])
    reason = SelectField(_l("Reason"), choices=[str(reason) for reason in BlacklistReason])
    note = StringField(_l("Note"), [Length(max=500)])


class ManyForm(FlaskForm):
    """Many numbers with one reason."""

    numbers = TextAreaField(_l("Numbers, one a line"), [InputRequired(_l("Fill this in."))])
    reason = SelectField(_l("Reason"), choices=[str(reason) for reason in BlacklistReason])
    note = StringField(_l("Note"), [Length(max=500)])


def _page(form: EntryForm | None = None, many: ManyForm | None = None) -> str:
    shown_form = form or EntryForm(formdata=None, data={"reason": BlacklistReason.CUSTOMER_REQUEST})
    shown_many = many or ManyForm(formdata=None, data={"reason": BlacklistReason.CUSTOMER_REQUEST})
    choices = choices_of({str(reason): label(reason) for reason in BlacklistReason})
    shown_form.reason.choices = shown_many.reason.choices = choices
    search = request.args.get("search", "").strip()
    digits = "".join(c for c in search if c.isdigit())
    with suppress(InvalidNumber):
        digits = normalise(search, DEFAULT_COUNTRY).e164.lstrip("+")
    page = max(request.args.get("page", 1, type=int), 1)
    rows, count = blacklist.list_page(connection(), digits, page, PAGE_ROWS)
    return render_template(
        "blacklist/index.html",
        rows=rows,
        count=count,
        page=page,
        has_more=page * PAGE_ROWS < count,
        search=search,
        form=shown_form,
        many=shown_many,
        by_reason=blacklist.by_reason(connection()),
    )


@blueprint.get("/")
@needs(Role.VIEWER)
def index() -> str:
    """List the numbers, newest first; a search finds parts of them."""
    return _page()


@blueprint.post("/")
@needs(Role.MANAGER)
def add() -> str | Response | tuple[str, int]:
    """Add a number; contacts that wait with it are blocked at once."""
    form = EntryForm()
    if not form.validate_on_submit():
        return _page(form), 400
    try:
        phone = normalise(str(form.phone.data), DEFAULT_COUNTRY).e164
    except InvalidNumber:
        form.phone.errors = [_("This is no phone number. Write it with its country code, as +7…")]
        return _page(form), 400
    reason, note = BlacklistReason(form.reason.data), str(form.note.data or "").strip()
    blacklist.add(connection(), phone, reason, note)
    details = {"reason": str(reason), "note": note}
    audit.record(connection(), current_user.id, "blacklist.added", "phone", phone, details)
    flash(_("%(phone)s will not be called.", phone=phone), "success")
    return redirect(url_for("blacklist.index"))


@blueprint.post("/many")
@needs(Role.MANAGER)
def add_many() -> str | Response | tuple[str, int]:
    """Add many numbers, one a line; none when a line is no number, so that nobody has to find out which were taken."""
    form = ManyForm()
    if not form.validate_on_submit():
        return _page(many=form), 400
    phones, wrong = [], []
    for line in filter(None, map(str.strip, str(form.numbers.data).splitlines())):
        try:
            phones.append(normalise(line, DEFAULT_COUNTRY).e164)
        except InvalidNumber:
            wrong.append(line)
    if wrong or len(phones) > MOST_NUMBERS:
        shown = ", ".join(wrong[:SHOWN_WRONG])
        form.numbers.errors = [
            _("These lines are no phone numbers, so none was added: %(lines)s", lines=shown)
            if wrong
            else _("At most %(most)s numbers at once.", most=MOST_NUMBERS)
        ]
        return _page(many=form), 400
    reason, note = BlacklistReason(form.reason.data), str(form.note.data or "").strip()
    added = blacklist.add_many(connection(), phones, reason, note)
    details = {"reason": str(reason), "note": note}
    audit.record_many(connection(), current_user.id, "blacklist.added", "phone", added, details)
    flash(_("%(new)s numbers added, %(known)s were listed already.", new=len(added),
            known=len(set(phones)) - len(added)), "success")  # fmt: skip
    return redirect(url_for("blacklist.index"))


@blueprint.get("/blacklist.csv")
@needs(Role.MANAGER)
def export() -> Response:
    """Send the whole list."""
    rows = (
        (e.phone, str(e.reason), e.note, e.created_at.isoformat(), e.expires_at.isoformat() if e.expires_at else "")
        for e in blacklist.every(connection())
    )
    header = ("phone", "reason", "note", "created_at", "expires_at")
    return csv_response("blacklist.csv", header, list(rows))


@blueprint.post("/remove")
@needs(Role.MANAGER)
def remove() -> Response:
    """Remove a number; contacts that were blocked stay blocked."""
    phone = request.form.get("phone", "")
    if not blacklist.remove(connection(), phone):
        abort(404)
    audit.record(connection(), current_user.id, "blacklist.removed", "phone", phone)
    flash(_("%(phone)s is off the blacklist.", phone=phone), "success")
    return redirect(url_for("blacklist.index"))
