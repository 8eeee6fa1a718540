"""Contact files as people have them: CSV in any delimiter and usual encoding, XLSX and XLS."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

from python_calamine import CalamineError, CalamineWorkbook

from dialer.errors import InvalidContactFile

DELIMITERS = ",;\t|"
SAMPLE_ROWS = 20
SAMPLE_BYTES = 65_536
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How XLSX and XLS begin."""
PHONE_LIKE = re.compile(r"\+?[\d\s().\-]{7,}")
TOLD_DELIMITER = re.compile(r"sep=([,;\t|])\r?\n", re.IGNORECASE)
"""Excel's way to tell the delimiter, in a line before the first row."""
LONGEST_CELL = 131_072


@dataclass(frozen=True, slots=True)
class ContactTable:
    """A file as rows of text. rows can be read once; an empty line is an empty list, so that positions stay true.

    first_row: the file's row number (from 1) of the first of `rows`. total: rows about to come, for progress.
    """

    columns: list[str]
    rows: Iterator[list[str]]
    first_row: int
    total: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """The cells of a workbook's first sheet that has any. height, width: in cells."""

    rows: Iterator[list[str]]
    height: int
    width: int


def read_rows(data: bytes, file_name: str) -> ContactTable:
    """Open a contact file; raises InvalidContactFile saying what it needs to look like.

    The first row names the columns, unless one of its cells is a phone number: then columns are numbered. The file
    is read as the rows are taken, and a row that can't be read raises InvalidContactFile then.

    A workbook is for a process that may be lost, see sheet_rows.
    """
    if not data.strip(b"\x00\r\n\t ;,"):
        raise InvalidContactFile(f"{file_name} is empty: it needs a row of column names and a row per contact")
    if data.startswith(WORKBOOKS):
        sheet = sheet_rows(data, file_name)
        rows, total = sheet.rows, sheet.height
    else:
        rows, total = _csv_rows(data, file_name)
    skipped = 0
    for first in rows:
        if first:
            break
        skipped += 1
    else:
        raise InvalidContactFile(f"{file_name} has no rows: it needs a row of column names and a row per contact")
    if any(PHONE_LIKE.fullmatch(cell) for cell in first):
        columns = [f"column {number}" for number in range(1, len(first) + 1)]
        return ContactTable(columns, chain([first], rows), skipped + 1, max(total - skipped, 1))
    columns = [name or f"column {number}" for number, name in enumerate(first, 1)]
    return ContactTable(columns, rows, skipped + 2, max(total - skipped - 1, 0))


def _decode(data: bytes, file_name: str) -> str:
    """UTF-16 and UTF-8 say so by a mark or by being valid; what is neither is what Russian Windows writes."""
    sample = data[:SAMPLE_BYTES]
    high, low = sample[0::2].count(0), sample[1::2].count(0)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif max(high, low) * 8 > len(sample):  # digits, delimiters and line ends have an empty half
        encodings = ["utf-16-be" if high > low else "utf-16-le"]
    else:
        encodings = ["utf-8-sig", "cp1251"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise InvalidContactFile(f"{file_name} is no text in UTF-8, UTF-16 or Windows-1251: save it as CSV UTF-8 or XLSX")


def _delimiter(text: str) -> str:
    """Choose the delimiter that splits the first rows into the most columns the most evenly."""

    def evenness(delimiter: str) -> tuple[float, int]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            widths = [len(row) for row in islice(reader, SAMPLE_ROWS) if row]
        except csv.Error:
            return (0.0, 0)
        split = [width for width in widths if width > 1]
        if not split:
            return (0.0, 0)
        return (split.count(split[0]) / len(widths), split[0])

    return max(DELIMITERS, key=evenness)


def _csv_rows(data: bytes, file_name: str) -> tuple[Iterator[list[str]], int]:
    text = _decode(data, file_name)
    delimiter = None
    if told := TOLD_DELIMITER.match(text):
        delimiter, text = told.group(1), text[told.end() :]
    total = text.count("\n") + (not text.endswith("\n"))
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or _delimiter(text[:SAMPLE_BYTES]))

    def rows() -> Iterator[list[str]]:
        try:
            for row in reader:
                cells = [cell.strip() for cell in row]
                yield cells if any(cells) else []
        except csv.Error as error:
            raise InvalidContactFile(
                f"{file_name}, line {reader.line_num}: {error}; look for a quotation mark that is never closed"
            ) from error

    return rows(), total


def sheet_rows(data: bytes, file_name: str) -> Sheet:
    """Open an XLSX or XLS file; raises InvalidContactFile.

    The library keeps room for every cell up to the last one used, and ends the whole process when there is not enough:
    a file of a kilobyte can ask for that. So a stranger's file belongs in a process of its own with limited memory.
    """
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheet = next((s for s in map(workbook.get_sheet_by_index, range(len(workbook.sheet_names))) if s.height), None)
    except CalamineError as error:
        raise InvalidContactFile(f"{file_name} is a damaged workbook ({error}): save it again as XLSX") from error
    if sheet is None:
        raise InvalidContactFile(f"{file_name} has no sheet with rows: it needs column names and a row per contact")

    def rows() -> Iterator[list[str]]:
        for row in sheet.iter_rows():
            cells = [_text(cell) for cell in row]
            yield cells if any(cells) else []

    return Sheet(rows(), sheet.height, sheet.width)


def _text(cell: object) -> str:
    """Write a cell as a person sees it: a number typed as 79161234567 is stored as a float."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
