"""Exactly one lead per attempt, with lost replies, several workers, and workers that die in the middle."""

import threading
from collections import Counter

import pytest
import requests

from db import integrations_state
from db.redis_client import open_redis
from integrations.bitrix24 import Bitrix24
from integrations.lead_delivery import KIND, NoRoom, deliver_due, hold_s_for, pacer
from tests.integrations.conftest import PATIENCE_S, PRODUCT
from tests.standins.bitrix24 import Bitrix24 as StandIn
from tests.standins.bitrix24 import Fault, Faults
from tests.standins.bitrix24.limits import LeakyBuckets

HOLD_S = 60.0


def made(portal) -> Counter[str]:
    """Count the portal's leads by their origin."""
    return Counter(item["originId"] for item in portal.portal.leads.items.values())


def test_it_delivers_what_is_due(portal, client, outbox):
    attempts = outbox.owe(3)
    assert deliver_due(outbox.run, client, 10, HOLD_S) == 3
    assert made(portal) == Counter(attempts)
    assert set(outbox.states().values()) == {"delivered"}
    assert deliver_due(outbox.run, client, 10, HOLD_S) == 0


def test_it_leaves_young_leads_to_the_one_who_posts_at_once(portal, client, outbox):
    outbox.owe(age_s=0)
    (old,) = outbox.owe(age_s=9)
    assert deliver_due(outbox.run, client, 10, HOLD_S, min_age_s=5) == 1
    assert made(portal) == Counter([old])


def test_it_looks_up_before_adding_when_the_reply_was_lost(portal, client, outbox):
    (attempt,) = outbox.owe()
    portal.faults.order(Fault.REPLY_LOST)
    assert deliver_due(outbox.run, client, 10, HOLD_S) == 0
    assert outbox.lead(attempt).state == "pending"
    assert deliver_due(outbox.run, client, 10, HOLD_S) == 0, "an ambiguous lead rests first"
    outbox.make_due()
    assert deliver_due(outbox.run, client, 10, HOLD_S) == 1
    assert [line["method"] for line in portal.journal.lines] == ["crm.item.add", "crm.item.list"]
    assert made(portal) == Counter([attempt])


def test_a_post_that_may_have_arrived_is_looked_up_no_sooner_than_a_slow_portal_commits(portal, client, outbox):
    (attempt,) = outbox.owe()
    portal.faults.order(Fault.REPLY_LATE)
    deliver_due(outbox.run, client, 1, HOLD_S)
    now = outbox.run(lambda conn: conn.execute("SELECT now()").fetchone()[0])
    assert (outbox.lead(attempt).next_try_at - now).total_seconds() > 60
    assert hold_s_for(PATIENCE_S) > 60 + PATIENCE_S, "whoever dies while posting leaves as much time"


def test_a_worker_that_died_while_posting_leaves_no_double(portal, client, outbox):
    class Dying:
        def add_lead(self, lead):
            client.add_lead(lead)
            raise SystemExit

    (attempt,) = outbox.owe()
    with pytest.raises(SystemExit):
        deliver_due(outbox.run, Dying(), 1, HOLD_S)
    assert deliver_due(outbox.run, client, 10, HOLD_S) == 0, "the hold keeps others away"
    outbox.make_due()
    assert deliver_due(outbox.run, client, 10, HOLD_S) == 1
    assert made(portal) == Counter([attempt])


def test_a_worker_that_died_before_posting_loses_no_lead(portal, client, outbox):
    class Dying:
        def add_lead(self, lead):
            raise SystemExit

    (attempt,) = outbox.owe()
    with pytest.raises(SystemExit):
        deliver_due(outbox.run, Dying(), 1, HOLD_S)
    outbox.make_due()
    assert deliver_due(outbox.run, client, 10, HOLD_S) == 1
    assert made(portal) == Counter([attempt])


