"""Public holidays: on these days campaigns that keep them call nobody."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

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
from dialer.public_holidays import COUNTRY, lacks, statutory, unmoved

blueprint = Blueprint("holidays", __name__, url_prefix="/holidays")

REQUIRED = _l("Fill this in.")
YEARS_AHEAD = 20


@dataclass(frozen=True, slots=True)
class Year:
    """What of a year's public holidays of Russia is not in the list: days by law, and days a decree moves."""

    year: int
    lacks: int
    unmoved: int


class HolidayForm(FlaskForm):
    """One day."""

    country = SelectField(_l("Country"), choices=sorted(SUPPORTED_REGIONS))
    day = DateField(_l("Day"), [InputRequired(REQUIRED)])
    name = StringField(_l("Name"), [InputRequired(REQUIRED), Length(max=120)])


def _page(form: HolidayForm | None = None) -> str:
    shown_form = form or HolidayForm(formdata=None, data={"country": COUNTRY})
    rows = holidays.list_all(connection())
    known = {row.day for row in rows if row.country == COUNTRY}
    this = datetime.now(UTC).year
    years = [Year(year, len(lacks(year, known)), unmoved(year, known)) for year in (this, this + 1)]
    return render_template(
        "holidays/index.html", rows=rows, form=shown_form, years=[y for y in years if y.lacks or y.unmoved]
    )


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


@blueprint.post("/year")
@needs(Role.MANAGER)
def add_year() -> Response:
    """Add what is missing of the days off that the law gives a year."""
    year, this = request.form.get("year", 0, type=int), datetime.now(UTC).year
    if not this <= year <= this + YEARS_AHEAD:
        abort(404)
    conn = connection()
    known = {row.day for row in holidays.list_all(conn) if row.country == COUNTRY}
    missing = lacks(year, known)
    for day in missing:
        holidays.add(conn, Holiday(COUNTRY, day, statutory(year)[day]))
    audit.record(conn, current_user.id, "holiday.added", "holiday", f"{COUNTRY} {year}", {"days": len(missing)})
    flash(_("Holidays added: %(count)s.", count=len(missing)), "success")
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
