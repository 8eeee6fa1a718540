"""Takes leads from the outbox to the CRM, exactly once each; used inside the switch and by the scheduler."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

import requests
from psycopg import Connection
from redis import Redis

from db import integrations_state, leads, live_events, rate_bucket
from db.errors import RedisAway
from db.leads import LeadToPost
from dialer.errors import DialerError
from dialer.settings import Settings
from integrations.bitrix24 import Bitrix24
from integrations.results import Ambiguous, Delivered, Failed, PauseIntegration, Result, RetryLater

logger = logging.getLogger(__name__)

KIND = "bitrix24"
DELIVERED = "a lead was delivered"
POSTPONED = "a lead was not delivered, it is tried again"
REFUSED = "the CRM refuses a lead for good"
PAUSED = "deliveries to the CRM are paused until a person resumes them"

DELAYS_S = (5, 15, 60, 300, 900, 1800, 3600)
"""Wait after the first, second, … try that failed; the last one goes on."""
SETTLE_S = 90.0
"""A portal may still be busy with a post whose answer we no longer wait for: it is looked up only after so long,
counted from when we gave up. A portal that commits even later would get a second lead; web servers and proxies usually
end a request after 30 or 60 s, so a minute and a half leaves room. The setting `crm_settle_s` overrides it."""
MOST_REFUSALS = 12
"""A lead that was tried so often and is still refused without a known reason is failed; lost connections never are."""
LONGEST_PACE_WAIT_S = 10.0

T = TypeVar("T")


class Run(Protocol):
    """Runs a job in one transaction and returns its result; raises DatabaseAway."""

    def __call__(self, job: Callable[[Connection[Any]], T], /) -> T:
        """Run it."""


class Crm(Protocol):
    """What is needed of a CRM."""

    def add_lead(self, lead: LeadToPost) -> Result:
        """Make sure that the CRM has this lead once."""


class NoRoom(DialerError):
    """The portal's rate leaves no room for another request soon enough: the lead stays in the outbox."""


def hold_s_for(timeout_s: float, settle_s: float = SETTLE_S) -> float:
    """Return how long a lead is held: a look-up, a post and one more because the portal moved, each at its pace.

    Whoever dies while it posts leaves a post as uncertain as a lost reply does, so the same delay comes on top.
    """
    return 3 * (timeout_s + LONGEST_PACE_WAIT_S) + settle_s


def deliver_due(
    run: Run,
    crm: Crm,
    limit: int,
    hold_s: float,
    min_age_s: float = 0.0,
    announce: Callable[[str, dict[str, Any]], object] = lambda *_: None,
    settle_s: float = SETTLE_S,
) -> int:
    """Deliver due leads one by one until `limit` were tried or none is due; return how many the CRM has now.

    min_age_s: leave younger ones to whoever posts at once. Raises DatabaseAway, RedisAway.
    """
    delivered = 0
    for _ in range(limit):
        lead = run(lambda conn: _take(conn, hold_s, min_age_s))
        if lead is None:
            break
        try:
            result = crm.add_lead(lead)
        except (NoRoom, RedisAway) as error:  # before anything was sent
            run(lambda conn, lead=lead, error=error: _put_off(conn, lead, str(error)))  # type: ignore[misc]
            break
        run(lambda conn, lead=lead, result=result: _write_down(conn, lead, result, settle_s))  # type: ignore[misc]
        _tell(lead, result, announce)
        delivered += isinstance(result, Delivered)
        if isinstance(result, PauseIntegration):
            break
    return delivered


def _take(conn: Connection[Any], hold_s: float, min_age_s: float) -> LeadToPost | None:
    """One at a time: whoever dies leaves one lead to look up, and the hold need not cover a queue."""
    if integrations_state.is_paused(conn, KIND):
        return None
    found = leads.claim_due(conn, 1, hold_s, min_age_s)
    return found[0] if found else None


def _put_off(conn: Connection[Any], lead: LeadToPost, error: str) -> None:
    leads.retry_later(conn, lead.lead_id, _after(DELAYS_S[0]), error)