@pytest.mark.parametrize("seed", range(3))
def test_three_workers_and_a_bad_line_make_one_lead_each(seed, outbox):
    bad = {Fault.REPLY_LOST: 0.2, Fault.REQUEST_LOST: 0.1, Fault.SERVER_ERROR_AFTER: 0.1, Fault.QUERY_LIMIT: 0.1}
    with StandIn(faults=Faults(seed, bad)) as portal:
        portal.portal.buckets = LeakyBuckets(10_000, 1000)
        attempts = outbox.owe(30)

        def work() -> None:
            with requests.Session() as session:
                client = Bitrix24(portal.webhook_url, session, PATIENCE_S, PRODUCT)
                deliver_due(outbox.run, client, 100, HOLD_S)

        for _ in range(20):
            workers = [threading.Thread(target=work) for _ in range(3)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            if set(outbox.states().values()) == {"delivered"}:
                break
            outbox.make_due()
        assert set(outbox.states().values()) == {"delivered"}
        assert made(portal) == Counter(attempts)


def test_a_portal_that_refuses_us_pauses_everything_until_somebody_resumes_it(portal, client, outbox):
    attempts = outbox.owe(2)
    portal.faults.order(Fault.PAYMENT_REQUIRED)
    told = []
    deliver_due(outbox.run, client, 10, HOLD_S, announce=lambda kind, facts: told.append(kind))
    outbox.make_due()
    deliver_due(outbox.run, client, 10, HOLD_S)
    assert told == ["integration.down"]
    assert len(portal.journal.lines) == 1
    outbox.run(lambda conn: integrations_state.resume(conn, KIND))
    assert deliver_due(outbox.run, client, 10, HOLD_S) == 2
    assert made(portal) == Counter(attempts)


def test_a_lead_that_is_refused_for_good_does_not_hold_up_the_others(portal, client, outbox):
    first, second = outbox.owe(2)
    portal.faults.order(Fault.FIELD_ERROR)
    assert deliver_due(outbox.run, client, 10, HOLD_S) == 1
    assert outbox.states() == {first: "failed", second: "delivered"}
    assert "sourceId" in outbox.lead(first).last_error


def test_delays_grow_with_every_failure(portal, client, outbox):
    (attempt,) = outbox.owe()
    delays = []
    for _ in range(4):
        portal.faults.order(Fault.QUERY_LIMIT)
        deliver_due(outbox.run, client, 1, HOLD_S)
        lead = outbox.lead(attempt)
        now = outbox.run(lambda conn: conn.execute("SELECT now()").fetchone()[0])
        delays.append(round((lead.next_try_at - now).total_seconds()))
        outbox.make_due()
    assert delays == sorted(delays)
    assert delays[0] == 5
    assert delays[-1] > 60


def test_every_exchange_is_kept(portal, client, outbox):
    outbox.owe()
    portal.faults.order(Fault.REPLY_LOST)
    deliver_due(outbox.run, client, 1, HOLD_S)
    outbox.make_due()
    deliver_due(outbox.run, client, 1, HOLD_S)
    kept = outbox.run(
        lambda conn: conn.execute("SELECT method, http_status, error FROM lead_exchanges ORDER BY id").fetchall()
    )
    assert kept == [("crm.item.add", None, "ConnectionError"), ("crm.item.list", 200, None)]


def test_it_keeps_the_portals_pace(portal, outbox, redis_url):
    redis = open_redis(redis_url, 1000)
    portal.portal.buckets = LeakyBuckets(3, 20)
    with requests.Session() as session:
        client = Bitrix24(portal.webhook_url, session, PATIENCE_S, PRODUCT, pacer(redis, "portal", 3, 20))
        outbox.owe(8)
        assert deliver_due(outbox.run, client, 10, HOLD_S) == 8
    assert all(line["status"] == 200 for line in portal.journal.lines)


def test_without_room_it_asks_nothing_and_the_lead_waits(portal, outbox):
    def no_room() -> None:
        raise NoRoom

    (attempt,) = outbox.owe()
    with requests.Session() as session:
        client = Bitrix24(portal.webhook_url, session, PATIENCE_S, PRODUCT, no_room)
        assert deliver_due(outbox.run, client, 10, HOLD_S) == 0
    assert not portal.journal.lines
    assert outbox.lead(attempt).state == "pending"
