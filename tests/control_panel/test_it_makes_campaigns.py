"""The campaign form: what a person fills in becomes a campaign and a flow, and comes back as it was."""

import html
from dataclasses import replace
from datetime import UTC, datetime, time
from html.parser import HTMLParser
from typing import Any

import pytest
from psycopg import Connection

from control_panel import campaign_form, crm_mapping
from db import audio_files, campaigns, flows
from db.leads import LeadToPost
from dialer.amd import AmdAction, AmdPlan, Thresholds
from dialer.call_flow import parse_flow
from dialer.campaign import CampaignState
from dialer.outcome import Disposition
from dialer.prompt import Prompt, PromptKind
from dialer.retry import FINAL, parse_rules
from integrations.bitrix24_fields import lead_fields
from tests.control_panel import sample
from tests.control_panel.conftest import Browser, SignIn

FIELDS = {
    "name": "Spring",
    "description": "A note",
    "language": "en",
    "greeting": "builtin:greeting",
    "menu": "builtin:menu",
    "key_1": "interested",
    "key_2": "not_interested",
    "key_3": "",
    "key_4": "",
    "key_5": "",
    "key_6": "",
    "key_7": "callback",
    "key_8": "",
    "key_9": "opt_out",
    "key_star": "repeat",
    "key_0": "",
    "key_hash": "",
    "tries": "3",
    "input_timeout_s": "4",
    "amd_mode": "off",
    "amd_on_machine": "hang_up",
    "amd_on_fax": "hang_up",
    "amd_on_unsure": "go_on",
    "amd_message": "",
    "amd_without_beep": "hang_up",
    "default_country": "KZ",
    "time_zone": "Asia/Almaty",
    "hours_start": "22:00",
    "hours_end": "06:30",
    "max_channels": "7",
    "calls_per_minute": "90",
    "ring_timeout_s": "25",
    "priority": "7",
    "weight": "3",
    "max_call_s": "120",
    "max_attempts": "4",
    "retry_busy": "y",
    "retry_busy_minutes": "0.5",
    "retry_busy_growth": "1.5",
    "retry_busy_attempts": "2",
    "retry_machine": "y",
}


def fields(**changes: Any) -> list[tuple[str, str]]:
    """Return the form as a browser sends it, with the weekend chosen."""
    return [*(FIELDS | changes).items(), ("weekdays", "6"), ("weekdays", "7")]


class _Form(HTMLParser):
    """Collects what the last form of a page sends when nothing is touched."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, str]] = []
        self.open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = dict(attrs)
        name, value = at.get("name") or "", at.get("value") or ""
        if tag == "input" and (at.get("type") != "checkbox" or "checked" in at) and name != "csrf_token":
            self.sent.append((name, value or ("y" if at.get("type") == "checkbox" else "")))
        elif tag in ("select", "textarea"):
            self.open = name
        elif tag == "option" and self.open and "selected" in at:
            self.sent.append((self.open, value))

    def handle_data(self, data: str) -> None:
        if self.open == "description":
            self.sent.append((self.open, data.strip()))
            self.open = ""


def as_a_browser_sends(page: str) -> list[tuple[str, str]]:
    """Return what the page's form sends when somebody opens and saves it."""
    parser = _Form()
    parser.feed(page[page.index("<main") : page.index("</main>")])
    return parser.sent


def test_it_stores_everything_the_form_says(admin: Browser, conn: Connection[Any]) -> None:
    gateway_id, caller_id = sample.a_gateway(conn)
    admin.get("/campaigns/new")
    answer = admin.post("/campaigns/new", [*fields(), ("caller_id", str(caller_id))])
    assert answer.status_code == 302, answer.get_data(as_text=True)
    stored = campaigns.get(conn, int(answer.location.rsplit("/", 1)[1]))
    assert (stored.name, stored.description, stored.state) == ("Spring", "A note", CampaignState.DRAFT)
    assert (stored.hours_start, stored.hours_end, stored.weekdays) == (time(22), time(6, 30), (6, 7))
    assert (stored.default_country, stored.time_zone) == ("KZ", "Asia/Almaty")
    limits = (stored.max_channels, stored.calls_per_minute, stored.ring_timeout_s, stored.max_call_s)
    assert limits == (7, 90, 25, 120)
    assert stored.calls_per_second is None, "an empty number is no limit"
    rules = parse_rules(stored.retry_rules)
    assert {str(d): (r.delay_s, r.growth, r.max_attempts) for d, r in rules.rules.items()} == {
        "busy": (30.0, 1.5, 2),
        "machine": (3600.0, 1.0, 4),
    }
    assert rules.max_attempts == 4
    flow = parse_flow(flows.definition(conn, stored.flow_version_id))
    assert {key: str(action) for key, action in flow.keys.items()} == {
        "1": "interested", "2": "not_interested", "7": "callback", "9": "opt_out", "*": "repeat",
    }  # fmt: skip
    assert (flow.language, flow.tries, flow.input_timeout_ms, str(flow.amd_mode)) == ("en", 3, 4000, "off")
    assert [g.gateway_id for g in campaigns.gateways_of(conn, stored.id)] == [gateway_id]
    assert conn.execute("SELECT 1 FROM audit_log WHERE action = 'campaign.created'").fetchone()


