"""Gateways with their limits, and the caller IDs that may be shown through each."""

from collections import defaultdict
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import BooleanField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp

from control_panel.access import needs
from control_panel.database import connection
from control_panel.number_fields import NumberField, WholeField
from db import audit, caller_ids, gateway_health, gateways
from db.errors import AlreadyExists, InUse
from db.gateways import Gateway
from db.users import UserRole as Role
from dialer.caller_id import LONGEST_SHOWN, shown
from dialer.dial_string import GATEWAY
from dialer.errors import InvalidLabel, InvalidNumber
from dialer.phone import normalise

blueprint = Blueprint("gateways", __name__, url_prefix="/gateways")

NAME = rf"\A{GATEWAY.pattern}\Z"

Answer = str | Response | tuple[str, int]


class LimitsForm(FlaskForm):
    """A gateway's limits."""

    max_channels = WholeField(
        _l("Calls at once"), [InputRequired(_l("Fill this in.")), NumberRange(1, 100_000, _l("A whole number from 1."))]
    )
    calls_per_second = NumberField(
        _l("New calls per second"),
        [InputRequired(_l("Fill this in.")), NumberRange(0.01, 1000, _l("A number from 0.01 to 1000."))],
    )
    calls_per_minute = WholeField(
        _l("New calls per minute"), [Optional(), NumberRange(1, 60_000, _l("A whole number from 1."))]
    )


class GatewayForm(LimitsForm):
    """A new gateway."""

    name = StringField(
        _l("Name"),
        [
            InputRequired(_l("Fill this in.")),
            Regexp(NAME, message=_l("Latin letters, digits, dot, dash and underscore, up to 64.")),
        ],
    )


class SettingsForm(LimitsForm):
    """A known gateway's settings."""

    is_enabled = BooleanField(_l("Calls may use it"))


TOO_LONG = _l("At most 32 characters together with the category: networks show no more.")


class CallerIdForm(FlaskForm):
    """A number that may be shown."""

    phone = StringField(_l("Number"), [InputRequired(_l("Fill this in.")), Length(max=40)])
    label = StringField(_l("Label"), [Length(max=LONGEST_SHOWN, message=TOO_LONG)])
    category = StringField(_l("Category"), [Length(max=LONGEST_SHOWN, message=TOO_LONG)])

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the fields, and that networks can show label and category together."""
        if not super().validate(extra_validators):
            return False
        try:
            shown(str(self.label.data or ""), str(self.category.data or ""))
        except InvalidLabel:
            self.label.errors = [TOO_LONG]
            return False
        return True


def _page(form: GatewayForm | None = None, caller_form: CallerIdForm | None = None, gateway_id: int = 0) -> str:
    conn = connection()
    by_gateway = defaultdict(list)
    for caller in caller_ids.list_all(conn):
        by_gateway[caller.gateway_id].append(caller)
    defaults = {"max_channels": 10, "calls_per_second": 1}
    return render_template(
        "gateways/index.html",
        gateways=gateways.list_all(conn),
        health=gateway_health.known(conn),
        legs=gateway_health.failed_legs(conn),
        callers=by_gateway,
        form=form or GatewayForm(formdata=None, data=defaults),
        is_refused=form is not None,
        caller_form=caller_form,
        blank_caller_form=CallerIdForm(formdata=None),
        refused_gateway=gateway_id,
    )


def _gateway_or_404(gateway_id: int) -> Gateway:
    found = [g for g in gateways.list_all(connection()) if g.id == gateway_id]
    return found[0] if found else abort(404)


def _edit_page(gateway: Gateway, form: SettingsForm) -> str:
    conn = connection()
    health, legs = gateway_health.known(conn).get(gateway.id), gateway_health.failed_legs(conn).get(gateway.id)
    return render_template("gateways/edit.html", gateway=gateway, form=form, health=health, legs=legs)


@blueprint.get("/")
@needs(Role.VIEWER)
def index() -> Answer:
    """List the gateways with their caller IDs."""
    return _page()


@blueprint.post("/")
@needs(Role.ADMIN)
def add() -> Answer:
    """Add a gateway under its name in the switch's configuration."""
    form = GatewayForm()
    if not form.validate_on_submit():
        return _page(form), 400
    limits = (form.max_channels.data or 1, float(form.calls_per_second.data or 1), form.calls_per_minute.data)
    try:
        gateway_id = gateways.create(connection(), str(form.name.data), *limits)
    except AlreadyExists:
        form.name.errors = [_("There is a gateway of this name already.")]
        return _page(form), 400
    audit.record(connection(), current_user.id, "gateway.added", "gateway", str(gateway_id), {"name": form.name.data})
    flash(_("The gateway is added. Now register a caller ID for it."), "success")
    return redirect(url_for("gateways.index"))


