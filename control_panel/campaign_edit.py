"""Making and changing campaigns."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from control_panel import campaign_form, crm_mapping
from control_panel.access import needs
from control_panel.campaign_form import CampaignForm
from control_panel.campaigns import campaign_or_404
from control_panel.context import settings
from control_panel.database import connection
from control_panel.rule_fields import rule_settings, rule_values
from db import audio_files, audit, caller_ids, campaigns, claims, dialing, flows, gateways, limits, overview
from db.campaigns import Campaign, NewCampaign
from db.users import UserRole as Role
from dialer.call_flow import default_definition, parse_flow
from dialer.caller_id import CallerIdChoice
from dialer.errors import IllegalMove
from dialer.retry import DEFAULT_DEFINITION, are_followable

blueprint = Blueprint("campaign_edit", __name__, url_prefix="/campaigns")

Answer = str | Response | tuple[str, int]


def _form(data: dict[str, Any] | None = None) -> CampaignForm:
    form = CampaignForm(data=data) if request.method == "GET" else CampaignForm()
    form.fill_rule_choices(limits.profiles(connection()))
    form.fill_choices([(file.id, file.name) for file in audio_files.list_all(connection())])
    return form


def _page(
    form: CampaignForm,
    campaign: Campaign | None,
    chosen: list[int],
    crm_pairs: crm_mapping.Pairs,
    crm_problems: Sequence[str] = (),
    status: int = 200,
) -> tuple[str, int]:
    conn = connection()
    return render_template(
        "campaigns/edit.html",
        form=form,
        campaign=campaign,
        chosen=chosen,
        caller_ids=caller_ids.list_all(conn),
        steps=overview.first_steps(conn),
        switched_off={gateway.id for gateway in gateways.list_all(conn) if not gateway.is_enabled},
        crm_pairs=[*crm_pairs, *[("", "")] * crm_mapping.EMPTY_ROWS],
        crm_problems=crm_problems,
        crm_sources=crm_mapping.SOURCES,
        amd_audio_days=settings().amd_audio_days,
    ), status


def _chosen(before: Sequence[int] = ()) -> list[tuple[int, int]]:
    """Return (gateway id, caller id's id) of the chosen caller IDs, of those that exist.

    before: caller IDs the campaign has, in its order of preference, which they keep.
    """
    known = {c.id: c.gateway_id for c in caller_ids.list_all(connection())}
    wanted = [int(value) for value in request.form.getlist("caller_id") if value.isdigit()]
    wanted.sort(key=lambda wanted_id: before.index(wanted_id) if wanted_id in before else len(before))
    return [(known[wanted_id], wanted_id) for wanted_id in dict.fromkeys(wanted) if wanted_id in known]


def _new_campaign(
    form: CampaignForm, flow_version_id: int, callers: list[tuple[int, int]], mapping: Mapping[str, Any]
) -> NewCampaign:
    return NewCampaign(
        name=str(form.name.data).strip(),
        description=str(form.description.data or "").strip(),
        flow_version_id=flow_version_id,
        gateways=callers,
        default_country=form.default_country.data,
        time_zone=form.time_zone.data,
        hours_start=form.hours_start.data,
        hours_end=form.hours_end.data,
        weekdays=form.weekdays.data or [],
        keeps_holidays=form.keeps_holidays.data,
        is_by_own_clock=bool(form.is_by_own_clock.data),
        caller_id_choice=CallerIdChoice(form.caller_id_choice.data),
        max_channels=form.max_channels.data or 1,
        calls_per_minute=form.calls_per_minute.data or 1,
        calls_per_second=_rate(form.calls_per_second.data),
        ring_timeout_s=form.ring_timeout_s.data or 30,
        max_call_s=form.max_call_s.data or 300,
        weight=form.weight.data or 1,
        priority=form.priority.data or 5,
        retry_rules=campaign_form.retry_rules_of(form),
        is_recording=bool(form.is_recording.data),
        abandon_cap=float(form.abandon_cap.data if form.abandon_cap.data is not None else 3),
        crm_mapping=mapping,
        **rule_settings(form),
    )


def _rate(number: Decimal | None) -> float | None:
    return None if number is None else round(float(number), 2)


def _changes(before: Campaign, new: NewCampaign) -> dict[str, list[str]]:
    """Return setting → what it was and what it is, as text for the audit log, of those that differ."""
    names = [item.name for item in fields(new) if hasattr(before, item.name)]
    pairs = {name: [_plain(getattr(before, name)), _plain(getattr(new, name))] for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def limits_of(campaign: Campaign | NewCampaign) -> tuple[object, ...]:
    """Return what puts contacts off that were called often enough."""
    return campaign.limit_profile_id, campaign.retry_rules.get("max_per_day")


def _plain(value: Any) -> str:
    return json.dumps(sorted(value) if isinstance(value, tuple) else value, default=str, sort_keys=True)


def _audio_paths() -> dict[int, str]:
    return {file.id: file.path for file in audio_files.list_all(connection())}


@blueprint.get("/new")
@needs(Role.MANAGER)
def new() -> Answer:
    """Show the form of a new campaign, filled with what usually fits."""
    form = _form(campaign_form.defaults(str(get_locale())[:2]))
    every = caller_ids.list_all(connection())
    return _page(form, None, [every[0].id] if len(every) == 1 else [], [])


@blueprint.post("/new")
@needs(Role.MANAGER)
def create() -> Answer:
    """Store a draft."""
    form, callers, conn, pairs = _form(), _chosen(), connection(), crm_mapping.posted()
    wrong = crm_mapping.problems(pairs)
    if not form.validate_on_submit() or wrong:
        return _page(form, None, [caller_id for _gateway, caller_id in callers], pairs, wrong, 400)
    base = default_definition(form.language.data)
    definition = campaign_form.definition_of(form, _audio_paths(), base)
    version = flows.create_version(conn, overview.free_flow_name(conn, str(form.name.data).strip()), definition)
    campaign_id = campaigns.create(conn, _new_campaign(form, version, callers, crm_mapping.mapping_of(pairs, {})))
    audit.record(conn, current_user.id, "campaign.created", "campaign", str(campaign_id), {"name": form.name.data})
    flash(_("The campaign is made. Now import its contacts."), "success")
    return redirect(url_for("campaigns.show", campaign_id=campaign_id))


def _values(campaign: Campaign) -> dict[str, Any]:
    names = ("name", "description", "default_country", "time_zone", "hours_start", "hours_end", "max_channels",
             "keeps_holidays", "calls_per_minute", "calls_per_second", "ring_timeout_s", "max_call_s", "weight",
             "priority", "is_recording", "caller_id_choice", "abandon_cap", "is_by_own_clock")  # fmt: skip
    values = {name: getattr(campaign, name) for name in names} | {"weekdays": list(campaign.weekdays)}
    definition = flows.definition(connection(), campaign.flow_version_id)
    values |= campaign_form.flow_values(definition) | campaign_form.retry_values(campaign.retry_rules)
    return values | rule_values(campaign)


@blueprint.get("/<int:campaign_id>/edit")
@needs(Role.MANAGER)
def edit(campaign_id: int) -> Answer:
    """Show a campaign's settings."""
    campaign = campaign_or_404(campaign_id)
    if not are_followable(campaign.retry_rules):
        campaign = replace(campaign, retry_rules=DEFAULT_DEFINITION)
        flash(
            _("The stored retry rules can't be followed. The usual ones are filled in: check them and save."), "error"
        )
    chosen = campaigns.caller_ids_of(connection(), campaign_id)
    return _page(_form(_values(campaign)), campaign, chosen, crm_mapping.pairs_of(campaign.crm_mapping))


@blueprint.post("/<int:campaign_id>/edit")
@needs(Role.MANAGER)
def update(campaign_id: int) -> Answer:
    """Store changed settings; a changed flow becomes a new version, so that old calls keep theirs."""
    campaign = campaign_or_404(campaign_id)
    form, conn, pairs = _form(), connection(), crm_mapping.posted()
    callers = _chosen(campaigns.caller_ids_of(conn, campaign_id))
    wrong = crm_mapping.problems(pairs)
    if not form.validate_on_submit() or wrong:
        return _page(form, campaign, [caller_id for _gateway, caller_id in callers], pairs, wrong, 400)
    version = campaign.flow_version_id
    before = flows.definition(conn, version)
    definition = campaign_form.definition_of(form, _audio_paths(), before)
    if parse_flow(definition) != parse_flow(before):
        version = flows.create_version(conn, overview.flow_id_of(conn, version), definition)
    try:
        mapping = crm_mapping.mapping_of(pairs, campaign.crm_mapping)
        new = _new_campaign(form, version, callers, mapping)
        campaigns.update(conn, campaign_id, new)
        claims.judge_again(conn, dialing.of(conn, campaign_id))
        if limits_of(campaign) != limits_of(new):
            limits.look_again(conn, campaign_id)
    except IllegalMove:
        conn.rollback()
        flash(_("A campaign that has ended keeps its settings: make a new one."), "error")
        return redirect(url_for("campaigns.show", campaign_id=campaign_id))
    details = {"name": form.name.data, "changed": _changes(campaign, new)}
    audit.record(conn, current_user.id, "campaign.changed", "campaign", str(campaign_id), details)
    flash(_("Saved."), "success")
    return redirect(url_for("campaigns.show", campaign_id=campaign_id))