def test_a_campaign_may_have_a_limit_of_calls_per_second(admin: Browser, conn: Connection[Any]) -> None:
    _, caller_id = sample.a_gateway(conn)

    def sent(rate: str) -> list[tuple[str, str]]:
        return [*fields(calls_per_second=rate), ("caller_id", str(caller_id))]

    for wrong in ("0", "-1", "1001", "x"):
        assert admin.post("/campaigns/new", sent(wrong)).status_code == 400
    page = admin.post("/campaigns/new", sent("2.5")).location
    campaign_id = int(page.rsplit("/", 1)[1])
    assert campaigns.get(conn, campaign_id).calls_per_second == 2.5
    assert "per second: 2.5" in admin.text(page) or "в секунду: 2,5" in admin.text(page)
    again = as_a_browser_sends(admin.text(f"{page}/edit"))
    assert ("calls_per_second", "2.5") in again
    admin.post(f"{page}/edit", [(name, "" if name == "calls_per_second" else value) for name, value in again])
    assert campaigns.get(conn, campaign_id).calls_per_second is None


def test_it_stores_what_becomes_of_machines(admin: Browser, conn: Connection[Any]) -> None:
    audio_id = audio_files.add(conn, "For machines", "abc.wav", "m.mp3", 3000, "00")
    wanted = {
        "amd_mode": "greet_while_detecting",
        "amd_on_machine": "leave_message",
        "amd_on_unsure": "hang_up",
        "amd_message": f"audio:{audio_id}",
        "amd_beep_wait_s": "45",
        "amd_without_beep": "leave_message",
        "amd_certainty": "95",
        "amd_longest_ms": "3000",
        "amd_keeps_audio": "y",
        "amd_hears_early_media": "y",
    }
    answer = admin.post("/campaigns/new", fields(**wanted))
    stored = campaigns.get(conn, int(answer.location.rsplit("/", 1)[1]))
    plan = parse_flow(flows.definition(conn, stored.flow_version_id)).amd
    assert plan == AmdPlan(
        on_machine=AmdAction.LEAVE_MESSAGE,
        on_unsure=AmdAction.HANG_UP,
        message=Prompt(PromptKind.AUDIO, "abc.wav", audio_id),
        beep_wait_ms=45_000,
        without_beep=AmdAction.LEAVE_MESSAGE,
        thresholds=Thresholds(certainty=95, longest_ms=3000),
        keeps_audio=True,
        hears_early_media=True,
    )
    page = as_a_browser_sends(admin.text(f"/campaigns/{stored.id}/edit"))
    assert {(name, value) for name, value in page if name in wanted} == set(wanted.items())


@pytest.mark.parametrize(
    "wrong",
    [
        {"amd_on_machine": "leave_message"},
        {"amd_on_fax": "leave_message"},
        {"amd_on_unsure": "leave_message"},
        {"amd_certainty": "59"},
        {"amd_longest_ms": "3701"},
        {"amd_silence_ms": "1001"},
        {"amd_beep_wait_s": "61"},
    ],
)
def test_it_refuses_what_machines_can_not_be_asked(
    admin: Browser, conn: Connection[Any], wrong: dict[str, str]
) -> None:
    answer = admin.post("/campaigns/new", fields(amd_mode="detect_then_greet", **wrong))
    assert answer.status_code == 400
    assert campaigns.list_all(conn) == []


