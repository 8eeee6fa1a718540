"""Public holidays: on these days campaigns that keep them call nobody."""

from datetime import date

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from phonenumbers import SUPPORTED_REGIONS
from werkzeug.wrappers import Response
from wtforms import DateField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from control_panel.access import needs
from control_panel.database import connection
from db import audit, holidays
from db.holidays import Holiday
from db.users import UserRole as Role

blueprint = Blueprint("holidays", __name__, url_prefix="/holidays")

REQUIRED = _l("Fill this in.")


class HolidayForm(FlaskForm):
    """One day."""

    country = SelectField(_l("Country"), choices=sorted(SUPPORTED_REGIONS))
    day = DateField(_l("Day"), [InputRequired(REQUIRED)])
    name = StringField(_l("Name"), [InputRequired(REQUIRED), Length(max=120)])


def _page(form: HolidayForm | None = None) -> str:
    shown_form = form or HolidayForm(formdata=None, data={"country": "RU"})
    return render_template("holidays/index.html", rows=holidays.list_all(connection()), form=shown_form)


@blueprint.get("/")
@needs(Role.VIEWER)
def index() -> str:
    """List every holiday."""
    return _page()


@blueprint.post("/")
@needs(Role.MANAGER)
def add() -> Response | tuple[str, int]:
    """Add a day, or give it another name; campaigns keep it from now on."""
    form = HolidayForm()
    if not form.validate_on_submit() or form.day.data is None:
        return _page(form), 400
    holiday = Holiday(form.country.data, form.day.data, str(form.name.data).strip())
    holidays.add(connection(), holiday)
    key, details = f"{holiday.country} {holiday.day}", {"name": holiday.name}
    audit.record(connection(), current_user.id, "holiday.added", "holiday", key, details)
    flash(_("%(day)s is a holiday.", day=holiday.day.isoformat()), "success")
    return redirect(url_for("holidays.index"))


@blueprint.post("/remove")
@needs(Role.MANAGER)
def remove() -> Response:
    """Make a day a day like any other."""
    country = request.form.get("country", "")
    try:
        day = date.fromisoformat(request.form.get("day", ""))
    except ValueError:
        abort(404)
    if not holidays.remove(connection(), country, day):
        abort(404)
    audit.record(connection(), current_user.id, "holiday.removed", "holiday", f"{country} {day}")
    flash(_("%(day)s is no holiday any more.", day=day.isoformat()), "success")
    return redirect(url_for("holidays.index"))
