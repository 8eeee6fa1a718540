"""Rows of a contact file: which are contacts, and what their columns mean."""

from datetime import UTC, datetime

import pytest

from dialer.contact import ImportReject
from dialer.contact_import import Accepted, ColumnMapping, Rejected, RowConsent, guess_mapping, sort_row

COLUMNS = ["phone", "name", "time_zone", "city", "debt"]
MAPPING = ColumnMapping(0, 1, 2)


def sorted_row(*cells: str) -> Accepted | Rejected:
    return sort_row(cells, COLUMNS, MAPPING, "RU", "Europe/Moscow")


def test_a_row_becomes_a_contact_with_the_other_columns_as_extras() -> None:
    assert sorted_row("8 495 123-45-67", "Анна", "Asia/Omsk", "Омск", "", "more") == Accepted(
        "+74951234567", "Анна", ("Asia/Omsk",), {"city": "Омск", "column 6": "more"}
    )


@pytest.mark.parametrize(
    ("cells", "zones"),
    [
        (("+74951234567", "", "Asia/Omsk"), ("Asia/Omsk",)),
        (("+74951234567", "", "nowhere"), ("Europe/Moscow",)),
        (("+74951234567", "", "../../etc/passwd"), ("Europe/Moscow",)),
        (("+74951234567", "", "Europe"), ("Europe/Moscow",)),
        (("+74951234567",), ("Europe/Moscow",)),
        (("+74232221122",), ("Asia/Vladivostok",)),
    ],
)
def test_the_zone_comes_from_its_column_else_from_the_number(cells: tuple[str, ...], zones: tuple[str, ...]) -> None:
    row = sort_row(cells, COLUMNS, MAPPING, "RU", "Europe/Samara")
    assert isinstance(row, Accepted)
    assert row.zones == zones


def test_the_campaigns_zone_is_the_last_resort() -> None:
    row = sort_row(["+80012345678"], COLUMNS, MAPPING, "RU", "Europe/Samara")
    assert isinstance(row, Accepted)
    assert row.zones == ("Europe/Samara",)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ((), ImportReject.MALFORMED),
        (("", "Nobody"), ImportReject.MALFORMED),
        (("12345", "Short"), ImportReject.INVALID_NUMBER),
        (("7.91E+10", "From a spreadsheet"), ImportReject.INVALID_NUMBER),
    ],
)
def test_a_row_that_can_be_no_contact_says_why(cells: tuple[str, ...], reason: ImportReject) -> None:
    row = sorted_row(*cells)
    assert isinstance(row, Rejected)
    assert row.reason is reason
    assert row.detail


def test_hostile_names_pass_through_as_plain_text() -> None:
    name = 'O\'Brien, {x} "${system(rm -rf /)}"'
    row = sorted_row("+74951234567", name)
    assert isinstance(row, Accepted)
    assert row.name == name


@pytest.mark.parametrize(
    ("columns", "mapping"),
    [
        (["phone", "name", "time_zone"], ColumnMapping(0, 1, 2)),
        (["ФИО", "Телефон", "Часовой пояс"], ColumnMapping(1, 0, 2)),
        (["id", "Имя клиента", "Мобильный телефон"], ColumnMapping(2, 1)),
        (["Full Name", "City", "Phone Number", "timezone"], ColumnMapping(2, 0, 3)),
        (["Номер телефона", "Город"], ColumnMapping(0)),
        (["column 1", "column 2"], ColumnMapping(0)),
    ],
)
def test_the_mapping_is_guessed_from_the_columns_names(columns: list[str], mapping: ColumnMapping) -> None:
    assert guess_mapping(columns) == mapping


CONSENT_COLUMNS = ["phone", "согласие", "дата согласия", "источник согласия"]
CONSENT = guess_mapping(CONSENT_COLUMNS)


@pytest.mark.parametrize(
    ("cells", "consent"),
    [
        (["+79161234567", "offers", "2026-01-05", "form 17"], (datetime(2026, 1, 4, 21, tzinfo=UTC), "form 17")),
        (["+79161234567", "offers", "05.01.2026 12:30", ""], (datetime(2026, 1, 5, 9, 30, tzinfo=UTC), "")),
        (["+79161234567", "offers", "2026-01-05T12:30:00+05:00"], (datetime(2026, 1, 5, 7, 30, tzinfo=UTC), "")),
        (["+79161234567", "", "2026-01-05", "form 17"], None),
        (["+79161234567", "offers", "yes", "form 17"], None),
        (["+79161234567", "offers"], None),
    ],
)
def test_a_consent_counts_when_its_basis_and_its_time_can_be_read(
    cells: list[str], consent: tuple[datetime, str] | None
) -> None:
    row = sort_row(cells, CONSENT_COLUMNS, CONSENT, "RU", "Europe/Moscow")
    assert isinstance(row, Accepted)
    if consent is None:
        assert row.consent is None
        assert list(row.extra.values()) == [cell for cell in cells[1:] if cell]  # nothing of the row is lost
    else:
        assert row.consent == RowConsent("offers", *consent)
        assert row.extra == {}


@pytest.mark.parametrize("phone", ["+78091234567", "8 803 123-45-67", "+19005551234"])
def test_a_number_that_costs_extra_becomes_no_contact(phone: str) -> None:
    row = sort_row([phone], ["phone"], ColumnMapping(0), "RU", "Europe/Moscow")
    assert isinstance(row, Rejected)
    assert row.reason is ImportReject.PREMIUM_RATE
