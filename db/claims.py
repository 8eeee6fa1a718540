"""The claim: the dial boundary, at which every rule is checked for every attempt, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, LiteralString, cast

from psycopg.pq import TransactionStatus

from db.campaigns import CampaignGateway
from db.dialing import DialingCampaign
from db.sql import AnyConnection, all_of, change, column_of, joined, load, value_of
from dialer.destination import pattern_of
from dialer.dial_string import DialString
from dialer.retry import RetryBasis

queries = load("claims")

POSTPONE_S = 30
"""How long a contact whose number is ringing in another campaign waits before it is looked at again."""
LOOK_AHEAD = 1000
"""How many are judged at once when a claim came back short: whoever may not be called must not hold up the rest."""
BUDGET_LOCK_SPACE = 0xB0D6E7
"""First half of the advisory lock's key: claims that a budget bounds."""
FRAGMENTS = ("rules", "refusal", "exhausted", "limited_until", "made", "periods", "room", "shown")
"""Pieces of SQL, most of which judge contacts, each written once for all queries that judge."""


@dataclass(frozen=True, slots=True)
class ClaimedAttempt:
    """A call that may be placed. number: 1 is the contact's first attempt. caller_id: E.164.

    hears_early_media: its flow wants announcements before the answer to conclude it. zone_set_id: the contact's; 0:
    unknown.
    """

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
    hears_early_media: bool = False
    zone_set_id: int = 0

    def dial_string(self, tap_dir: str = "") -> DialString:
        """Return what the originate says; tap_dir: where early media is recorded. Raises UnsafeDialString."""
        return DialString(
            attempt_id=self.attempt_id,
            gateway=self.gateway,
            number=self.phone,
            caller_id=self.caller_id,
            campaign_id=self.campaign_id,
            gateway_id=self.gateway_id,
            flow_version_id=self.flow_version_id,
            ring_timeout_s=self.ring_timeout_s,
            max_call_s=self.max_call_s,
            basis=RetryBasis(self.campaign_id, self.number, self.zone_set_id) if self.zone_set_id else None,
            early_tap_dir=tap_dir if self.hears_early_media else "",
        )


def due_count(conn: AnyConnection, campaign: DialingCampaign, open_zone_sets: Sequence[int], at_most: int) -> int:
    """Count contacts that are due now, up to `at_most`: what to reserve slots for."""
    if not open_zone_sets or at_most <= 0:
        return 0
    values = {"campaign_id": campaign.id, "zone_sets": list(open_zone_sets), "at_most": at_most}
    return cast(int, value_of(conn, queries["due_count"], values))


def claim(
    conn: AnyConnection,
    campaign: DialingCampaign,
    gateway: CampaignGateway,
    attempt_ids: Sequence[str],
    open_zone_sets: Sequence[int],
    now: datetime | None = None,
) -> list[ClaimedAttempt]:
    """Claim at most one due contact per reserved attempt id; commits when `conn` has no transaction open.

    Contacts that a rule forbids are blocked, concluded or put off on the way. When that left too few, it looks further
    down the queue once. Fewer may still come back: give back the slots of ids that are not among the attempts.
    """
    if not attempt_ids or not open_zone_sets:
        return []
    values = claim_values(campaign, gateway, attempt_ids, open_zone_sets, now)
    query = claim_query(len(open_zone_sets))
    beginning = {
        "is_alone": conn.info.transaction_status is TransactionStatus.IDLE,
        "is_budgeted": campaign.is_budgeted,
        "space": BUDGET_LOCK_SPACE,
    }
    with joined(conn):
        conn.execute(queries["begin"], values | beginning)
        claimed = _claimed(conn, query, values, attempt_ids)
        if len(claimed) < len(attempt_ids):
            taken = {attempt.attempt_id for attempt in claimed}
            left = [attempt_id for attempt_id in attempt_ids if attempt_id not in taken]
            values |= {**_reserved(left), "looked_at": LOOK_AHEAD}
            claimed += _claimed(conn, query, values, left)
        return claimed


def _claimed(
    conn: AnyConnection, query: LiteralString, values: dict[str, Any], attempt_ids: Sequence[str]
) -> list[ClaimedAttempt]:
    """Return what was claimed in the queue's order, in which the ids were given out."""
    places = {attempt_id: place for place, attempt_id in enumerate(attempt_ids)}
    return sorted(all_of(conn, ClaimedAttempt, query, values), key=lambda attempt: places[attempt.attempt_id])


