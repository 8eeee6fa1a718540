"""Whatever the stack starts is gone when the stack is gone, however it went."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from devstack.errors import StackError
from devstack.supervise import spawn

PARENT = """
import sys
from devstack.supervise import spawn
child = spawn("sleeper", ["sleep", "300"])
print(child.pid, flush=True)
child.process.wait()
"""


def _is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def _wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while not _is_gone(pid):
        assert time.monotonic() < deadline, f"process {pid} outlived its parent"
        time.sleep(0.02)


def test_a_killed_parent_takes_its_children_along():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not _is_gone(child)
        parent.kill()
    _wait_until_gone(child)


def test_stopping_kills_what_the_child_left_in_its_group(tmp_path):
    log = tmp_path / "log"
    child = spawn("shell", ["sh", "-c", "trap '' TERM; sleep 300 & echo $!; wait"], log=log, stop_timeout_s=0.3)
    child.wait_until(lambda: log.read_text().strip().isdigit(), 10, "it said its child's id")
    child.stop()
    _wait_until_gone(int(log.read_text()))
    assert child.process.returncode == -signal.SIGKILL


def test_a_child_that_ends_too_early_is_named_with_the_end_of_its_log(tmp_path):
    child = spawn("the baker", ["sh", "-c", "echo no flour; exit 3"], log=tmp_path / "log")
    with pytest.raises(StackError, match=r"(?s)the baker ended with status 3 before bread.*no flour"):
        child.wait_until(lambda: False, 10, "bread")


def test_a_child_leads_a_group_of_its_own_so_that_ctrl_c_reaches_only_us():
    child = spawn("sleeper", ["sleep", "300"])
    assert os.getpgid(child.pid) == child.pid
    child.stop()
