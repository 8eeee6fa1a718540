"""Contact files in every form people bring them in."""

import io
import time as clock

import openpyxl
import pytest

from dialer.contact_file import read_rows
from dialer.errors import InvalidContactFile

ROWS = [["+79161234567", "Иван, Москва"], ["+79161234568", "Ёлка"]]


def parsed(data: bytes, name: str = "contacts.csv") -> tuple[list[str], list[list[str]]]:
    table = read_rows(data, name)
    return table.columns, list(table.rows)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251"])
def test_any_delimiter_in_any_usual_encoding_is_read(delimiter: str, encoding: str) -> None:
    lines = ["телефон", "имя"], *([phone, f'"{name}"'] for phone, name in ROWS)
    text = "\r\n".join(delimiter.join(cells) for cells in lines)
    assert parsed(text.encode(encoding)) == (["телефон", "имя"], ROWS)


def test_a_quoted_cell_may_hold_delimiters_quotes_and_line_breaks() -> None:
    columns, rows = parsed(b'phone,note\n+79161234567,"He said ""call, later""\nplease"\n')
    assert (columns, rows) == (["phone", "note"], [["+79161234567", 'He said "call, later"\nplease']])


def test_ragged_rows_are_kept_as_they_are_and_empty_lines_keep_their_place() -> None:
    table = read_rows(b"\n\nphone;name\n+79161234567\n\n;;\n+79161234568;B;C;D\n", "a.csv")
    assert table.columns == ["phone", "name"]
    assert (table.first_row, list(table.rows)) == (4, [["+79161234567"], [], [], ["+79161234568", "B", "C", "D"]])


def test_a_file_without_column_names_loses_no_row() -> None:
    table = read_rows(b"8 916 123-45-67;A\n8 916 123-45-68;B\n", "a.csv")
    assert (table.columns, table.first_row) == (["column 1", "column 2"], 1)
    assert len(list(table.rows)) == 2


def test_a_single_column_needs_no_delimiter() -> None:
    assert parsed(b"phone\n+79161234567\n+79161234568") == (["phone"], [["+79161234567"], ["+79161234568"]])


def test_a_comma_in_the_text_does_not_pass_for_the_delimiter() -> None:
    columns, rows = parsed(b"phone;note\n+79161234567;a, b, c\n+79161234568;d\n")
    assert (columns, rows[0]) == (["phone", "note"], ["+79161234567", "a, b, c"])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_delimiter_told_as_excel_tells_it_is_believed_and_is_no_row(encoding: str) -> None:
    table = read_rows("sep=|\r\nphone|a;b;c\r\n+79161234567|1;2;3\r\n".encode(encoding), "a.csv")
    assert (table.columns, table.first_row, table.total) == (["phone", "a;b;c"], 2, 1)
    assert list(table.rows) == [["+79161234567", "1;2;3"]]


def workbook(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    book.active.append([])
    for row in rows:
        book.active.append(row)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def test_numbers_in_a_workbook_are_read_as_they_look() -> None:
    columns, rows = parsed(workbook(["phone", "age", "rate", "vip"], [79161234567, 41.0, 2.5, True]), "a.xlsx")
    assert (columns, rows) == (["phone", "age", "rate", "vip"], [["79161234567", "41", "2.5", "TRUE"]])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\r\n\r\n", "is empty"),
        (b"\xef\xbb\xbf\n \n", "no rows"),
        (b"PK\x03\x04 no workbook", "damaged workbook"),
        (b"\xd0\xcf\x11\xe0 no workbook", "damaged workbook"),
        (b"phone\n+79161234567\n\x00\x01\x02\xff\xfe", "UTF-8, UTF-16 or Windows-1251"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "UTF-8, UTF-16 or Windows-1251"),
    ],
)
def test_a_file_nobody_can_read_is_refused_with_what_to_do(data: bytes, words: str) -> None:
    with pytest.raises(InvalidContactFile, match=words):
        parsed(data)


def test_an_unclosed_quotation_mark_is_named() -> None:
    with pytest.raises(InvalidContactFile, match="quotation mark"):
        parsed(b'phone\n+79161234567\n"' + b"x" * 200_000)


def test_rows_are_read_as_they_are_taken() -> None:
    data = b"phone,name\n" + b"".join(b"+7916%07d,Somebody\n" % n for n in range(200_000))
    started = clock.perf_counter()
    table = read_rows(data, "a.csv")
    assert next(table.rows) == ["+79160000000", "Somebody"]
    first = clock.perf_counter() - started
    assert sum(1 for _ in table.rows) == 199_999
    assert first < (clock.perf_counter() - started) / 2
    assert table.total == 200_000
