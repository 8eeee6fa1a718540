"""The schedule form: wall times of a zone, turned into a schedule and back."""

from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateTimeLocalField, SelectField, StringField
from wtforms.fields.core import Field
from wtforms.validators import Length, NumberRange, Optional

from control_panel.campaign_form import choices_of
from control_panel.labels import label
from control_panel.number_fields import WholeField
from dialer.cron import at_wall_clock, is_on_the_clock
from dialer.errors import InvalidSchedule
from dialer.schedule import LATE_START_S, LATEST_START_S, Run, Schedule, check, zone_of
from dialer.schedule_fault import ScheduleFault as Fault

ONCE, CRON, COMBINED = "once", "cron", "combined"
KINDS = {
    ONCE: _l("Once"),
    CRON: _l("Again and again"),
    COMBINED: _l("Again and again between two dates"),
}
WALL = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
"""As browsers write it; the seconds only when there are any."""
FIELD_OF = {
    Fault.ZONE: "time_zone",
    Fault.STOP_FIRST: "stop_at",
    Fault.LATENESS: "late_minutes",
    Fault.EMPTY: "start_at",
    Fault.PAUSE_ALONE: "cron",
}
"""Where a fault is shown; others beside the repetition or, without one, the start."""


class ScheduleForm(FlaskForm):
    """When a campaign starts, pauses and stops."""

    kind = SelectField(_l("How often"), choices=choices_of(KINDS))
    time_zone = SelectField(_l("By the clock of"))
    start_at = DateTimeLocalField(_l("Start"), [Optional()], format=WALL)
    stop_at = DateTimeLocalField(_l("Stop for good"), [Optional()], format=WALL)
    cron = StringField(_l("Start again and again"), [Length(max=200)])
    pause_cron = StringField(_l("Pause again and again"), [Length(max=200)])
    late_minutes = WholeField(
        _l("Start late by at most"),
        [Optional(), NumberRange(0, LATEST_START_S // 60, _l("A whole number from 0 to 1440."))],
        default=LATE_START_S // 60,
    )

    def fill_choices(self) -> None:
        """Give the zones."""
        self.time_zone.choices = sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")

    def read(self, now: datetime) -> tuple[Schedule, list[Run]] | None:
        """Return the schedule with its next runs; None when the form is not right, which it then says itself."""
        if not self.validate():
            return None
        try:
            schedule = self._schedule()
        except InvalidSchedule as error:
            self._refuse("time_zone", error)
            return None
        if schedule is None:
            return None
        try:
            return schedule, check(schedule, now)
        except InvalidSchedule as error:
            self._refuse(self._place_of(error), error)
            return None

    def _schedule(self) -> Schedule | None:
        zone = zone_of(self.time_zone.data)
        moments: dict[str, datetime | None] = {"start_at": None, "stop_at": None}
        for name in moments if self.kind.data != CRON else ():
            wall = self[name].data
            if wall is None:
                continue
            if not is_on_the_clock(wall, zone):
                _add_error(self[name], _l("The clock skips this time on that day: choose another one."))
                return None
            moments[name] = at_wall_clock(wall, zone)
        repeats = self.kind.data != ONCE
        cron, pause_cron = (str(field.data or "").strip() for field in (self.cron, self.pause_cron))
        if repeats and not cron:
            _add_error(self.cron, label(Fault.FIELDS))
            return None
        late = self.late_minutes.data
        return Schedule(
            self.time_zone.data,
            moments["start_at"],
            moments["stop_at"],
            cron if repeats else None,
            (pause_cron or None) if repeats else None,
            LATE_START_S if late is None else late * 60,
        )

    def _place_of(self, error: InvalidSchedule) -> str:
        fault = Fault(error.fault)
        if fault in FIELD_OF:
            return FIELD_OF[fault]
        if self.kind.data == ONCE:
            return "start_at"
        return "pause_cron" if error.is_about_pause else "cron"

    def _refuse(self, name: str, error: InvalidSchedule) -> None:
        _add_error(self[name], label(Fault(error.fault)))


def _add_error(field: Field, text: Any) -> None:
    field.errors = [*field.errors, text]


def values_of(schedule: Schedule | None, zone: str) -> dict[str, Any]:
    """Return the form's data of a schedule; zone: the campaign's, for one that has none yet."""
    if schedule is None:
        return {"kind": ONCE, "time_zone": zone}
    has_dates = schedule.start_at or schedule.stop_at
    place = zone_of(schedule.time_zone)
    return {
        "kind": (COMBINED if has_dates else CRON) if schedule.cron else ONCE,
        "time_zone": schedule.time_zone,
        "start_at": schedule.start_at.astimezone(place).replace(tzinfo=None) if schedule.start_at else None,
        "stop_at": schedule.stop_at.astimezone(place).replace(tzinfo=None) if schedule.stop_at else None,
        "cron": schedule.cron or "",
        "pause_cron": schedule.pause_cron or "",
        "late_minutes": schedule.late_start_s // 60,
    }
