"""Every enum member in the user's words, and the tone (colour) it is shown in."""

from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _

from db.amd_reviews import Review
from db.blacklist import BlacklistReason, ChangeAction
from db.imports import ImportState
from db.leads import LeadState
from db.users import UserRole as Role
from dialer.amd import AmdAction, AmdMode
from dialer.call_flow import Action
from dialer.caller_id import CallerIdChoice
from dialer.campaign import CampaignState, PauseReason
from dialer.contact import ContactState, ImportReject
from dialer.outcome import Disposition
from dialer.preflight import Obstacle, Standing
from dialer.schedule import RunReason, RunResult, ScheduleAction
from dialer.schedule_fault import ScheduleFault


class Verdict(StrEnum):
    """What detection said of who answered."""

    HUMAN = "human"
    MACHINE = "machine"
    FAX = "fax"
    UNSURE = "unsure"


LABELS: dict[type[StrEnum], dict[str, Any]] = {
    CampaignState: {
        "draft": _("Draft"),
        "scheduled": _("Scheduled"),
        "active": _("Dialing"),
        "paused": _("Paused"),
        "completed": _("Completed"),
        "archived": _("Archived"),
    },
    PauseReason: {
        "person": _("Paused by a person."),
        "schedule": _("Paused by its schedule: it goes on with the next start."),
        "abandon_cap": _("Paused because too many of its calls were abandoned."),
    },
    CallerIdChoice: {
        "same_for_number": _("A number always sees the same one"),
        "rotate": _("One after the other, another one at each further attempt"),
    },
    ScheduleAction: {
        "start": _("Start"),
        "pause": _("Pause"),
        "stop": _("Stop"),
    },
    RunResult: {
        "started": _("started"),
        "paused": _("paused"),
        "stopped": _("stopped"),
        "refused": _("refused"),
        "missed": _("missed"),
        "skipped": _("nothing to do"),
    },
    RunReason: {
        "too_late": _("Nobody was there in time, and it was too late to make up for it."),
        "overtaken": _("Nobody was there in time, and a later run came due."),
        "already": _("The campaign was in that state already."),
        "held_by_person": _("A person had paused it: only a person goes on."),
        "held_by_cap": _("Too many abandoned calls had paused it: only a person goes on."),
    },
    ScheduleFault: {
        "fields": _("Five fields are needed: minute, hour, day of the month, month, weekday."),
        "minute": _("The minute is made of numbers from 0 to 59."),
        "hour": _("The hour is made of numbers from 0 to 23."),
        "day": _("The day of the month is made of numbers from 1 to 31."),
        "month": _("The month is made of numbers from 1 to 12 or names from jan to dec."),
        "weekday": _("The weekday is made of numbers from 0 to 7 or names from sun to sat; 1 is Monday."),
        "zone": _("There is no such time zone."),
        "empty": _("Give a start, a stop or a repetition."),
        "pause_alone": _("A repeated pause needs a repeated start."),
        "stop_first": _("The stop comes before the start."),
        "lateness": _("A start is made up for within a day at most."),
        "never_runs": _("It would never run: every moment of it is over or does not exist."),
        "never_starts": _("It would never start: every start of it is over or falls on a pause."),
    },
    ContactState: {
        "queued": _("Waiting"),
        "dialing": _("On the line"),
        "retry": _("Waiting for a retry"),
        "concluded": _("Concluded"),
        "blocked": _("Blocked"),
    },
    ImportReject: {
        "invalid_number": _("No valid phone number"),
        "duplicate": _("Duplicate"),
        "blacklisted": _("On the blacklist"),
        "malformed": _("No cell for the number"),
        "premium_rate": _("A number that costs extra"),
    },
    ChangeAction: {
        "added": _("Added"),
        "changed": _("Changed"),
        "removed": _("Removed"),
    },
    ImportState: {
        "running": _("importing"),
        "done": _("imported"),
        "failed": _("failed"),
        "cancelled": _("cancelled"),
    },
    Disposition: {
        "interested": _("Interested"),
        "not_interested": _("Not interested"),
        "opted_out": _("Asked not to be called"),
        "callback_requested": _("Asked to be called later"),
        "transferred": _("Put through to an operator"),
        "no_input": _("Pressed nothing"),
        "hung_up": _("Hung up"),
        "machine": _("Answering machine"),
        "voicemail_left": _("Voicemail left"),
        "fax": _("Fax"),
        "busy": _("Busy"),
        "no_answer": _("No answer"),
        "rejected": _("Rejected"),
        "unreachable": _("Unreachable"),
        "invalid_number": _("No such number"),
        "congestion": _("Network congestion"),
        "failed": _("Technical failure"),
        "cancelled": _("Cancelled by us"),
        "abandoned": _("Abandoned"),
        "blocked": _("Blocked"),
        "lost": _("Lost with the switch"),
    },
    Action: {
        "interested": _("Interested"),
        "not_interested": _("Not interested"),
        "opt_out": _("Never call again"),
        "repeat": _("Repeat the message"),
        "callback": _("Call me later"),
        "transfer": _("Transfer to an operator"),
    },
    AmdMode: {
        "off": _("Off: whoever answers hears the message"),
        "detect_then_greet": _("Listen first, then greet"),
        "greet_while_detecting": _("Greet at once and listen meanwhile"),
    },
    Review: {
        "listen": _("To be listened to"),
        "labelled": _("Listened to"),
        "wrong": _("Corrected"),
    },
    AmdAction: {
        "hang_up": _("Hang up"),
        "leave_message": _("Leave a message after the beep"),
        "go_on": _("Talk as to a person"),
    },
    Role: {
        "admin": _("Administrator"),
        "manager": _("Manager"),
        "operator": _("Operator"),
        "viewer": _("Viewer"),
    },
    BlacklistReason: {
        "customer_request": _("Customer's request"),
        "complaint": _("Complaint"),
        "legal": _("Legal"),
        "do_not_call_registry": _("Do-not-call registry"),
        "wrong_number": _("Wrong number"),
        "technical": _("Technical"),
        "fraud": _("Fraud"),
        "vip": _("VIP"),
        "other": _("Other"),
    },
    LeadState: {
        "pending": _("On its way"),
        "delivered": _("Delivered"),
        "failed": _("Not delivered"),
    },
    Standing: {
        "ready": _("Can be dialled now"),
        "later": _("Waiting for the next attempt"),
        "closed": _("Outside calling hours where they are"),
        "ringing": _("On the line in another campaign"),
        "listed": _("Will be blocked: on the blacklist"),
        "no_consent": _("Will be blocked: no consent on record"),
        "not_allowed": _("Will be blocked: a country or prefix the campaign may not call"),
        "premium_rate": _("Will be blocked: a number that costs extra"),
        "never": _("Never callable: calling hours are never open in all zones they may be in"),
        "limited": _("Called as often as allowed for now"),
        "no_attempts_left": _("Will be concluded: no attempts left"),
    },
    Obstacle: {
        "not_active": _("The campaign is not dialing."),
        "no_gateway": _("No enabled gateway with a caller ID is chosen in its settings."),
        "abandon_cap": _("More of the people who answered were abandoned than the campaign's cap allows."),
        "no_contacts": _("Nobody is left to be dialled."),
        "gateways_rest": _("All its gateways rest: their trunks refused too many calls in a row."),
        "channels_busy": _("As many calls are up as it may have."),
        "budget_spent": _("The day's budget of calls or minutes is used up."),
        "never": _("The calling hours are never open in all the zones where those who wait may be."),
        "closed": _("It is outside the calling hours of everybody who waits."),
        "limited": _("Everybody was called as often as allowed for now."),
        "later": _("Everybody waits for the next attempt."),
        "ringing": _("Everybody else is on the line in another campaign."),
    },
    Verdict: {
        "human": _("Person"),
        "machine": _("Machine"),
        "fax": _("Fax"),
        "unsure": _("Unsure"),
    },
}

