"""Every answer of Bitrix24 becomes one of our results; nothing is added twice, and the secret stays a secret."""

import logging

import pytest
import requests

from integrations.bitrix24 import ERRORS, Bitrix24
from integrations.results import Ambiguous, Delivered, Failed, PauseIntegration, RetryLater
from tests.integrations.conftest import PATIENCE_S, PRODUCT
from tests.standins.bitrix24 import Fault
from tests.standins.bitrix24.faults import DONE_ANYWAY

MEANINGS = {
    Fault.REPLY_LOST: Ambiguous,
    Fault.REPLY_LATE: Ambiguous,
    Fault.REQUEST_LOST: Ambiguous,
    Fault.SERVER_ERROR: Ambiguous,
    Fault.SERVER_ERROR_AFTER: Ambiguous,
    Fault.GARBAGE: Ambiguous,
    Fault.NO_RESULT: Ambiguous,
    Fault.QUERY_LIMIT: RetryLater,
    Fault.OPERATION_LIMIT: RetryLater,
    Fault.EMPTY_ERROR: RetryLater,
    Fault.OVERLOAD: PauseIntegration,
    Fault.PAYMENT_REQUIRED: PauseIntegration,
    Fault.PORTAL_DELETED: PauseIntegration,
    Fault.ACCESS_DENIED: PauseIntegration,
    Fault.INSUFFICIENT_SCOPE: PauseIntegration,
    Fault.EXPIRED_TOKEN: PauseIntegration,
    Fault.INVALID_REQUEST: Failed,
    Fault.FIELD_ERROR: Failed,
}


def test_it_knows_what_every_fault_of_the_stand_in_means():
    assert set(MEANINGS) == set(Fault)


@pytest.mark.parametrize("fault", list(Fault))
def test_it_translates(fault, portal, client, a_lead):
    portal.faults.order(fault)
    assert isinstance(client.add_lead(a_lead()), MEANINGS[fault])


@pytest.mark.parametrize("fault", [fault for fault in Fault if MEANINGS[fault] in (Ambiguous, RetryLater)])
def test_a_second_try_after_a_fault_leaves_exactly_one_lead(fault, portal, client, a_lead):
    lead = a_lead()
    portal.faults.order(fault)
    first = client.add_lead(lead)
    again = client.add_lead(a_lead(attempt_id=lead.attempt_id, is_ambiguous=isinstance(first, Ambiguous)))
    assert isinstance(again, Delivered)
    assert again.was_there == (fault in DONE_ANYWAY)
    assert [item["originId"] for item in portal.portal.leads.items.values()] == [lead.attempt_id]


@pytest.mark.parametrize("fault", sorted(set(Fault) - {Fault.REPLY_LATE}))
def test_a_failed_look_up_adds_nothing(fault, portal, client, a_lead):
    portal.faults.order(fault, method="crm.item.list")
    result = client.add_lead(a_lead(is_ambiguous=True))
    assert isinstance(result, RetryLater | PauseIntegration)
    assert not portal.portal.leads.items


def test_it_sends_the_phone_and_the_origin(portal, client, a_lead):
    lead = a_lead()
    result = client.add_lead(lead)
    (item,) = portal.portal.leads.items.values()
    assert result.external_id == str(item["id"])
    assert (item["originatorId"], item["originId"]) == (PRODUCT, lead.attempt_id)
    assert item["sourceId"] == "CALL"
    assert item["title"] == "Осень: Анна"
    assert [(entry["typeId"], entry["valueType"], entry["value"]) for entry in item["fm"]] == [
        ("PHONE", "WORK", "+79161234567")
    ]


def test_a_mapping_fills_fields_but_never_the_origin_or_the_phone(portal, client, a_lead):
    mapping = {
        "fields": {
            "title": "campaign",
            "comments": "extra.city",
            "sourceId": "=WEB",
            "ufCrmCallDigits": "digits",
            "originId": "=stolen",
            "fm": "=stolen",
            "companyTitle": "extra.missing",
        }
    }
    lead = a_lead(mapping=mapping)
    client.add_lead(lead)
    (item,) = portal.portal.leads.items.values()
    assert (item["title"], item["comments"], item["sourceId"], item["ufCrmCallDigits"]) == (
        "Осень",
        "Тверь",
        "WEB",
        "1",
    )
    assert item["originId"] == lead.attempt_id
    assert item["fm"][0]["value"] == lead.phone
    assert item["companyTitle"] is None


def test_it_waits_as_long_as_the_portal_asks(portal, client, a_lead):
    portal.faults.order(Fault.OPERATION_LIMIT)
    result = client.add_lead(a_lead())
    assert isinstance(result, RetryLater)
    assert result.wait_s is not None
    assert 500 < result.wait_s <= 601


def test_a_portal_nobody_answers_for_got_nothing(a_lead):
    with requests.Session() as session:
        client = Bitrix24("http://127.0.0.1:9/rest/1/secret/", session, PATIENCE_S, PRODUCT)
        result = client.add_lead(a_lead())
    assert isinstance(result, RetryLater)
    assert [(exchange.status, exchange.error) for exchange in result.exchanges] == [(None, "ConnectionError")]


def test_wrong_credentials_pause_the_integration(portal, a_lead):
    with requests.Session() as session:
        client = Bitrix24(f"{portal.url}/rest/1/wrong", session, PATIENCE_S, PRODUCT)
        assert isinstance(client.add_lead(a_lead()), PauseIntegration)


def test_it_follows_a_renamed_portal_with_the_same_post(portal, client, a_lead):
    portal.rename("localhost")
    assert isinstance(client.add_lead(a_lead()), Delivered)
    assert isinstance(client.add_lead(a_lead()), Delivered)
    assert [line["method"] for line in portal.journal.lines] == ["moved", "crm.item.add", "crm.item.add"]


def test_it_does_not_follow_to_a_strange_host(portal, client, a_lead):
    portal.rename("portal.example")
    assert isinstance(client.add_lead(a_lead()), PauseIntegration)
    assert not portal.portal.leads.items


@pytest.mark.parametrize("fault", [*Fault, None])
def test_no_secret_is_logged_or_kept(fault, portal, client, a_lead, caplog):
    caplog.set_level(logging.INFO)
    portal.portal.secret = "k7hidden"
    client = Bitrix24(portal.webhook_url, requests.Session(), PATIENCE_S, PRODUCT)
    if fault:
        portal.faults.order(fault)
    result = client.add_lead(a_lead())
    assert result.exchanges
    assert "k7hidden" not in repr(result)
    assert "k7hidden" not in caplog.text


def test_every_code_of_the_table_is_in_capitals():
    assert all(code == code.upper() for code in ERRORS)
