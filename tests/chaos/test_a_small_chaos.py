"""Everything is killed once, stopped and frozen under a small campaign, and every promise is kept."""

import re
import signal
import subprocess
import sys
import time

import pytest

from devstack.environment import ROOT
from devstack.supervise import descendants

OPTIONS = {
    "seed": 7,
    "contacts": 220,
    "kills": 1,
    "least-up": 6,
    "stop": 3,
    "freeze": 3,
    "stall": 3,
    "fill": 3,
    "rate": 12,
}
SLOWLY = ["--stops-within", "2.5", "--limit", "540"]
"""The suite runs beside other programs: what is timed here is timed by `make chaos`."""
ARGUMENTS = [word for name, value in OPTIONS.items() for word in (f"--{name}", str(value))]


@pytest.mark.timeout(900)
def test_a_campaign_survives_the_death_of_every_part():
    done = subprocess.run(
        [sys.executable, "-m", "chaos", *ARGUMENTS, *SLOWLY],
        cwd=ROOT, capture_output=True, text=True, timeout=840, check=False,
    )  # fmt: skip
    said = done.stdout[-3000:] + done.stderr[-3000:]
    last = done.stdout.strip().splitlines()[-1]
    assert last == "chaos: seed 7, 5 kills, 0 missing, 0 called twice, 0 leaked, 0 stuck", said
    assert done.returncode == 0, said


@pytest.mark.timeout(400)
def test_stopped_in_the_middle_it_leaves_no_process():
    process = subprocess.Popen([sys.executable, "-m", "chaos", *ARGUMENTS], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert any(re.search(r"\d+/220 contacts", line) for line in process.stdout)
    below = descendants(process.pid)
    assert len(below) > 5
    process.send_signal(signal.SIGINT)
    process.stdout.read()
    assert process.wait(100) == 130
    deadline = time.monotonic() + 60
    while left := [pid for pid in below if _lives(pid)]:
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.1)


def _lives(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
