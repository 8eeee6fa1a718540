"""Number fields read what people type, and refuse what they can't read instead of taking it for nothing."""

from decimal import Decimal
from typing import Any

import pytest
from psycopg import Connection
from werkzeug.datastructures import MultiDict
from wtforms import Form
from wtforms.validators import NumberRange, Optional

from control_panel.number_fields import NumberField, WholeField
from db import campaigns, gateways
from tests.control_panel import sample
from tests.control_panel.conftest import Browser
from tests.control_panel.test_it_makes_campaigns import as_a_browser_sends, fields


class _Numbers(Form):
    whole = WholeField("", [Optional(), NumberRange(1, 5000, "whole")])
    number = NumberField("", [Optional(), NumberRange(0.01, 1000, "number")])


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("2,5", "2.5"),
        ("2.5", "2.5"),
        (" 7 ", "7"),
        (",5", "0.5"),
        ("1\N{NO-BREAK SPACE}000", "1000"),
        ("0,125", "0.125"),
    ],
)
def test_a_number_is_read_with_a_point_or_a_comma(typed: str, number: str) -> None:
    form = _Numbers(MultiDict({"number": typed}))
    assert form.validate(), form.errors
    assert form.number.data == Decimal(number)


@pytest.mark.parametrize("typed", ["abc", "1e9", "1e2", "1e", "--", "NaN", "Inf", "1,000", "1.0,5", "1_0", "٣", "0"])
def test_what_is_no_number_is_refused_in_one_sentence_and_kept(typed: str) -> None:
    form = _Numbers(MultiDict({"number": typed, "whole": typed}))
    assert not form.validate()
    assert form.errors == {"number": ["number"], "whole": ["whole"]}
    assert f'value="{typed}"' in form.number()


def test_a_whole_number_is_read_with_blanks_between_its_digits() -> None:
    form = _Numbers(MultiDict({"whole": "5 000"}))
    assert form.validate()
    assert form.whole.data == 5000
    assert not _Numbers(MultiDict({"whole": "2,5"})).validate()


def test_nothing_typed_stays_nothing() -> None:
    form = _Numbers(MultiDict({"whole": "", "number": " "}))
    assert form.validate()
    assert (form.whole.data, form.number.data) == (None, None)


@pytest.mark.parametrize(
    ("stored", "shown"), [(3.0, "3"), (Decimal("5.00"), "5"), (Decimal("2.50"), "2.5"), (100, "100")]
)
def test_a_number_is_shown_without_idle_zeros(stored: Any, shown: str) -> None:
    assert f'value="{shown}"' in _Numbers(data={"number": stored}).number()


def test_its_html_sends_what_was_typed() -> None:
    """A browser's own number field would send nothing for what it can't read."""
    form = _Numbers()
    for field, keyboard in ((form.whole, "numeric"), (form.number, "decimal")):
        assert 'type="text"' in field()
        assert f'inputmode="{keyboard}"' in field()


@pytest.mark.parametrize("wrong", ["0", "-1", "abc", "1e9", "1001"])
def test_a_wrong_rate_changes_nothing_and_loses_nothing(admin: Browser, conn: Connection[Any], wrong: str) -> None:
    _, caller_id = sample.a_gateway(conn)
    admin.get("/campaigns/new")
    made = admin.post("/campaigns/new", [*fields(calls_per_second="2,5"), ("caller_id", str(caller_id))]).location
    campaign_id = int(made.rsplit("/", 1)[1])
    assert campaigns.get(conn, campaign_id).calls_per_second == 2.5
    sent = fields(calls_per_second=wrong, name="Another name", description="Keep me")
    answer = admin.post(f"{made}/edit", [*sent, ("caller_id", str(caller_id))])
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert page.count("A number from 0.01 to 1000, as 2.5. Empty: no limit of its own.") == 1
    assert campaigns.get(conn, campaign_id).calls_per_second == 2.5
    again = as_a_browser_sends(page)
    kept = {("calls_per_second", wrong), ("name", "Another name"), ("description", "Keep me"), ("retry_busy", "y")}
    assert kept | {("caller_id", str(caller_id)), ("weekdays", "6"), ("weekdays", "7")} <= set(again)


def test_a_gateways_rate_may_be_written_with_a_comma(admin: Browser, conn: Connection[Any]) -> None:
    gateway_id, _ = sample.a_gateway(conn)
    admin.get(f"/gateways/{gateway_id}")
    posted = {"max_channels": "1 000", "calls_per_second": "0,5", "calls_per_minute": "", "is_enabled": "y"}
    admin.post(f"/gateways/{gateway_id}", posted)
    (gateway,) = gateways.list_all(conn)
    assert (gateway.max_channels, gateway.calls_per_second) == (1000, 0.5)
    admin.post(f"/gateways/{gateway_id}", posted | {"calls_per_minute": "many"})
    assert gateways.list_all(conn) == [gateway]
