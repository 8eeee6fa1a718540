"""The scheduler's own state: who lives, who leads, when each last looked, and what holds the dialing."""

from flask import Blueprint, render_template
from flask_babel import lazy_gettext as _l

from control_panel.access import needs
from control_panel.database import connection
from db import schedulers, switches
from db.users import UserRole as Role

blueprint = Blueprint("system", __name__, url_prefix="/system")

MOST_UPCOMING = 20
HELD = {
    "stopping": _l("It was told to stop and waits for live calls."),
    "switch_away": _l("There is no connection to the switch."),
    "switch_disabled": _l("Every telephone switch has been taken out; see Switches."),
    "scripts_silent": _l("The call scripts in the telephone switch give no sign of life; its log says why."),
    "switches_out": _l("No telephone switch takes calls at the moment; Switches says why of each."),
    "spool_waits": _l("The telephone switch has come back with results that are not written down yet."),
    "not_reconciled": _l("It compares live calls with the switch first."),
    "clock_set": _l(
        "The clock of Redis was set, so nobody knows how many calls left within the last minute: dialing goes on by "
        "itself a minute later."
    ),
    "leases_old": _l("Redis has not been told for a while which channels are taken."),
    "spool_full": _l("The switch's disk could not keep the results of further calls."),
    "refused": _l("The switch refused a call; it is tried again in a few seconds."),
    "database_away": _l("PostgreSQL does not answer."),
    "redis_away": _l("Redis does not answer."),
}
"""What holds the dialing, in the user's words; anything newer is shown as it is."""


@blueprint.get("/")
@needs(Role.VIEWER)
def show() -> str:
    """Show the schedulers and what their schedules bring next."""
    conn = connection()
    found = schedulers.known(conn)
    return render_template(
        "system/show.html",
        schedulers=found,
        is_any_alive=any(one.is_alive for one in found),
        held=HELD,
        kept_results=switches.kept_results(conn),
        upcoming=schedulers.upcoming(conn, MOST_UPCOMING),
    )