def test_it_plays_uploaded_audio(admin: Browser, conn: Connection[Any]) -> None:
    audio_id = audio_files.add(conn, "Promo", "abc.wav", "promo.mp3", 3000, "00")
    page = admin.text("/campaigns/new")
    assert f'value="audio:{audio_id}"' in page
    answer = admin.post("/campaigns/new", fields(greeting=f"audio:{audio_id}"))
    stored = campaigns.get(conn, int(answer.location.rsplit("/", 1)[1]))
    greeting = flows.definition(conn, stored.flow_version_id)["greeting"]
    assert greeting == {"kind": "audio", "name": "abc.wav", "audio_id": audio_id}


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", "", "Fill this in."),
        ("ring_timeout_s", "5", "A whole number from 15 to 120."),
        ("ring_timeout_s", "many", "A whole number from 15 to 120."),
        ("tries", "6", "A whole number from 1 to 5."),
        ("key_1", "", "One key must mean “Interested”."),
        ("key_1", "nonsense", "Not a valid choice"),
        ("greeting", "builtin:../../etc/passwd", "Not a valid choice"),
        ("greeting", "audio:999", "Not a valid choice"),
        ("time_zone", "Mars/Olympus", "Not a valid choice"),
        ("retry_busy_minutes", "-1", "A number of minutes from 0 to 43200."),
        ("hours_start", "25:00", "Not a valid time value"),
    ],
)
def test_it_says_what_is_wrong_and_keeps_the_rest(
    admin: Browser, conn: Connection[Any], field: str, value: str, says: str
) -> None:
    admin.get("/campaigns/new")
    answer = admin.post("/campaigns/new", fields(**{field: value}))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert says in page
    assert 'value="Asia/Almaty"' in page
    assert 'aria-invalid="true"' in page or "keypad" in page
    assert conn.execute("SELECT count(*) FROM campaigns").fetchone() == (0,)
    assert conn.execute("SELECT count(*) FROM flows").fetchone() == (0,)


def test_it_asks_for_a_weekday(admin: Browser) -> None:
    admin.get("/campaigns/new")
    answer = admin.post("/campaigns/new", list(FIELDS.items()))
    assert "Choose at least one day." in answer.get_data(as_text=True)


def test_it_shows_a_campaign_as_it_was_stored_and_an_unchanged_flow_makes_no_version(
    admin: Browser, conn: Connection[Any]
) -> None:
    admin.get("/campaigns/new")
    made = admin.post("/campaigns/new", fields())
    page = admin.text(f"{made.location}/edit")
    for part in ('value="Spring"', 'value="22:00"', 'value="06:30"', 'selected value="Asia/Almaty"', 'value="0.5"'):
        assert part in page
    admin.post(f"{made.location}/edit", fields(name="Summer"))
    assert conn.execute("SELECT count(*) FROM flow_versions").fetchone() == (1,)
    admin.post(f"{made.location}/edit", fields(tries="1"))
    assert conn.execute("SELECT count(*), max(version) FROM flow_versions").fetchone() == (2, 2)
    assert conn.execute("SELECT name FROM campaigns").fetchone() == ("Spring",)


def test_it_gives_campaigns_of_one_name_flows_of_their_own(admin: Browser, conn: Connection[Any]) -> None:
    for _time in range(3):
        admin.get("/campaigns/new")
        admin.post("/campaigns/new", fields())
    names = [row[0] for row in conn.execute("SELECT name FROM flows ORDER BY id").fetchall()]
    assert names == ["Spring", "Spring (2)", "Spring (3)"]


def test_it_changes_a_campaign_while_it_dials(admin: Browser, conn: Connection[Any]) -> None:
    pair = sample.a_gateway(conn)
    campaign_id = sample.a_campaign(conn, "Busy", pair)
    campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
    admin.get(f"/campaigns/{campaign_id}/edit")
    admin.post(f"/campaigns/{campaign_id}/edit", [*fields(max_channels="3"), ("caller_id", str(pair[1]))])
    changed = campaigns.get(conn, campaign_id)
    assert (changed.state, changed.max_channels) == (CampaignState.ACTIVE, 3)


def test_saving_changes_only_what_was_changed(admin: Browser, conn: Connection[Any]) -> None:
    pairs = [sample.a_gateway(conn, name, phone) for name, phone in (("a", "+74951234567"), ("b", "+74951234568"))]
    campaign_id = sample.a_campaign(conn, "Busy", pairs[1])
    conn.execute(
        "INSERT INTO campaign_gateways (campaign_id, gateway_id, place) VALUES (%s, %s, 2)", [campaign_id, pairs[0][0]]
    )
    conn.execute(
        "INSERT INTO campaign_caller_ids (campaign_id, gateway_id, caller_id_id, place) VALUES (%s, %s, %s, 2)",
        [campaign_id, *pairs[0]],
    )
    conn.execute("UPDATE gateways SET is_enabled = false WHERE name = 'b'")
    mapping = '{"fields": {"UF_CRM_CITY": "extra.Город", "comments": "=«Осень» \\"25\\""}, "other": 1}'
    conn.execute("UPDATE campaigns SET is_recording = true, crm_mapping = %s", [mapping])
    before = campaigns.get(conn, campaign_id)
    sent = as_a_browser_sends(admin.text(f"/campaigns/{campaign_id}/edit"))
    assert admin.post(f"/campaigns/{campaign_id}/edit", sent).status_code == 302
    assert campaigns.get(conn, campaign_id) == before
    rows = conn.execute("SELECT gateway_id, caller_id_id FROM campaign_caller_ids ORDER BY place").fetchall()
    assert rows == [pairs[1], pairs[0]]


