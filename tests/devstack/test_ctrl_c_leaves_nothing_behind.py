"""Ctrl-C in `make demo`, at any moment, ends every process it started."""

import fcntl
import os
import pty
import signal
import subprocess
import termios
import time
from pathlib import Path

import pytest

from devstack.environment import ROOT
from devstack.supervise import descendants

DEADLINE_S = 60.0


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _living(pids: "set[int]") -> "set[int]":
    return {pid for pid in pids if _command(pid)}  # a zombie has no command line


def _wait(is_true, what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not is_true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.mark.parametrize("running", ["devstack.bootstrap", "postgres", "embedded_switch", "scheduler"])
def test_ctrl_c_ends_everything_once_this_runs(running):
    leader, follower = pty.openpty()
    make = subprocess.Popen(
        ["make", "demo"], cwd=ROOT, stdin=follower, stdout=follower, stderr=follower, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(follower)
    seen: set[int] = set()

    def is_running() -> bool:
        seen.update(descendants(make.pid))
        return any(running in _command(pid) for pid in seen)

    try:
        _wait(is_running, f"{running} was never started")
        os.write(leader, b"\x03")  # the terminal turns it into SIGINT for its foreground group
        seen.update(descendants(make.pid))
        _wait(lambda: make.poll() is not None, "make did not end")
        _wait(lambda: not _living(seen), f"left behind: {[_command(pid) for pid in _living(seen)]}")
        assert make.returncode != 0
    finally:
        for pid in {make.pid, *descendants(make.pid)}:
            if _command(pid):
                os.kill(pid, signal.SIGKILL)
        os.close(leader)
        make.wait()
