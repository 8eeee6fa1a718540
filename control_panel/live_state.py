"""One picture of everything that moves: progress of campaigns and the calls that are up."""

import time
from collections.abc import Iterable
from typing import Any

from db import campaigns, gateway_health, overview
from db.errors import NotFound
from db.sql import AnyConnection
from dialer.back_off import Health
from dialer.campaign import CampaignState

MAX_CALLS = 50
MAX_CAMPAIGNS = 50


def read_state(conn: AnyConnection, watched: Iterable[int]) -> dict[str, Any]:
    """Return the picture as JSON-ready values; `watched`: campaigns shown even when they are not active."""
    active = {line.id for line in overview.campaign_lines(conn, [CampaignState.ACTIVE], MAX_CAMPAIGNS)}
    return {
        "now": time.time(),
        "campaigns": {str(id_): state for id_ in sorted(active | set(watched)) if (state := campaign_state(conn, id_))},
        "gateways": {str(id_): _health(health) for id_, health in gateway_health.known(conn).items()},
        "calls": [_call(call) for call in overview.live_calls(conn, MAX_CALLS)],
    }


def campaign_state(conn: AnyConnection, campaign_id: int) -> dict[str, Any] | None:
    """Return one campaign's state and counts; None when there is no such campaign."""
    try:
        progress = campaigns.progress(conn, campaign_id)
    except NotFound:
        return None
    return {
        "state": str(progress.state),
        "contacts": progress.contacts,
        "queued": progress.queued,
        "dialing": progress.dialing,
        "retry": progress.retry,
        "concluded": progress.concluded,
        "blocked": progress.blocked,
        "by_disposition": {str(name): count for name, count in progress.by_disposition.items()},
        "leads": progress.leads,
    }


def _health(health: Health) -> dict[str, Any]:
    until = f" {int(health.open_until.timestamp())}" if health.open_until else ""
    return {"kind": health.kind + until, "percent": health.percent}


def _call(call: overview.LiveCall) -> dict[str, Any]:
    return {
        "id": call.attempt_id,
        "campaign_id": call.campaign_id,
        "campaign": call.campaign,
        "phone": call.phone,
        "name": call.name,
        "gateway": call.gateway,
        "since": (call.answered_at or call.originated_at).timestamp() if call.originated_at else None,
        "answered": call.answered_at is not None,
        "digits": call.digits,
    }