def test_it_takes_recording_and_what_the_crm_is_told(admin: Browser, conn: Connection[Any]) -> None:
    admin.get("/campaigns/new")
    told = [("crm_field", "UF_CRM_CITY"), ("crm_source", " extra.City "), ("crm_field", ""), ("crm_source", "")]
    made = admin.post("/campaigns/new", [*fields(is_recording="y"), *told])
    stored = campaigns.get(conn, int(made.location.rsplit("/", 1)[1]))
    assert (stored.is_recording, stored.crm_mapping) == (True, {"fields": {"UF_CRM_CITY": "extra.City"}})
    admin.post(f"{made.location}/edit", fields())
    stored = campaigns.get(conn, stored.id)
    assert (stored.is_recording, stored.crm_mapping) == (False, {"fields": {}})


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ([("UF CITY", "name")], "“UF CITY” is no field of the CRM"),
        ([("", "name")], "“” is no field of the CRM"),
        ([("originId", "name")], "“originId” is filled by the dialer itself."),
        ([("comments", "name"), ("comments", "phone")], "“comments” stands here more than once."),
        ([("comments", "extra.")], "“extra.” is nothing to fill a field with."),
        ([("comments", "=")], "“=” is nothing to fill a field with."),
        ([("comments", "city")], "“city” is nothing to fill a field with."),
    ],
)
def test_it_says_what_is_wrong_with_what_the_crm_is_told(
    admin: Browser, conn: Connection[Any], pairs: list[tuple[str, str]], says: str
) -> None:
    admin.get("/campaigns/new")
    told = [part for field, source in pairs for part in (("crm_field", field), ("crm_source", source))]
    answer = admin.post("/campaigns/new", [*fields(), *told])
    page = html.unescape(answer.get_data(as_text=True))
    assert answer.status_code == 400
    assert says in page
    assert f'value="{pairs[0][1]}"' in page
    assert conn.execute("SELECT count(*) FROM campaigns").fetchone() == (0,)


def test_every_source_it_offers_fills_a_field() -> None:
    lead = LeadToPost(
        1, "an-id", 2, "Spring", "+79161234567", "Ann", {"City": "Tver"}, "1", False, 1, {}, datetime.now(UTC)
    )
    for source in (*crm_mapping.SOURCES, "extra.City", "=a text"):
        assert crm_mapping.problems([("comments", source)]) == []
        assert lead_fields(replace(lead, mapping={"fields": {"comments": source}}), "us")["comments"]


def test_it_changes_nothing_once_the_campaign_has_ended(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = sample.a_campaign(conn, "Busy", sample.a_gateway(conn))
    campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
    campaigns.move(conn, campaign_id, CampaignState.COMPLETED)
    admin.get(f"/campaigns/{campaign_id}/edit")
    answer = admin.post(f"/campaigns/{campaign_id}/edit", fields(), follow_redirects=True)
    assert "A campaign that has ended keeps its settings" in answer.get_data(as_text=True)
    assert campaigns.get(conn, campaign_id).name == "Busy"
    assert conn.execute("SELECT count(*) FROM flow_versions").fetchone() == (1,)


def test_it_tells_what_to_do_next_when_there_is_nothing_yet(sign_in: SignIn) -> None:
    browser = sign_in("manager")
    assert "Add a gateway and a caller ID" in browser.text("/")
    assert "Make the first campaign" in browser.text("/campaigns/")
    assert "can be prepared but not started" in browser.text("/campaigns/new")


def test_it_offers_a_retry_rule_for_every_disposition_that_may_have_one() -> None:
    """One that it did not offer would be lost with the next change of the campaign."""
    assert {*campaign_form.RETRIED, Disposition.INVALID_NUMBER, *FINAL} == set(Disposition)
    assert len(campaign_form.RETRIED) == len(set(campaign_form.RETRIED))
