"""A campaign without limits worth speaking of, and the final events of its calls as a real FreeSWITCH writes them."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time as time_of_day
from typing import Any

from psycopg import Connection

from db import caller_ids, campaigns, flows, gateways
from db.campaigns import NewCampaign
from dialer.call_flow import default_definition
from dialer.call_ids import CALL, CallIds, call_ids_in
from dialer.campaign import CampaignState
from dialer.dial_string import attempt_in
from dialer.switch_facts import MESSAGE_STARTED

GATEWAY = "bench"
MICROSECOND = 1_000_000
UNREAD_HEADERS = {f"variable_unread_{number}": "a value as long as most" for number in range(180)}
"""A final event has some two hundred headers; whoever reads events has to read these too."""


CALLED = re.compile(rf"{CALL}=([\d:]+)")


@dataclass(frozen=True, slots=True)
class Originated:
    """A call that the switch was asked for. Every other one meets a busy line, and is to be called again in an hour."""

    attempt_id: str
    ids: CallIds

    @property
    def is_busy(self) -> bool:
        """Whether nobody answers it."""
        return int(self.attempt_id[0], 16) % 2 == 1


def originated(dial_string: str) -> Originated | None:
    """Read the arguments of an originate; None: it is none of the scheduler's."""
    attempt_id, called = attempt_in(dial_string), CALLED.search(dial_string)
    ids = call_ids_in(called[1]) if called else None
    return Originated(attempt_id, ids) if attempt_id and ids else None


def make_campaign(conn: Connection[Any], contacts: int, channels: int, calls_per_second: float) -> int:
    """Store a campaign that dials at any hour and whose contacts are all due; return its id."""
    gateway_id = gateways.create(conn, GATEWAY, channels, calls_per_second)
    caller_id = caller_ids.add(conn, gateway_id, "+74950000001", "Bench")
    campaign_id = campaigns.create(
        conn,
        NewCampaign(
            "bench",
            flows.create_version(conn, "bench", default_definition("ru") | {"amd_mode": "off"}),
            ((gateway_id, caller_id),),
            hours_start=time_of_day(0),
            hours_end=time_of_day(0),
            weekdays=(1, 2, 3, 4, 5, 6, 7),
            max_channels=channels,
            calls_per_minute=1_000_000,
            retry_rules={"max_attempts": 3, "busy": {"delay_s": 3600, "growth": 1.0, "max_attempts": 3}},
        ),
    )
    conn.execute("INSERT INTO zone_sets (zones) VALUES ('{Europe/Moscow}') ON CONFLICT DO NOTHING")
    conn.execute(
        "INSERT INTO contacts (campaign_id, phone, zone_set_id, due_at) SELECT %s, '+7' || (9160000000 + n),"
        " (SELECT id FROM zone_sets LIMIT 1), now() - interval '1 hour' FROM generate_series(1, %s) n",
        [campaign_id, contacts],
    )
    conn.commit()
    conn.autocommit = True
    conn.execute("VACUUM ANALYZE")  # as autovacuum has done soon after an import
    campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
    return campaign_id


def final_event(call: Originated) -> dict[str, str]:
    """Return the headers of a call's end: of a busy line, or one second after its answer."""
    now = int(time.time() * MICROSECOND)
    common = {
        **UNREAD_HEADERS,
        "Event-Name": "CHANNEL_HANGUP_COMPLETE",
        "Caller-Channel-Hangup-Time": str(now),
        "Unique-ID": call.attempt_id,
        f"variable_{CALL}": str(call.ids),
    }
    if call.is_busy:
        return common | {
            "Hangup-Cause": "USER_BUSY",
            "Caller-Channel-Answered-Time": "0",
            "variable_billsec": "0",
            "variable_proto_specific_hangup_cause": "sip:486",
        }
    return common | {
        "Hangup-Cause": "NORMAL_CLEARING",
        "Caller-Channel-Answered-Time": str(now - MICROSECOND),
        "variable_billsec": "1",
        "variable_proto_specific_hangup_cause": "sip:200",
        f"variable_{MESSAGE_STARTED}": "true",
    }


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of the values do not exceed; raises ValueError when there is none."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("nothing was measured")
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
