"""Limits of all campaigns together: calls per number as profiles, prefixes that are refused, the day's budgets."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import StringField, ValidationError
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from control_panel.access import needs
from control_panel.database import connection
from control_panel.number_fields import WholeField
from control_panel.rule_fields import MOST_CALLS, MOST_MINUTES
from db import audit, limits
from db.limits import Budgets, LimitProfile
from db.users import UserRole as Role
from dialer.destination import PREFIX

blueprint = Blueprint("limits", __name__, url_prefix="/limits")

SHOWN_PREFIXES = 30
REQUIRED = _l("Fill this in.")

Answer = str | Response | tuple[str, int]


def _number(text: Any, high: int) -> WholeField:
    between = _l("A whole number from %(low)s to %(high)s, or nothing.", low=1, high=high)
    return WholeField(text, [Optional(), NumberRange(1, high, between)])


class ProfileForm(FlaskForm):
    """How often one number may be called; an empty number means no limit."""

    name = StringField(_l("Name"), [InputRequired(REQUIRED), Length(max=120)])
    per_day = _number(_l("A day"), 1000)
    per_week = _number(_l("A week"), 1000)
    per_month = _number(_l("A month"), 1000)

    def profile(self, profile_id: int = 0) -> LimitProfile:
        """Return what was filled in."""
        name = str(self.name.data).strip()
        return LimitProfile(profile_id, name, self.per_day.data, self.per_week.data, self.per_month.data)


class PrefixForm(FlaskForm):
    """Numbers that are never dialled."""

    prefix = StringField(_l("Prefix"), [InputRequired(REQUIRED)])
    note = StringField(_l("Note"), [Length(max=120)])

    def validate_prefix(self, field: StringField) -> None:
        """A plus and digits."""
        if not PREFIX.fullmatch((field.data or "").strip()):
            raise ValidationError(_l("Write it as +7809."))


class BudgetForm(FlaskForm):
    """Of all campaigns together."""

    max_calls_per_day = _number(_l("Calls a day at most"), MOST_CALLS)
    max_minutes_per_day = _number(_l("Minutes a day at most"), MOST_MINUTES)


def _page(
    profile: ProfileForm | None = None, prefix: PrefixForm | None = None, budget: BudgetForm | None = None
) -> str:
    conn, search = connection(), request.args.get("search", "").strip()
    budgets = limits.budgets(conn)
    refused, count = limits.refused(conn, search, SHOWN_PREFIXES)
    return render_template(
        "limits/index.html",
        profiles=limits.profiles(conn),
        refused=refused,
        refused_count=count,
        search=search,
        profile_form=profile or ProfileForm(formdata=None),
        prefix_form=prefix or PrefixForm(formdata=None),
        budget_form=budget or BudgetForm(formdata=None, obj=budgets),
        budgets=budgets,
    )


def _for_the_log(one: LimitProfile) -> dict[str, Any]:
    return {"name": one.name, "limits": [one.per_day, one.per_week, one.per_month]}


def _done(text: str) -> Response:
    flash(text, "success")
    return redirect(url_for("limits.index"))


@blueprint.get("/")
@needs(Role.VIEWER)
def index() -> str:
    """Show them all."""
    return _page()


@blueprint.post("/profiles")
@needs(Role.MANAGER)
def add_profile() -> Answer:
    """Keep a new profile."""
    form = ProfileForm()
    if not form.validate_on_submit():
        return _page(profile=form), 400
    new = form.profile()
    profile_id = limits.add_profile(connection(), new)
    if profile_id is None:
        form.name.errors = [_("There is one of this name already.")]
        return _page(profile=form), 400
    audit.record(connection(), current_user.id, "limit_profile.added", "limit_profile", profile_id, _for_the_log(new))
    return _done(_("The profile can be chosen in campaigns now."))


def _profile_or_404(profile_id: int) -> LimitProfile:
    return limits.profile(connection(), profile_id) or abort(404)


@blueprint.get("/profiles/<int:profile_id>")
@needs(Role.MANAGER)
def profile(profile_id: int) -> Answer:
    """Show a profile, to be changed."""
    found = _profile_or_404(profile_id)
    return render_template("limits/profile.html", profile=found, form=ProfileForm(formdata=None, obj=found))


@blueprint.post("/profiles/<int:profile_id>")
@needs(Role.MANAGER)
def change_profile(profile_id: int) -> Answer:
    """Change a profile; every campaign that has it keeps the new numbers from its next call on."""
    before, form = _profile_or_404(profile_id), ProfileForm()
    if not form.validate_on_submit():
        return render_template("limits/profile.html", profile=before, form=form), 400
    new = form.profile(profile_id)
    if not limits.change_profile(connection(), new):
        form.name.errors = [_("There is one of this name already.")]
        return render_template("limits/profile.html", profile=before, form=form), 400
    details = {"from": _for_the_log(before), "to": _for_the_log(new), "campaigns": before.campaigns}
    audit.record(connection(), current_user.id, "limit_profile.changed", "limit_profile", profile_id, details)
    return _done(_("Saved."))


@blueprint.post("/profiles/<int:profile_id>/remove")
@needs(Role.MANAGER)
def remove_profile(profile_id: int) -> Answer:
    """Forget a profile no campaign has."""
    gone = _profile_or_404(profile_id)
    if not limits.remove_profile(connection(), profile_id):
        flash(_("A profile that a campaign has is kept."), "error")
        return redirect(url_for("limits.index"))
    audit.record(
        connection(), current_user.id, "limit_profile.removed", "limit_profile", profile_id, _for_the_log(gone)
    )
    return _done(_("The profile is removed."))


@blueprint.post("/prefixes")
@needs(Role.MANAGER)
def refuse() -> Answer:
    """Refuse numbers that begin so."""
    form = PrefixForm()
    if not form.validate_on_submit():
        return _page(prefix=form), 400
    prefix, note = str(form.prefix.data).strip(), str(form.note.data or "").strip()
    limits.refuse(connection(), prefix, note)
    audit.record(connection(), current_user.id, "prefix.refused", "prefix", prefix, {"note": note})
    return _done(_("Numbers that begin with %(prefix)s are not dialled any more.", prefix=prefix))


@blueprint.post("/prefixes/remove")
@needs(Role.ADMIN)
def allow() -> Response:
    """Let numbers that begin so be dialled again: they may cost a lot, so only an administrator may."""
    prefix = request.form.get("prefix", "")
    if not limits.allow(connection(), prefix):
        abort(404)
    audit.record(connection(), current_user.id, "prefix.allowed", "prefix", prefix)
    return _done(_("Numbers that begin with %(prefix)s may be dialled again.", prefix=prefix))


@blueprint.post("/budgets")
@needs(Role.ADMIN)
def set_budgets() -> Answer:
    """Set what all campaigns may spend on a day."""
    form = BudgetForm()
    if not form.validate_on_submit():
        return _page(budget=form), 400
    before = limits.budgets(connection())
    new = Budgets(form.max_calls_per_day.data, form.max_minutes_per_day.data)
    limits.set_budgets(connection(), new)
    details = {
        "calls": [before.max_calls_per_day, new.max_calls_per_day],
        "minutes": [before.max_minutes_per_day, new.max_minutes_per_day],
    }
    audit.record(connection(), current_user.id, "budgets.changed", "project", 1, details)
    return _done(_("Saved."))
