"""The claim: the dial boundary, at which every rule is checked for every attempt, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from db.campaigns import CampaignGateway, DialingCampaign
from db.sql import AnyConnection
from dialer.dial_string import DialString


@dataclass(frozen=True, slots=True)
class ClaimedAttempt:
    """A call that may be placed. number: 1 is the contact's first attempt. caller_id: E.164."""

    attempt_id: str
    contact_id: int
    campaign_id: int
    gateway_id: int
    gateway: str
    flow_version_id: int
    phone: str
    number: int
    caller_id: str
    ring_timeout_s: int
    max_call_s: int

    def dial_string(self) -> DialString:
        """Return what the originate says; raises UnsafeDialString."""
        raise NotImplementedError


def due_count(conn: AnyConnection, campaign: DialingCampaign, open_zone_sets: Sequence[int], at_most: int) -> int:
    """Count contacts that are due now, up to `at_most`: what to reserve slots for."""
    raise NotImplementedError


def claim(
    conn: AnyConnection,
    campaign: DialingCampaign,
    gateway: CampaignGateway,
    attempt_ids: Sequence[str],
    open_zone_sets: Sequence[int],
    now: datetime | None = None,
) -> list[ClaimedAttempt]:
    """Claim at most one due contact per reserved attempt id; commits when `conn` has no transaction open.

    Returned attempts carry the first ids of `attempt_ids`, in order; give the slots of the others back.
    """
    raise NotImplementedError


def mark_originated(conn: AnyConnection, attempt_ids: Sequence[str], core_uuid: str) -> list[str]:
    """Record that these go to the wire now, and return those that may: commit, then send exactly those.

    Left out: already marked (an originate is never sent twice), released, campaign no longer active, number
    blacklisted since the claim. Release what is left out.
    """
    raise NotImplementedError


def release(conn: AnyConnection, attempt_ids: Sequence[str]) -> int:
    """Undo claims that were never originated: the contact is due as before. Return how many were undone."""
    raise NotImplementedError


def release_stale(conn: AnyConnection, older_than_s: float) -> list[str]:
    """Undo claims nobody originated within `older_than_s` (a scheduler died between claim and originate)."""
    raise NotImplementedError
