"""The stand-in refuses as the portal does: credentials, limits, and every fault that can be ordered."""

import subprocess
import sys

import pytest
import requests

from tests.standins.bitrix24 import Fault, Faults, Portal, Refused
from tests.standins.bitrix24.limits import LeakyBuckets, OperatingTime

ADD = {"entityTypeId": 1, "fields": {"title": "x", "originId": "a"}}


def test_a_bucket_takes_fifty_then_two_a_second():
    bucket = LeakyBuckets()
    assert [bucket.take("a", now=0.0) for _ in range(51)] == [True] * 50 + [False]
    assert bucket.take("a", now=0.4) is False
    assert bucket.take("a", now=0.5) is True
    assert bucket.take("a", now=0.5) is False
    assert [bucket.take("a", now=10.5) for _ in range(21)] == [True] * 20 + [False]


def test_every_source_address_has_a_bucket_of_its_own():
    bucket = LeakyBuckets(size=1)
    assert bucket.take("a", now=0.0)
    assert bucket.take("b", now=0.0)
    assert not bucket.take("a", now=0.0)


def test_a_method_that_worked_too_long_waits_until_its_oldest_work_is_ten_minutes_old():
    spent = OperatingTime(limit_s=1.0)
    spent.spend("crm.item.add", 0.6, now=100.0)
    assert not spent.is_blocked("crm.item.add", now=101.0)
    spent.spend("crm.item.add", 0.6, now=101.0)
    assert spent.is_blocked("crm.item.add", now=102.0)
    assert not spent.is_blocked("crm.item.list", now=102.0)
    assert spent.reset_at("crm.item.add", now=102.0) == 700.0
    assert not spent.is_blocked("crm.item.add", now=700.0)


def test_it_refuses_the_fifty_first_request_at_once(bitrix24, call):
    bitrix24.portal.clock = lambda: 1000.0
    codes = [call("profile").status_code for _ in range(51)]
    assert codes == [200] * 50 + [503]
    assert bitrix24.journal.lines[-1]["error"] == "QUERY_LIMIT_EXCEEDED"


def test_it_refuses_a_method_over_its_operating_time(bitrix24, call):
    bitrix24.portal.operating.limit_s = 0.05
    assert call("crm.item.add", **ADD).status_code == 200
    answer = call("crm.item.add", **ADD)
    assert (answer.status_code, answer.json()["error"]) == (429, "OPERATION_TIME_LIMIT")
    assert answer.json()["time"]["operating_reset_at"] > bitrix24.portal.clock() + 590


@pytest.mark.parametrize(
    ("user", "secret", "error"), [("1", "wrong", "INVALID_CREDENTIALS"), ("9", "s", "NO_AUTH_FOUND")]
)
def test_it_refuses_wrong_credentials(bitrix24, call, user, secret, error):
    answer = call("profile", base=f"{bitrix24.url}/rest/{user}/{secret}/")
    assert (answer.status_code, answer.json()["error"]) == (401, error)


def test_it_refuses_telephony_methods_to_a_webhook(call):
    assert call("telephony.externalcall.register").json()["error"] == "WRONG_AUTH_TYPE"


def test_it_refuses_fields_that_are_no_object(call):
    assert call("crm.item.add", entityTypeId=1).status_code == 400
    assert call("crm.item.add", entityTypeId=2, fields={}).json()["error"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        (Fault.SERVER_ERROR, 500, "INTERNAL_SERVER_ERROR"),
        (Fault.QUERY_LIMIT, 503, "QUERY_LIMIT_EXCEEDED"),
        (Fault.OPERATION_LIMIT, 429, "OPERATION_TIME_LIMIT"),
        (Fault.OVERLOAD, 503, "OVERLOAD_LIMIT"),
        (Fault.PAYMENT_REQUIRED, 402, "PAYMENT_REQUIRED"),
        (Fault.PORTAL_DELETED, 403, "PORTAL_DELETED"),
        (Fault.ACCESS_DENIED, 403, "ACCESS_DENIED"),
        (Fault.INSUFFICIENT_SCOPE, 403, "insufficient_scope"),
        (Fault.EXPIRED_TOKEN, 401, "expired_token"),
        (Fault.INVALID_REQUEST, 400, "INVALID_REQUEST"),
        (Fault.FIELD_ERROR, 400, "CRM_FIELD_ERROR_VALUE_NOT_VALID"),
        (Fault.EMPTY_ERROR, 400, ""),
    ],
)
def test_it_refuses_once_with_the_ordered_error_and_adds_nothing(bitrix24, call, fault, status, error):
    bitrix24.faults.order(fault)
    answer = call("crm.item.add", **ADD)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert not bitrix24.portal.leads.items
    assert call("crm.item.add", **ADD).status_code == 200


