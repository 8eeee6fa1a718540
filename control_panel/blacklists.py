"""The lists themselves: made, given to campaigns, deleted."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from control_panel.access import needs
from control_panel.blacklist_forms import ListForm
from control_panel.database import connection
from db import audit, blacklists, imports
from db.blacklists import Blacklist
from db.errors import AlreadyExists, InUse, NotFound
from db.users import UserRole as Role

blueprint = Blueprint("blacklists", __name__, url_prefix="/blacklist/lists")


def list_or_404(blacklist_id: int) -> Blacklist:
    """Return a list, or end the request."""
    try:
        return blacklists.get(connection(), blacklist_id)
    except NotFound:
        abort(404)


def _index(form: ListForm) -> str:
    return render_template("blacklist/lists.html", lists=blacklists.every(connection()), form=form.offer(connection()))


@blueprint.get("/")
@needs(Role.VIEWER)
def index() -> str:
    """Show all lists."""
    return _index(ListForm(formdata=None, data={"is_global": True}))


@blueprint.post("/")
@needs(Role.MANAGER)
def create() -> Response | tuple[str, int]:
    """Make a list."""
    form = ListForm().offer(connection())
    if not form.validate_on_submit():
        return _index(form), 400
    chosen = form.chosen()
    try:
        blacklist_id = blacklists.create(connection(), **chosen)
    except AlreadyExists:
        form.name.errors = [_("There is a list of this name already.")]
        return _index(form), 400
    audit.record(connection(), current_user.id, "blacklist.list_created", "blacklist", blacklist_id, chosen)
    return redirect(url_for("blacklists.show", blacklist_id=blacklist_id))


def _page(found: Blacklist, form: ListForm) -> str:
    return render_template(
        "blacklist/list.html",
        found=found,
        form=form.offer(connection()),
        imports=imports.list_for_blacklist(connection(), found.id),
    )


@blueprint.get("/<int:blacklist_id>")
@needs(Role.VIEWER)
def show(blacklist_id: int) -> str:
    """Show a list, to be changed."""
    found = list_or_404(blacklist_id)
    data = {"name": found.name, "note": found.note, "is_global": found.is_global, "campaign_ids": found.campaign_ids}
    return _page(found, ListForm(formdata=None, data=data))


@blueprint.post("/<int:blacklist_id>")
@needs(Role.MANAGER)
def edit(blacklist_id: int) -> Response | tuple[str, int]:
    """Change a list; who waits where it counts from now on is blocked at once."""
    found, form = list_or_404(blacklist_id), ListForm().offer(connection())
    if not form.validate_on_submit():
        return _page(found, form), 400
    chosen = form.chosen()
    try:
        blacklists.edit(connection(), blacklist_id, **chosen)
    except AlreadyExists:
        form.name.errors = [_("There is a list of this name already.")]
    except InUse:
        form.is_global.errors = [_("Whoever opts out lands on this list: it is for every campaign.")]
    else:
        audit.record(connection(), current_user.id, "blacklist.list_changed", "blacklist", blacklist_id, chosen)
        flash(_("Saved."), "success")
        return redirect(url_for("blacklists.show", blacklist_id=blacklist_id))
    return _page(found, form), 400


@blueprint.post("/<int:blacklist_id>/delete")
@needs(Role.MANAGER)
def delete(blacklist_id: int) -> Response:
    """Delete a list with its entries, for a reason."""
    found, why = list_or_404(blacklist_id), request.form.get("why", "").strip()
    if not why:
        flash(_("Say why the list is deleted."), "error")
        return redirect(url_for("blacklists.show", blacklist_id=blacklist_id))
    try:
        blacklists.delete(connection(), blacklist_id, why, current_user.id)
    except InUse:
        flash(_("Whoever opts out lands on this list: it is for every campaign."), "error")
        return redirect(url_for("blacklists.show", blacklist_id=blacklist_id))
    details = {"name": found.name, "entries": found.entries + found.expired, "why": why}
    audit.record(connection(), current_user.id, "blacklist.list_deleted", "blacklist", blacklist_id, details)
    flash(_("%(name)s is deleted.", name=found.name), "success")
    return redirect(url_for("blacklists.index"))
