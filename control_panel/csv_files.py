"""CSV answers that a spreadsheet opens as text: UTF-8 with a mark, and no cell that it would run as a formula."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

from flask import Response

BOM = "\ufeff"
FORMULA = re.compile(r"^[=+\-@\t\r]")
NUMBER = re.compile(r"^[+-]?\d[\d ()-]*$")
ROWS_PER_CHUNK = 500


def safe_cell(text: str) -> str:
    """Return the text so that no spreadsheet runs it; phone numbers stay as they are."""
    return f"'{text}" if FORMULA.match(text) and not NUMBER.match(text) else text


def lines(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the file in chunks of some hundred rows."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(BOM)
    writer.writerow(header)
    for number, row in enumerate(rows, start=1):
        writer.writerow([safe_cell(cell) for cell in row])
        if number % ROWS_PER_CHUNK == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def csv_response(file_name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """Return the rows as a download; `rows` may be a generator that is read while it is sent."""
    response = Response(lines(header, rows), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response
