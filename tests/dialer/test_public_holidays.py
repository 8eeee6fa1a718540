"""Russia's days off: what the Labour Code says of each year, held against official calendars of years that are over."""

from datetime import date, timedelta

import pytest

from dialer.public_holidays import lacks, statutory, unmoved

# Working days off, Monday to Friday, that the code itself gives: of the official calendars, without what decrees moved.
OFFICIAL = {
    2021: "01-01 01-04 01-05 01-06 01-07 01-08 02-23 03-08 05-03 05-10 06-14 11-04",
    2022: "01-03 01-04 01-05 01-06 01-07 02-23 03-08 05-02 05-09 06-13 11-04",
    2023: "01-02 01-03 01-04 01-05 01-06 02-23 03-08 05-01 05-09 06-12 11-06",
    2024: "01-01 01-02 01-03 01-04 01-05 01-08 02-23 03-08 05-01 05-09 06-12 11-04",
    2025: "01-01 01-02 01-03 01-06 01-07 01-08 02-24 03-10 05-01 05-09 06-12 11-04",
    2026: "01-01 01-02 01-05 01-06 01-07 01-08 02-23 03-09 05-01 05-11 06-12 11-04",
    2027: "01-01 01-04 01-05 01-06 01-07 01-08 02-23 03-08 05-03 05-10 06-14 11-04",
}
DECREE_OF_2026 = {date(2026, 1, 9), date(2026, 12, 31)}


@pytest.mark.parametrize("year", OFFICIAL)
def test_its_working_days_off_are_those_of_the_official_calendar(year: int) -> None:
    days = sorted(f"{day:%m-%d}" for day in statutory(year) if day.isoweekday() < 6)
    assert " ".join(days) == OFFICIAL[year]


def test_holidays_themselves_are_kept_on_weekends_too() -> None:
    days = statutory(2026)
    assert [days[date(2026, 1, 3)], days[date(2026, 3, 8)]] == ["Новогодние каникулы", "Международный женский день"]
    assert days[date(2026, 3, 9)] == "Международный женский день (перенос)"


def test_two_days_of_each_january_are_known_only_from_a_decree() -> None:
    known = set(statutory(2026)) | set(statutory(2027))
    assert (unmoved(2026, known), unmoved(2027, known)) == (2, 2)
    assert unmoved(2026, known | DECREE_OF_2026) == 0
    assert unmoved(2026, known | {date(2026, 12, 31)}) == 1
    assert unmoved(2027, known | DECREE_OF_2026) == 2
    saturday = date(2027, 2, 20)
    assert unmoved(2027, known | {saturday, saturday + timedelta(days=1)}) == 2


def test_it_says_which_days_of_the_code_a_calendar_lacks() -> None:
    known = set(statutory(2028)) - {date(2028, 5, 9)}
    assert lacks(2028, known) == [date(2028, 5, 9)]
    assert len(lacks(2029, known)) == len(statutory(2029))