TONES: dict[Disposition, str] = {
    Disposition.INTERESTED: "good",
    Disposition.CALLBACK_REQUESTED: "good",
    Disposition.TRANSFERRED: "good",
    Disposition.NOT_INTERESTED: "heard",
    Disposition.OPTED_OUT: "heard",
    Disposition.NO_INPUT: "heard",
    Disposition.HUNG_UP: "heard",
    Disposition.MACHINE: "machine",
    Disposition.VOICEMAIL_LEFT: "machine",
    Disposition.FAX: "machine",
    Disposition.BUSY: "missed",
    Disposition.NO_ANSWER: "missed",
    Disposition.REJECTED: "missed",
    Disposition.UNREACHABLE: "missed",
    Disposition.INVALID_NUMBER: "bad",
    Disposition.CONGESTION: "bad",
    Disposition.FAILED: "bad",
    Disposition.ABANDONED: "bad",
    Disposition.LOST: "bad",
    Disposition.CANCELLED: "missed",
    Disposition.BLOCKED: "missed",
}
"""Disposition → the group it is counted and coloured in."""

GROUPS: dict[str, Any] = {
    "good": _("Wants to hear more"),
    "heard": _("Heard us out"),
    "machine": _("Machines"),
    "missed": _("Not reached"),
    "bad": _("Failed"),
}
"""Group → its label, in the order it is drawn."""


REFUSALS: dict[str, Any] = {
    "consent: none": _("No consent on record"),
    "destination: not_allowed": _("A country or prefix the campaign may not call"),
    "destination: premium_rate": _("A number that costs extra"),
}
"""Why a contact is blocked by its campaign's own rules, as it is stored → in words."""


def label(member: str | None, kind: type[StrEnum] | None = None) -> str:
    """Return a member's label; `kind` is needed when `member` is plain text."""
    if member is None:
        return "—"
    labels = LABELS[kind or type(member)]  # type: ignore[index]
    return str(labels.get(str(member), member))


def list_name(name: str) -> str:
    """Return a blacklist's name; the one that is always there has a name in each language until somebody renames it."""
    return str(_("General list")) if name == "General" else name


def blocked_label(reason: str) -> str:
    """Return in the user's words why a contact is blocked; `reason` as it is stored, say `blacklist: complaint`."""
    source, _colon, kind = reason.partition(": ")
    if source == "blacklist" and kind in LABELS[BlacklistReason]:
        return f"{_('On the blacklist')}: {label(kind, BlacklistReason)}"
    if source == "hours":
        return str(_("Its calling hours never open"))
    return str(REFUSALS.get(reason, reason))


def run_reason_label(reason: str | None) -> str:
    """Return in the user's words why a run did not do what it is for: a RunReason, or an Obstacle of the preflight."""
    if reason is None:
        return ""
    return label(reason, RunReason if reason in LABELS[RunReason] else Obstacle)


def tone(disposition: str | None) -> str:
    """Return the group a disposition is coloured in."""
    return TONES[Disposition(disposition)] if disposition else "missed"
