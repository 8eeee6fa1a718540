"""`make up` leaves a stack that one can sign in to, and `make down` leaves no process of it."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
import requests

from devstack.environment import ROOT
from devstack.supervise import descendants

DEADLINE_S = 60.0
SAID = re.compile(r"^panel +(?P<panel>http://\S+/)\nsign in +(?P<email>\S+)  (?P<password>\S+)$", re.MULTILINE)
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class Folder:
    """A folder for a stack of this test's own, and the commands on it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.processes: dict[int, str] = {}

    def make(self, target: str) -> str:
        """Run a target; return what it printed."""
        environment = os.environ | {"DEVSTACK_FOLDER": str(self.path), "SWITCH": "embedded"}
        done = subprocess.run(
            ["make", "--no-print-directory", target], cwd=ROOT, env=environment, capture_output=True, text=True,
            timeout=100, check=False,
        )  # fmt: skip
        self._note_processes()
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _note_processes(self) -> None:
        """Remember every process of the stack that runs now, with its start, so that a reused id is another one."""
        state = self.path / "running.json"
        found = re.search(r'"pid": "(\d+)"', state.read_text()) if state.exists() else None
        for pid in [int(found[1]), *descendants(int(found[1]))] if found else []:
            if started := _started(pid):
                self.processes[pid] = started

    def living(self) -> dict[int, str]:
        """Return those that still run, with their command lines."""
        return {pid: _command(pid) for pid, started in self.processes.items() if _started(pid) == started}


def _started(pid: int) -> str | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _wait(is_true, what) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not is_true():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)


@pytest.fixture
def folder():
    path = Path(tempfile.mkdtemp(prefix="dialer-stack-"))  # PostgreSQL's user must get there: no folder of pytest's
    stack = Folder(path)
    yield stack
    for pid in stack.living():
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(path, ignore_errors=True)


def _sign_in(said: "re.Match[str]", password: str) -> requests.Response:
    with requests.Session() as browser:
        page = browser.get(said["panel"], timeout=30)
        token = TOKEN.search(page.text)
        assert token, page.text
        form = {"csrf_token": token[1], "email": said["email"], "password": password}
        return browser.post(page.url, form, timeout=30)


def test_up_says_where_the_panel_is_and_how_to_sign_in_and_down_leaves_no_process(folder):
    said = SAID.search(folder.make("up"))
    assert said
    commands = " ".join(map(_command, folder.processes))
    for part in ("postgres", "redis-server", "sipp", "bitrix24", "embedded_switch", "control_panel", "scheduler"):
        assert part in commands

    refused, let_in = _sign_in(said, "a guess"), _sign_in(said, said["password"])
    assert 'name="password"' in refused.text
    assert (let_in.status_code, let_in.url) == (200, said["panel"])
    assert 'name="password"' not in let_in.text
    assert SAID.search(folder.make("up"))[0] == said[0], "up on a running stack says where that one is"

    assert folder.make("down").splitlines()[-1].startswith("stopped")
    _wait(lambda: not folder.living(), lambda: f"left behind: {folder.living()}")
    with pytest.raises(requests.ConnectionError):
        requests.get(said["panel"], timeout=5)
    assert folder.make("down").splitlines()[-1] == "nothing runs"