def claim_values(
    campaign: DialingCampaign,
    gateway: CampaignGateway,
    attempt_ids: Sequence[str],
    open_zone_sets: Sequence[int],
    now: datetime | None,
) -> dict[str, Any]:
    """Return the parameters of `claim_query`."""
    return rule_values(campaign, open_zone_sets, now or datetime.now(UTC)) | {
        "gateway_id": gateway.gateway_id,
        "zone_sets": list(open_zone_sets),
        **_reserved(attempt_ids),
        "looked_at": len(attempt_ids),
        "postpone_s": POSTPONE_S,
    }


def _reserved(attempt_ids: Sequence[str]) -> dict[str, Any]:
    """The ids as PostgreSQL spells an array of them: as a list, each would be examined and quoted."""
    return {"attempt_ids": "{" + ",".join(attempt_ids) + "}", "wanted": len(attempt_ids)}


def rule_values(campaign: DialingCampaign, zone_sets: Sequence[int], now: datetime) -> dict[str, Any]:
    """Return the parameters of the pieces that judge the contacts of these zone sets at `now`."""
    return {
        "campaign_id": campaign.id,
        "limited_sets": list(zone_sets),
        "max_attempts": campaign.retry.max_attempts,
        "max_per_day": campaign.retry.max_per_day,
        "allowed": [f"{prefix}%" for prefix in campaign.allowed],
        "allowed_pattern": pattern_of(campaign.allowed),
        "calling_codes": list(campaign.calling_codes),
        "now": now,
    }


def judging(query: LiteralString) -> LiteralString:
    """Return a query with the pieces that judge contacts put in where it names them (`-- REFUSAL`)."""
    for name in FRAGMENTS:
        query = query.replace(f"-- {name.upper()}\n", queries[name])
    return query


@cache
def claim_query(open_sets: int) -> LiteralString:
    """Return the claim's statement for so many open zone sets: their queues are merged in order, one branch each."""
    quota = queries["quota_of_one"]
    if open_sets > 1:
        heads = " UNION ALL ".join(queries["head"].replace("PLACE", str(place)) for place in range(1, open_sets + 1))
        quota = queries["quota_of_many"].replace("-- HEADS", heads)
    return judging(queries["claim"].replace("-- QUOTA", quota))


def judge_again(
    conn: AnyConnection, campaign: DialingCampaign, now: datetime | None = None, contact_id: int | None = None
) -> tuple[int, int]:
    """Take out of the queue whom the campaign's rules forbid by now, and readmit whom they no longer do.

    contact_id: judge this contact alone. Return how many were blocked and how many wait again. The claim judges all the
    same; this keeps it from having to wade through many that may not be called.
    """
    values = rule_values(campaign, [], now or datetime.now(UTC)) | {"contact_id": contact_id}
    with joined(conn):
        blocked = change(conn, judging(queries["block_refused"]), values)
        return blocked, change(conn, judging(queries["readmit"]), values)


def mark_originated(
    conn: AnyConnection, attempt_ids: Sequence[str], core_uuid: str | None, switch_id: int | None = None
) -> list[str]:
    """Record that these go to the wire now, and return those that may: commit, then send exactly those.

    Left out: already marked (an originate is never sent twice), released, campaign no longer active, number
    blacklisted since the claim, switch disabled. Release what is left out.
    """
    values = {"attempt_ids": list(attempt_ids), "core_uuid": core_uuid, "switch_id": switch_id}
    marked = set(column_of(conn, queries["mark_originated"], values))
    return [attempt_id for attempt_id in attempt_ids if attempt_id in marked]


def release(conn: AnyConnection, attempt_ids: Sequence[str]) -> int:
    """Undo claims that were never originated: the contact is due as before. Return how many were undone."""
    return change(conn, queries["release"], {"attempt_ids": list(attempt_ids)})


def withdraw(conn: AnyConnection, attempt_ids: Sequence[str]) -> int:
    """Undo attempts that were marked but surely never sent; return how many were undone.

    Only whoever marked them may say so: when it is not certain that nothing reached the switch, leave them alone.
    """
    return change(conn, queries["withdraw"], {"attempt_ids": list(attempt_ids)})


def release_stale(conn: AnyConnection, older_than_s: float) -> list[str]:
    """Undo claims nobody originated within `older_than_s` (a scheduler died in between); return their ids."""
    with joined(conn):
        stale = column_of(conn, queries["stale"], {"older_than_s": older_than_s})
        release(conn, stale)
    return stale