def _write_down(conn: Connection[Any], lead: LeadToPost, result: Result, settle_s: float) -> None:
    """Record the exchanges and what they came to, in one transaction; all of it may be done again."""
    for exchange in result.exchanges:
        leads.log_exchange(
            conn, lead.lead_id, exchange.method, exchange.request, exchange.status, exchange.response, exchange.error
        )
    match result:
        case Delivered():
            leads.delivered(conn, lead.lead_id, result.external_id)
        case Ambiguous():
            at = _after(max(settle_s, _delay_s(lead.tries)))
            leads.retry_later(conn, lead.lead_id, at, result.error, ambiguous=True)
        case Failed():
            leads.failed(conn, lead.lead_id, result.error)
        case PauseIntegration():
            integrations_state.pause(conn, KIND, result.error)
            leads.retry_later(conn, lead.lead_id, _after(DELAYS_S[0]), result.error)
        case RetryLater():
            was_refused = any(exchange.status is not None for exchange in result.exchanges)
            if was_refused and not result.is_our_pace and result.wait_s is None and lead.tries >= MOST_REFUSALS:
                leads.failed(conn, lead.lead_id, result.error)
            else:
                leads.retry_later(conn, lead.lead_id, _after(result.wait_s or _delay_s(lead.tries)), result.error)


def _delay_s(tries: int) -> float:
    return DELAYS_S[min(max(tries, 1), len(DELAYS_S)) - 1]


def _after(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def _tell(lead: LeadToPost, result: Result, announce: Callable[[str, dict[str, Any]], object]) -> None:
    known: dict[str, Any] = {"attempt_id": lead.attempt_id, "campaign_id": lead.campaign_id, "lead_id": lead.lead_id}
    match result:
        case Delivered():
            logger.info(DELIVERED, extra={**known, "external_id": result.external_id, "was_there": result.was_there})
            announce("lead.created", {**known, "external_id": result.external_id})
        case Failed():
            logger.error(REFUSED, extra={**known, "reason": result.error})
            announce("lead.failed", {**known, "reason": result.error})
        case PauseIntegration():
            logger.error(PAUSED, extra={**known, "reason": result.error})
            announce("integration.down", {"integration": KIND, "reason": result.error})
        case _:
            logger.warning(POSTPONED, extra={**known, "reason": result.error, "tries": lead.tries})


def pacer(redis: Redis, key: str, size: int, rate_per_s: float) -> Callable[[], None]:
    """Return a function that waits until the portal's rate lets one request through; raises NoRoom, RedisAway.

    One request of the burst is left unused: the first one on a new connection arrives later than it left, so the
    portal's bucket has drained less than ours when the next ones come.
    """

    def wait() -> None:
        deadline = time.monotonic() + LONGEST_PACE_WAIT_S
        while wait_ms := rate_bucket.take(redis, key, max(1, size - 1), rate_per_s):
            if time.monotonic() + wait_ms / 1000 > deadline:
                raise NoRoom("the portal's rate leaves no room")
            time.sleep(wait_ms / 1000)

    return wait


def deliverer(
    settings: Settings, run: Run, redis: Redis, *, limit: int = 20, min_age_s: float = 0.0
) -> Callable[[], int]:
    """Wire the delivery for one thread: call the result again and again. Without a webhook it does nothing.

    The bucket is the portal's, so it is shared by every process that this Redis serves.
    """
    if not settings.bitrix24_webhook_url:
        return lambda: 0
    crm = Bitrix24(
        settings.bitrix24_webhook_url,
        requests.Session(),
        settings.crm_timeout_s,
        settings.product_name,
        pacer(redis, KIND, settings.bitrix24_burst, settings.bitrix24_rate),
    )
    hold_s = hold_s_for(settings.crm_timeout_s, settings.crm_settle_s)
    return lambda: deliver_due(
        run,
        crm,
        limit,
        hold_s,
        min_age_s,
        lambda kind, facts: live_events.publish(redis, kind, facts),
        settings.crm_settle_s,
    )
