"""Uploaded workbooks become CSV in a process of their own, which may use so much memory and time and no more.

A workbook of a kilobyte can ask for hundreds of gigabytes, and the library that reads it then aborts its process: that
must be nobody else's process.
"""

import os
import subprocess
import sys
import threading
from pathlib import Path

from dialer.contact_file import WORKBOOKS
from dialer.errors import InvalidContactFile

ROOT = Path(__file__).parents[1]
LONGEST_S = 120
"""A million rows take about a third of it."""

_one_at_a_time = threading.Lock()
"""The memory limit is for all of them together."""


class HeavyWorkbook(InvalidContactFile):
    """The workbook needs more memory or time than an import may take: save the sheet of contacts alone, as CSV."""


def is_workbook(path: Path) -> bool:
    """Say whether the file begins like an XLSX or XLS file."""
    with path.open("rb") as file:
        return file.read(4).startswith(WORKBOOKS)


def to_csv(path: Path, name: str, longest_s: float = LONGEST_S) -> None:
    """Replace the workbook at `path` by its first sheet with rows, as CSV; a file of another kind is left alone.

    Raises InvalidContactFile for a damaged workbook, HeavyWorkbook for one that asks for too much.
    """
    if not is_workbook(path):
        return
    made = path.with_name(f"{path.name}.csv")
    try:
        with _one_at_a_time:
            _run(path, made, name, longest_s)
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)


def _run(path: Path, made: Path, name: str, longest_s: float) -> None:
    # Without our environment: what reads a stranger's file gets to see none of our secrets.
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    try:
        done = subprocess.run(  # noqa: S603 - our own module on our own file names
            [sys.executable, "-m", "control_panel.workbook_reader", str(path.absolute()), str(made.absolute())],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=longest_s, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise HeavyWorkbook(f"{name} took longer than {longest_s} s to read") from error
    from control_panel.workbook_reader import DAMAGED

    if done.returncode == DAMAGED:
        raise InvalidContactFile(f"{name} is a damaged workbook or has no rows: save it again as XLSX")
    if done.returncode != 0:
        raise HeavyWorkbook(f"{name} can't be read within our limits (status {done.returncode})")