def test_a_lost_reply_leaves_the_lead_behind(bitrix24, call):
    bitrix24.faults.order(Fault.REPLY_LOST, method="crm.item.add")
    with pytest.raises(requests.ConnectionError):
        call("crm.item.add", **ADD)
    assert len(bitrix24.portal.leads.items) == 1
    assert (bitrix24.journal.lines[-1]["result"], bitrix24.journal.lines[-1]["status"]) == (1, None)


def test_a_lost_request_leaves_nothing_behind(bitrix24, call):
    bitrix24.faults.order(Fault.REQUEST_LOST)
    with pytest.raises(requests.ConnectionError):
        call("crm.item.add", **ADD)
    assert not bitrix24.portal.leads.items


def test_a_late_reply_is_a_read_timeout_and_a_lead(bitrix24):
    bitrix24.faults.order(Fault.REPLY_LATE)
    with pytest.raises(requests.ReadTimeout):
        requests.post(f"{bitrix24.webhook_url}crm.item.add", json=ADD, timeout=0.05)
    assert len(bitrix24.portal.leads.items) == 1


def test_a_bad_gateway_can_follow_a_lead_that_was_added(bitrix24, call):
    bitrix24.faults.order(Fault.SERVER_ERROR_AFTER)
    assert call("crm.item.add", **ADD).status_code == 502
    assert len(bitrix24.portal.leads.items) == 1


def test_answers_can_be_no_json_or_lack_a_result(bitrix24, call):
    bitrix24.faults.order(Fault.GARBAGE)
    bitrix24.faults.order(Fault.NO_RESULT)
    assert call("crm.item.add", **ADD).text.startswith("<html>")
    assert "result" not in call("crm.item.add", **ADD).json()


def test_a_renamed_portal_redirects_and_a_client_that_follows_blindly_adds_nothing(bitrix24, call):
    bitrix24.rename("localhost")
    moved = call("crm.item.add", **ADD)
    assert moved.status_code == 302
    assert requests.post(f"{bitrix24.webhook_url}crm.item.add.json", json=ADD, timeout=5).status_code == 400
    assert requests.post(moved.headers["Location"], json=ADD, timeout=5).status_code == 200
    assert len(bitrix24.portal.leads.items) == 1


def test_chance_goes_wrong_the_same_way_again():
    def drawn():
        faults = Faults(seed=3, rates={Fault.REPLY_LOST: 0.3, Fault.SERVER_ERROR: 0.3})
        return [faults.draw("crm.item.add") for _ in range(50)]

    assert drawn() == drawn()
    assert {None, Fault.REPLY_LOST, Fault.SERVER_ERROR} == set(drawn())
    assert Faults(seed=3, rates={Fault.REPLY_LOST: 1.0}).draw("crm.item.list") is None


def test_the_control_endpoint_orders_faults(bitrix24, call):
    order = {"fault": "payment_required", "times": 2, "method": "crm.item.add"}
    assert requests.post(f"{bitrix24.url}/_control/faults", json=order, timeout=5).status_code == 200
    assert call("profile").status_code == 200
    assert [call("crm.item.add", **ADD).status_code for _ in range(3)] == [402, 402, 200]
    assert requests.get(f"{bitrix24.url}/_control/state", timeout=5).json()["leads"] == 1


def test_an_unknown_method_is_no_method():
    with pytest.raises(Refused, match="Method not found"):
        Portal().call("crm.nothing", {})


def test_the_command_line_serves_until_it_is_told_to_stop(tmp_path):
    journal = tmp_path / "journal.jsonl"
    command = [sys.executable, "-m", "tests.standins.bitrix24", "--journal", str(journal), "--secret", "k"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().removeprefix("listening on ").strip()
            assert requests.post(f"{url}/rest/1/k/crm.item.add.json", json=ADD, timeout=5).status_code == 200
        finally:
            process.terminate()
        assert process.wait(timeout=10) == 0
    assert len(journal.read_text().splitlines()) == 1