@blueprint.get("/<int:gateway_id>")
@needs(Role.ADMIN)
def edit(gateway_id: int) -> Answer:
    """Show a gateway's limits."""
    gateway = _gateway_or_404(gateway_id)
    return _edit_page(gateway, SettingsForm(obj=gateway))


@blueprint.post("/<int:gateway_id>")
@needs(Role.ADMIN)
def update(gateway_id: int) -> Answer:
    """Store new limits; they hold for the very next call."""
    gateway, form = _gateway_or_404(gateway_id), SettingsForm()
    if not form.validate_on_submit():
        return _edit_page(gateway, form), 400
    changed = Gateway(
        gateway.id,
        gateway.name,
        form.max_channels.data or 1,
        float(form.calls_per_second.data or 1),
        form.calls_per_minute.data,
        form.is_enabled.data,
    )
    gateways.update(connection(), changed)
    details = {"from": _limits(gateway), "to": _limits(changed)}
    audit.record(connection(), current_user.id, "gateway.changed", "gateway", str(gateway_id), details)
    flash(_("Saved."), "success")
    return redirect(url_for("gateways.index"))


def _limits(gateway: Gateway) -> dict[str, object]:
    return {
        "max_channels": gateway.max_channels,
        "calls_per_second": float(gateway.calls_per_second),
        "calls_per_minute": gateway.calls_per_minute,
        "is_enabled": gateway.is_enabled,
    }


@blueprint.post("/<int:gateway_id>/caller-ids")
@needs(Role.ADMIN)
def add_caller_id(gateway_id: int) -> Answer:
    """Register a number on a gateway."""
    _gateway_or_404(gateway_id)
    form = CallerIdForm()
    if not form.validate_on_submit():
        return _page(caller_form=form, gateway_id=gateway_id), 400
    try:
        phone = normalise(str(form.phone.data), request.form.get("country", "RU")).e164
    except InvalidNumber:
        form.phone.errors = [_("This is no phone number. Write it with its country code, as +7…")]
        return _page(caller_form=form, gateway_id=gateway_id), 400
    label, category = str(form.label.data or "").strip(), str(form.category.data or "").strip()
    caller_ids.add(connection(), gateway_id, phone, label, category)
    details = {"phone": phone, "label": label, "category": category}
    audit.record(connection(), current_user.id, "caller_id.added", "gateway", str(gateway_id), details)
    flash(_("%(phone)s is registered.", phone=phone), "success")
    return redirect(url_for("gateways.index"))


@blueprint.post("/caller-ids/<int:caller_id_id>/remove")
@needs(Role.ADMIN)
def remove_caller_id(caller_id_id: int) -> Answer:
    """Remove a number that no campaign shows."""
    try:
        if not caller_ids.remove(connection(), caller_id_id):
            abort(404)
    except InUse:
        flash(_("A campaign shows this number, so it stays."), "error")
        return redirect(url_for("caller_ids.index"))
    audit.record(connection(), current_user.id, "caller_id.removed", "caller_id", str(caller_id_id))
    flash(_("The number is removed."), "success")
    return redirect(url_for("caller_ids.index"))
