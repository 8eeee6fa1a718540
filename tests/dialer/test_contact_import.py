"""Rows of a contact file: which are contacts, and what their columns mean."""

import pytest

from dialer.contact import ImportReject
from dialer.contact_import import Accepted, ColumnMapping, Rejected, guess_mapping, sort_row

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
