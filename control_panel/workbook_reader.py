"""`python -m control_panel.workbook_reader WORKBOOK CSV` writes a workbook's rows as CSV, within hard limits.

It limits itself before it opens the file. Whatever kills it is for control_panel.workbooks to explain.
"""

import csv
import resource
import sys
from pathlib import Path

DAMAGED = 3
"""Exit status: no workbook we can read, or nothing in it."""
MEMORY_BYTES = 2 * 1024**3
OUTPUT_BYTES = 256 * 1024**2
CPU_S = 100
MAX_COLUMNS = 1000
CSV_MARK = "sep=,\r\n"
"""The line by which Excel too tells a CSV file's delimiter; it is not counted as a row."""


def limit() -> None:
    """Take from this process what no contact file needs; a bad one then ends it, and nothing else."""
    for kind, most in {
        resource.RLIMIT_AS: MEMORY_BYTES,
        resource.RLIMIT_FSIZE: OUTPUT_BYTES,
        resource.RLIMIT_CPU: CPU_S,
        resource.RLIMIT_CORE: 0,
    }.items():
        _soft, hard = resource.getrlimit(kind)
        capped = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (capped, capped))


def main(source: Path, made: Path) -> int:
    """Convert; return 0 or DAMAGED. Other failures end the process by themselves."""
    from dialer.contact_file import sheet_rows
    from dialer.errors import InvalidContactFile

    try:
        sheet = sheet_rows(source.read_bytes(), source.name)
    except InvalidContactFile:
        return DAMAGED
    if sheet.width > MAX_COLUMNS:
        return 1
    with made.open("x", encoding="utf-8", newline="") as out:
        out.write(CSV_MARK)
        writer = csv.writer(out)
        for row in sheet.rows:
            writer.writerow(row)
    return 0


if __name__ == "__main__":
    limit()
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
