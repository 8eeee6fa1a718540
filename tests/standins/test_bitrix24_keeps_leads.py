"""The stand-in remembers leads and finds them again as the portal's documentation says."""

import json

import requests

from tests.standins.bitrix24 import Bitrix24


def lead(origin: str = "a", **fields):
    phone = {"typeId": "PHONE", "valueType": "WORK", "value": "+79161234567"}
    return {"title": "Заявка", "originatorId": "voice-dialer", "originId": origin, "fm": [phone]} | fields


def test_it_answers_with_the_item_that_was_added(call):
    answer = call("crm.item.add", entityTypeId=1, fields=lead()).json()
    item = answer["result"]["item"]
    assert item["id"] == 1
    assert item["originId"] == "a"
    assert item["fm"][0]["value"] == "+79161234567"
    assert {"operating", "operating_reset_at", "duration"} <= answer["time"].keys()


def test_it_ignores_unknown_and_read_only_fields_without_a_word(call):
    answer = call("crm.item.add", entityTypeId=1, fields=lead(nonsense="x", id=77))
    assert answer.status_code == 200
    item = answer.json()["result"]["item"]
    assert "nonsense" not in item
    assert item["id"] == 1


def test_it_adds_a_second_lead_for_the_same_origin(call, bitrix24):
    """The portal itself does not keep a client from doubling a lead."""
    call("crm.item.add", entityTypeId=1, fields=lead())
    call("crm.item.add", entityTypeId=1, fields=lead())
    assert len(bitrix24.portal.leads.items) == 2


def test_it_finds_a_lead_by_its_origin_in_either_spelling(call):
    call("crm.item.add", entityTypeId=1, fields=lead("a"))
    call("crm.item.add", entityTypeId=1, fields=lead("b"))
    for wanted in ({"originatorId": "voice-dialer", "originId": "b"}, {"=originId": "b"}, {"@originId": ["b", "c"]}):
        answer = call("crm.item.list", entityTypeId=1, filter=wanted, select=["id", "originId"]).json()
        assert answer["result"]["items"] == [{"id": 2, "originId": "b"}]
    assert call("crm.item.list", entityTypeId=1, filter={"originId": "z"}).json()["total"] == 0


def test_it_refuses_a_filter_on_a_field_that_is_not_there(call):
    answer = call("crm.item.list", entityTypeId=1, filter={"origin": "b"})
    assert (answer.status_code, answer.json()["error"]) == (400, "INVALID_ARG_VALUE")


def test_it_lists_pages_of_fifty(bitrix24, call):
    for number in range(60):
        bitrix24.portal.call("crm.item.add", {"entityTypeId": 1, "fields": lead(str(number))})
    first = call("crm.item.list", entityTypeId=1).json()
    second = call("crm.item.list", entityTypeId=1, start=first["next"]).json()
    assert (len(first["result"]["items"]), first["next"], first["total"]) == (50, 50, 60)
    assert len(second["result"]["items"]) == 10
    assert "next" not in second


def test_it_finds_duplicates_by_phone(call):
    call("crm.item.add", entityTypeId=1, fields=lead())
    found = call("crm.duplicate.findbycomm", type="PHONE", values=["+7 916 123-45-67"], entity_type="LEAD").json()
    assert found["result"] == {"LEAD": [1]}
    assert call("crm.duplicate.findbycomm", type="PHONE", values=["+79990000000"]).json()["result"] == []


def test_it_tells_its_fields_and_sources(call):
    fields = call("crm.item.fields", entityTypeId=1).json()["result"]["fields"]
    assert fields["originId"]["type"] == "string"
    assert fields["id"]["isReadOnly"]
    sources = call("crm.status.list", filter={"ENTITY_ID": "SOURCE"}).json()["result"]
    assert "CALL" in {source["STATUS_ID"] for source in sources}
    assert {source["ENTITY_ID"] for source in sources} == {"SOURCE"}


def test_it_comments_a_lead_that_exists(call):
    call("crm.item.add", entityTypeId=1, fields=lead())
    comment = {"ENTITY_ID": 1, "ENTITY_TYPE": "lead", "COMMENT": "Нажал 1"}
    assert call("crm.timeline.comment.add", fields=comment).json()["result"]
    assert call("crm.timeline.comment.add", fields=comment | {"ENTITY_ID": 5}).status_code == 400


def test_it_answers_a_batch_with_200_and_an_error_per_command(call, bitrix24):
    commands = {"new": "crm.item.add?entityTypeId=1&fields[title]=x&fields[fm][0][typeId]=PHONE", "bad": "crm.nothing"}
    answer = call("batch", halt=0, cmd=commands)
    result = answer.json()["result"]
    assert answer.status_code == 200
    assert result["result"]["new"]["item"]["title"] == "x"
    assert result["result_error"]["bad"]["error"] == "ERROR_METHOD_NOT_FOUND"
    assert [line["method"] for line in bitrix24.journal.lines] == ["crm.item.add", "crm.nothing", "batch"]


def test_it_writes_one_journal_line_a_request_without_the_secret(tmp_path):
    path = tmp_path / "journal.jsonl"
    with Bitrix24(journal=path) as server:
        server.portal.secret = "kept-from-logs"
        sent = requests.post(f"{server.webhook_url}crm.item.add", json={"entityTypeId": 1, "fields": lead()}, timeout=5)
        assert sent.status_code == 200
        text = path.read_text(encoding="utf-8")
    (line,) = map(json.loads, text.splitlines())
    assert (line["method"], line["fields"]["originId"], line["result"]) == ("crm.item.add", "a", 1)
    assert (line["error"], line["status"]) == (None, 200)
    assert "kept-from-logs" not in text
