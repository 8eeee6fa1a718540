"""The telephone switches: where each is, what it may carry, how it fares, and taking one out of service."""

import re
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import BooleanField, StringField
from wtforms.validators import InputRequired, NumberRange, Optional, Regexp

from control_panel.access import needs
from control_panel.context import settings
from control_panel.database import connection
from control_panel.number_fields import WholeField
from db import audit, overview, switches
from db.errors import AlreadyExists, NotFound
from db.switches import KnownSwitch, SwitchRow
from db.users import UserRole as Role

blueprint = Blueprint("switches", __name__, url_prefix="/switches")

NAME = r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z"
HOST = re.compile(r"\A[A-Za-z0-9:][A-Za-z0-9.:-]{0,252}\Z")
REQUIRED = _l("Fill this in.")
OUT = {
    "disabled": _l("taken out: its calls end, new ones go elsewhere"),
    "away": _l("there is no connection to its Event Socket"),
    "sign_in": _l("it refuses the password of its Event Socket, or the file with it can't be read"),
    "silent": _l("it is connected and does not answer"),
    "scripts_silent": _l("its call scripts give no sign of life"),
    "spool_full": _l("its disk could not keep the results of further calls"),
    "returning": _l("it has come back, the calls it had are being compared"),
    "spool_waits": _l("it has come back with results that are not written down yet"),
    "refused": _l("it refused a call, it is tried again in a few seconds"),
}
"""Why a switch gets no calls (dialer.switches.Out) → in words."""

Answer = str | Response | tuple[str, int]


class SwitchForm(FlaskForm):
    """A switch's address and limit."""

    host = StringField(_l("Address"), [InputRequired(REQUIRED), Regexp(HOST, message=_l("A host name or an address."))])
    port = WholeField(
        _l("Port of the Event Socket"), [InputRequired(REQUIRED), NumberRange(1, 65_535, _l("A port from 1 to 65535."))]
    )
    max_channels = WholeField(_l("Calls at once"), [Optional(), NumberRange(1, 100_000, _l("A whole number from 1."))])
    is_enabled = BooleanField(_l("Takes calls"), default=True)


class NewSwitchForm(SwitchForm):
    """A further switch."""

    name = StringField(
        _l("Name"),
        [
            InputRequired(REQUIRED),
            Regexp(NAME, message=_l("Latin letters, digits, dot, dash and underscore, up to 64.")),
        ],
    )


def _page(form: NewSwitchForm | None = None) -> str:
    found = switches.list_all(connection())
    return render_template(
        "switches/index.html",
        switches=found,
        to_mend=overview.unfollowable(connection()) if any(switch.kept_results for switch in found) else [],
        out=OUT,
        total=settings().max_channels,
        rest_s=switches.REST_S,
        form=form or NewSwitchForm(formdata=None, data={"port": 8021, "is_enabled": True}),
        is_refused=form is not None,
    )


def switch_or_404(switch_id: int) -> KnownSwitch:
    """Return the switch, or end the request: there is none."""
    found = [one for one in switches.list_all(connection()) if one.id == switch_id]
    return found[0] if found else abort(404)


def _row(form: SwitchForm, switch_id: int, name: str) -> SwitchRow:
    host, port = str(form.host.data or "").strip(), form.port.data or 8021
    return SwitchRow(switch_id, name, host, port, form.max_channels.data, bool(form.is_enabled.data))


def _facts(row: SwitchRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("name", "host", "port", "max_channels", "is_enabled")}


@blueprint.get("/")
@needs(Role.VIEWER)
def index() -> Answer:
    """List the switches and how they fare."""
    return _page()


@blueprint.post("/")
@needs(Role.ADMIN)
def add() -> Answer:
    """Add a switch; every scheduler connects to it within a second."""
    form = NewSwitchForm()
    if not form.validate_on_submit():
        return _page(form), 400
    row = _row(form, 0, str(form.name.data))
    try:
        switch_id = switches.create(connection(), row)
    except AlreadyExists:
        form.name.errors = [_("There is a switch of this name or at this address already.")]
        return _page(form), 400
    audit.record(connection(), current_user.id, "switch.added", "switch", str(switch_id), _facts(row))
    flash(_("The switch is added. It gets calls as soon as it answers."), "success")
    return redirect(url_for("switches.index"))


@blueprint.get("/<int:switch_id>")
@needs(Role.ADMIN)
def edit(switch_id: int) -> Answer:
    """Show a switch's settings."""
    switch = switch_or_404(switch_id)
    return render_template("switches/edit.html", switch=switch, form=SwitchForm(obj=switch))


@blueprint.post("/<int:switch_id>")
@needs(Role.ADMIN)
def update(switch_id: int) -> Answer:
    """Store them; they hold for the very next call. The address of the settings' own switch is not taken."""
    switch, form = switch_or_404(switch_id), SwitchForm()
    if switch.is_from_settings:  # its form shows no address
        form.host.data, form.port.data = switch.host, switch.port
    if not form.validate_on_submit():
        return render_template("switches/edit.html", switch=switch, form=form), 400
    row = _row(form, switch_id, switch.name)
    try:
        switches.update(connection(), row)
    except NotFound:
        form.host.errors = [_("There is a switch of this name or at this address already.")]
        return render_template("switches/edit.html", switch=switch, form=form), 400
    _note_change(switch, row)
    flash(_("Saved."), "success")
    return redirect(url_for("switches.index"))


@blueprint.post("/<int:switch_id>/service")
@needs(Role.ADMIN)
def toggle(switch_id: int) -> Answer:
    """Take it out, or back in: its calls go on, new ones go elsewhere."""
    switch = switch_or_404(switch_id)
    row = SwitchRow(
        switch.id, switch.name, switch.host, switch.port, switch.max_channels, is_enabled=not switch.is_enabled
    )
    switches.update(connection(), row)
    _note_change(switch, row)
    said = _("%(name)s takes calls again.") if row.is_enabled else _("%(name)s gets no new calls; those it has go on.")
    flash(said % {"name": switch.name}, "success")
    return redirect(url_for("switches.index"))


@blueprint.post("/<int:switch_id>/remove")
@needs(Role.ADMIN)
def remove(switch_id: int) -> Answer:
    """Remove one that has been out for a while and has no call."""
    switch = switch_or_404(switch_id)
    if switches.remove(connection(), switch_id):
        audit.record(connection(), current_user.id, "switch.removed", "switch", str(switch_id), _facts(switch))
        flash(_("%(name)s is removed.", name=switch.name), "success")
    else:
        flash(_("It stays: take it out first, and wait until its calls have ended."), "error")
    return redirect(url_for("switches.index"))


def _note_change(before: SwitchRow, after: SwitchRow) -> None:
    details = {"from": _facts(before), "to": _facts(after)}
    audit.record(connection(), current_user.id, "switch.changed", "switch", str(before.id), details)
