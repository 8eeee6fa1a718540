"""The stack as a process of its own that outlives the command that started it, and is found by its pid file."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from demo.campaign import MIX, make_campaign
from devstack.environment import ROOT
from devstack.errors import StackError
from devstack.ports import accepts_connections
from devstack.programs import CarrierOptions, create_user
from devstack.stack import GATEWAY, Stack, StackOptions, running_stack
from devstack.supervise import unprivileged_user

FOLDER = Path(os.environ.get("DEVSTACK_FOLDER") or ROOT / "var" / "stack").resolve()
"""Where the stack keeps what it writes; stacks in different folders run beside each other."""
STATE = FOLDER / "running.json"
LOG = FOLDER / "stack.log"
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 60.0
POLL_S = 0.1
PANEL_PORT = 8080
EMAIL = "admin@example.org"
ROLE = "admin"


def _started_at(pid: int) -> str | None:
    """Return when the process started (ticks), which tells it from a later one with its number; None: none such."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19]
    return None


def _state() -> dict[str, str] | None:
    """Return what the running stack said of itself, None when none runs."""
    with contextlib.suppress(OSError, ValueError):
        state: dict[str, str] = json.loads(STATE.read_text(encoding="utf-8"))
        if _started_at(int(state["pid"])) == state["started_at"]:
            return state
    return None


def _write_state(**more: str) -> None:
    started_at = _started_at(os.getpid())
    assert started_at is not None
    fresh = STATE.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps({"pid": str(os.getpid()), "started_at": started_at, **more}), encoding="utf-8")
    fresh.rename(STATE)


def _database_dir() -> Path:
    """Return the folder that keeps the database between runs: in the checkout, if the database's user gets there."""
    user = unprivileged_user()
    folder = FOLDER / "postgres"
    if user is None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder
    if not all(parent.stat().st_mode & 0o001 for parent in FOLDER.parents):
        folder = Path("/var/lib/voice-campaign-dialer") / str(FOLDER).strip("/").replace("/", "-")
    folder.mkdir(parents=True, exist_ok=True)
    folder.parent.chmod(0o755)
    shutil.chown(folder, user)
    folder.chmod(0o700)
    return folder


def run() -> int:
    """Run the stack in the foreground until SIGTERM or Ctrl-C; end with an error when a part of it ends."""
    if _state():
        raise StackError("it runs already; `make down` stops it")
    FOLDER.mkdir(parents=True, exist_ok=True)
    FOLDER.chmod(0o755)
    overrides = {} if accepts_connections(PANEL_PORT) else {"DIALER_PANEL_PORT": str(PANEL_PORT)}
    options = StackOptions(FOLDER, CarrierOptions(MIX), database_dir=_database_dir(), overrides=overrides)
    _write_state()
    try:
        with running_stack(options) as stack:
            _write_state(panel=stack.panel_url, email=EMAIL, password=_sign_in(stack))
            while True:
                stack.check()
                time.sleep(1)
    finally:
        STATE.unlink(missing_ok=True)


def _sign_in(stack: Stack) -> str:
    """Return the administrator's password, the same for as long as the database is kept; make both at first."""

    kept = FOLDER / "password"
    with psycopg.connect(stack.database_url) as connection:
        found = connection.execute("SELECT 1 FROM users WHERE email = %s", [EMAIL]).fetchone()
        if found and kept.exists():
            return kept.read_text(encoding="ascii")
    password = secrets.token_urlsafe(12)
    create_user(stack.environment, EMAIL, ROLE, password)
    kept.touch(mode=0o600)
    kept.write_text(password, encoding="ascii")
    make_campaign(stack.database_url, GATEWAY, "Demo")
    return password


def up() -> int:
    """Start the stack as a process of its own and wait until it is ready; prints where it is."""
    state = _state()
    if state is None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        with LOG.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "devstack", "run"], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        try:
            state = _wait_until_ready(process)
        except BaseException:
            process.terminate()
            process.wait()
            raise
    print(f"panel     {state['panel']}\nsign in   {state['email']}  {state['password']}")
    logs = FOLDER / "log"
    print(f"logs      {logs.relative_to(ROOT) if logs.is_relative_to(ROOT) else logs}\nstop      make down")
    return 0


def _wait_until_ready(process: "subprocess.Popen[bytes]") -> dict[str, str]:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        state = _state()
        if state is not None and "panel" in state:
            return state
        if process.poll() is not None:
            raise StackError(f"it did not start:\n{LOG.read_text(encoding='utf-8', errors='replace')}")
        time.sleep(POLL_S)
    raise StackError(f"it was not ready after {START_TIMEOUT_S:.0f} s; see {LOG}")


def down() -> int:
    """Stop what `up` started and wait until it is gone; stopping nothing is no error."""
    state = _state()
    if state is None:
        print("nothing runs")
        return 0
    pid = int(state["pid"])
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while _started_at(pid) == state["started_at"] and not _is_zombie(pid):
        if time.monotonic() > deadline:
            raise StackError(f"process {pid} did not end within {STOP_TIMEOUT_S:.0f} s; see {LOG}")
        time.sleep(POLL_S)
    print("stopped; the database is kept for the next `make up`")
    return 0


def _is_zombie(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"
    return True
