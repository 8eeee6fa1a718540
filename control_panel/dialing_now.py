"""What keeps a campaign from dialing besides its contacts: the scheduler and its brakes, gateways, shared limits."""

from typing import Any

from flask_babel import lazy_gettext as _l
from redis.exceptions import RedisError

from control_panel.context import panel
from db import dialing_state, leases
from db.campaigns import Campaign, CampaignGateway
from db.errors import RedisAway

BRAKES: dict[str, Any] = {
    "stopping": _l("The scheduler is stopping."),
    "switch_away": _l("There is no connection to the telephone switch."),
    "switch_disabled": _l("Every telephone switch has been taken out; see Switches."),
    "scripts_silent": _l("The call scripts in the telephone switch give no sign of life; its log says why."),
    "switches_out": _l("No telephone switch takes calls at the moment; Switches says why of each."),
    "spool_waits": _l("The telephone switch has come back with results that are not written down yet."),
    "not_reconciled": _l("Calls that are up are being looked through after an interruption; it goes on by itself."),
    "spool_full": _l("The disk that keeps results is full."),
    "clock_set": _l(
        "The clock of Redis was set, so nobody knows how many calls left within the last minute: dialing goes on by "
        "itself a minute later."
    ),
    "leases_old": _l("Redis has not answered for a while; it goes on by itself."),
    "refused": _l("The telephone switch refuses calls; it is tried again every few seconds."),
}
"""A scheduler's brake (scheduler.brakes.Brake) → in words."""


def hindrance(campaign: Campaign, gateways: list[CampaignGateway]) -> Any:
    """Return in words what keeps an active campaign from dialing now, the first thing first; None: nothing of this."""
    redis, settings = panel().redis, panel().settings
    state = dialing_state.read(redis)
    if state is None:
        return _l("No scheduler is running, or Redis is away.")
    if state.held_by is not None:
        return BRAKES.get(state.held_by, state.held_by)
    if gateways and all(gateway.name in state.gateways_down for gateway in gateways):
        return _l("The switch says that every gateway of the campaign is down.")
    try:
        counts = leases.counts(redis, [gateway.gateway_id for gateway in gateways], [campaign.id])
        if counts.total >= settings.max_channels:
            return _l("As many calls are up as may be over all campaigns.")
        if all(counts.by_gateway[gateway.gateway_id] >= gateway.max_channels for gateway in gateways):
            return _l("All channels of its gateways are busy.")
        if leases.minute_count(redis, campaign.id) >= campaign.calls_per_minute:
            return _l("As many calls were started within a minute as it may.")
        if settings.max_calls_per_minute and leases.minute_count_in_all(redis) >= settings.max_calls_per_minute:
            return _l("As many calls were started within a minute as may be over all campaigns.")
    except (RedisAway, RedisError):
        return _l("No scheduler is running, or Redis is away.")
    return None
