"""A campaign's pacing by operators: the mode and its figures, what was learnt, and the kill switch's release."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import SelectField
from wtforms.validators import InputRequired, NumberRange

from control_panel.access import needs
from control_panel.campaigns import campaign_or_404
from control_panel.database import connection
from control_panel.number_fields import NumberField, WholeField
from db import audit, pacing
from db.audit import AuditFilter
from db.users import UserRole as Role
from dialer.adaptive_pacing import RE_ARMS_AT, WARM_UP_CALLS, PacingMode, PacingRules

blueprint = Blueprint("campaign_pacing", __name__, url_prefix="/campaigns")

FIXED = PacingRules(PacingMode.FIXED, 0)
MODES = {
    PacingMode.FIXED: _l("As many calls as the limits allow"),
    PacingMode.PROGRESSIVE: _l("So many lines for each free operator"),
    PacingMode.PREDICTIVE: _l("Predictive: as many lines as the cap bears"),
}
SHOWN = 5
REQUIRED = _l("Fill this in.")
Answer = str | Response | tuple[str, int]


class PacingForm(FlaskForm):
    """What an administrator or manager sets. abandon_cap: percent."""

    mode = SelectField(_l("Pacing"))
    operators = WholeField(
        _l("Operators"), [InputRequired(REQUIRED), NumberRange(0, 10_000, _l("A whole number from 0."))]
    )
    lines_per_operator = NumberField(
        _l("Lines for each free operator"),
        [InputRequired(REQUIRED), NumberRange(0.1, 20, _l("A number from 0.1 to 20."))],
    )
    abandon_cap = NumberField(
        _l("Callees left without an operator at most"),
        [InputRequired(REQUIRED), NumberRange(0.1, 50, _l("A number from 0.1 to 50."))],
    )

    def fill(self) -> "PacingForm":
        """Give the modes their words."""
        self.mode.choices = [(str(mode), MODES[mode]) for mode in PacingMode]
        return self

    def rules(self) -> PacingRules:
        """Return what was filled in."""
        return PacingRules(
            PacingMode(self.mode.data),
            self.operators.data or 0,
            float(self.lines_per_operator.data or 1),
            float(self.abandon_cap.data or 3) / 100,
        )


def _page(campaign_id: int, form: PacingForm | None = None) -> str:
    campaign = campaign_or_404(campaign_id)
    found = pacing.get(connection(), campaign_id)
    rules = found.rules if found else FIXED
    data = asdict(rules) | {"mode": str(rules.mode), "abandon_cap": round(rules.abandon_cap * 100, 2)}
    return render_template(
        "campaigns/pacing.html",
        campaign=campaign,
        form=form or PacingForm(formdata=None, data=data).fill(),
        mode=MODES[rules.mode],
        rules=rules,
        learnt=found.learnt if found else None,
        warm_up=WARM_UP_CALLS,
        re_arms_at=RE_ARMS_AT,
        resets=audit.found(
            connection(), AuditFilter(action="campaign.pacing_reset", entity_id=str(campaign_id)), None, SHOWN
        ),
    )


@blueprint.get("/<int:campaign_id>/pacing")
@needs(Role.VIEWER)
def show(campaign_id: int) -> Answer:
    """Show the mode and what was learnt."""
    return _page(campaign_id)


@blueprint.post("/<int:campaign_id>/pacing")
@needs(Role.MANAGER)
def update(campaign_id: int) -> Answer:
    """Store the mode; what was learnt, and a kill switch that has tripped, stay."""
    campaign_or_404(campaign_id)
    form, conn = PacingForm().fill(), connection()
    if not form.validate_on_submit():
        return _page(campaign_id, form), 400
    before, rules = pacing.get(conn, campaign_id), form.rules()
    pacing.put(conn, campaign_id, rules)
    details = {"from": _facts(before.rules if before else FIXED), "to": _facts(rules)}
    audit.record(conn, current_user.id, "campaign.pacing_changed", "campaign", str(campaign_id), details)
    flash(_("Saved."), "success")
    return redirect(url_for("campaign_pacing.show", campaign_id=campaign_id))


@blueprint.post("/<int:campaign_id>/pacing/reset")
@needs(Role.ADMIN)
def reset(campaign_id: int) -> Answer:
    """Release the kill switch; who did and when stays on record."""
    campaign_or_404(campaign_id)
    conn = connection()
    found = pacing.get(conn, campaign_id)
    if found is None or not found.learnt.is_tripped:
        flash(_("The kill switch has not tripped."), "error")
        return redirect(url_for("campaign_pacing.show", campaign_id=campaign_id))
    pacing.reset_kill_switch(conn, campaign_id)
    details = {"abandon_rate": round(found.learnt.abandon_rate, 4), "abandon_cap": found.abandon_cap}
    audit.record(conn, current_user.id, "campaign.pacing_reset", "campaign", str(campaign_id), details)
    flash(_("The kill switch is released. Predictive dialing comes back once the share has fallen."), "success")
    return redirect(url_for("campaign_pacing.show", campaign_id=campaign_id))


def _facts(rules: PacingRules) -> dict[str, Any]:
    return asdict(rules) | {"mode": str(rules.mode)}
