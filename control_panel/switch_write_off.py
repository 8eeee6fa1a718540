"""Writing off a switch that never returns: what will happen, what speaks against it, and the deed."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from control_panel.access import needs
from control_panel.database import connection
from control_panel.switches import switch_or_404
from db import audit, write_off
from db.switches import KnownSwitch
from db.users import UserRole as Role
from dialer.write_off import SILENT_FOR_S, Obstacle

blueprint = Blueprint("switch_write_off", __name__, url_prefix="/switches")

AGAINST: dict[Obstacle, Any] = {
    Obstacle.NO_CALLS: _l("No call of ours is open on it."),
    Obstacle.ENABLED: _l("Take it out first, and wait ten seconds: it must get no calls when it returns."),
    Obstacle.NOT_LOOKED_AT: _l("No scheduler looks at it at the moment, so nobody can say that it does not answer."),
    Obstacle.ANSWERED: _l("It has answered a scheduler within the last %(minutes)s minutes."),
    Obstacle.CALLS_MAY_BE_UP: _l("It may only be cut off from us and hold calls still, the last until %(moment)s."),
}
"""Why it may not be written off now → in words."""

Answer = str | Response | tuple[str, int]


def _page(switch: KnownSwitch, *, is_unconfirmed: bool = False) -> str:
    known = write_off.standing(connection(), switch.id)
    return render_template(
        "switches/write_off.html",
        switch=switch,
        known=known,
        against=AGAINST,
        obstacle=write_off.why_not(known),
        minutes=round(SILENT_FOR_S / 60),
        is_unconfirmed=is_unconfirmed,
    )


@blueprint.get("/<int:switch_id>/write-off")
@needs(Role.ADMIN)
def show(switch_id: int) -> Answer:
    """Say what becomes of its calls, and whether it may be done now."""
    return _page(switch_or_404(switch_id))


@blueprint.post("/<int:switch_id>/write-off")
@needs(Role.ADMIN)
def confirm(switch_id: int) -> Answer:
    """Write it off; the leading scheduler gives its calls up within seconds."""
    switch = switch_or_404(switch_id)
    if request.form.get("is_gone") != "y":
        return _page(switch, is_unconfirmed=True), 400
    known, against = write_off.write_off(connection(), switch_id)
    if against is not None:
        return _page(switch), 409
    details = {
        "name": switch.name,
        "host": switch.host,
        "port": switch.port,
        "core_uuid": switch.core_uuid,
        "calls": known.calls,
        "silent_s": round(known.answered_s or 0),
    }
    audit.record(connection(), current_user.id, "switch.written_off", "switch", str(switch_id), details)
    flash(_("%(name)s is written off. Its calls are concluded within seconds.", name=switch.name), "success")
    return redirect(url_for("switches.index"))
