"""The registry of caller IDs: what is shown with each, and which campaigns show it."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from control_panel.access import needs
from control_panel.database import connection
from control_panel.gateways import Answer, CallerIdForm
from db import audit, caller_ids
from db.caller_ids import CallerId
from db.users import UserRole as Role

blueprint = Blueprint("caller_ids", __name__, url_prefix="/caller-ids")


class LabelForm(CallerIdForm):
    """What is shown with a registered number; the number itself stays."""

    phone = None


def _or_404(caller_id_id: int) -> CallerId:
    found = [caller for caller in caller_ids.list_all(connection()) if caller.id == caller_id_id]
    return found[0] if found else abort(404)


@blueprint.get("/")
@needs(Role.VIEWER)
def index() -> Answer:
    """List every registered number with the campaigns that show it."""
    conn = connection()
    return render_template("caller_ids/index.html", callers=caller_ids.list_all(conn), uses=caller_ids.uses(conn))


@blueprint.get("/<int:caller_id_id>")
@needs(Role.ADMIN)
def edit(caller_id_id: int) -> Answer:
    """Show what is shown with a number."""
    caller = _or_404(caller_id_id)
    return render_template("caller_ids/edit.html", caller=caller, form=LabelForm(obj=caller))


@blueprint.post("/<int:caller_id_id>")
@needs(Role.ADMIN)
def update(caller_id_id: int) -> Answer:
    """Change it, for the very next call's record; attempts that were made keep the number alone."""
    caller, form = _or_404(caller_id_id), LabelForm()
    if not form.validate_on_submit():
        return render_template("caller_ids/edit.html", caller=caller, form=form), 400
    label, category = str(form.label.data or "").strip(), str(form.category.data or "").strip()
    caller_ids.relabel(connection(), caller_id_id, label, category)
    details = {
        "phone": caller.phone,
        "from": {"label": caller.label, "category": caller.category},
        "to": {"label": label, "category": category},
    }
    audit.record(connection(), current_user.id, "caller_id.changed", "caller_id", caller_id_id, details)
    flash(_("Saved."), "success")
    return redirect(url_for("caller_ids.index"))
