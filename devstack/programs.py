"""Starts our own programs in the foreground and knows when each is ready."""

import contextlib
import json
import re
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from devstack.environment import ROOT, Folders
from devstack.errors import StackError
from devstack.ports import LOOPBACK, free_udp_block
from devstack.supervise import Child, spawn

START_TIMEOUT_S = 30.0
SCHEDULER_READY = "scheduler ready"
LISTENING = re.compile(r"listening on (http://\S+)")


@contextlib.contextmanager
def program(
    name: str,
    module: str,
    arguments: list[str],
    folders: Folders,
    environment: Mapping[str, str],
    is_ready: Callable[[Child], bool],
    stop_timeout_s: float = 10.0,
) -> Iterator[Child]:
    """Run `python -m <module> <arguments>` until the block ends; its output goes to `<log>/<module>.log`."""
    log = folders.log / f"{module}.log"
    command = [sys.executable, "-m", module, *arguments]
    child = spawn(name, command, log=log, env=environment, cwd=ROOT, stop_timeout_s=stop_timeout_s)
    try:
        child.wait_until(lambda: is_ready(child), START_TIMEOUT_S, "it was ready")
        yield child
    finally:
        child.stop()


def _said(child: Child, sentence: str) -> bool:
    return child.log is not None and sentence in child.log.read_text(encoding="utf-8", errors="replace")


def scheduler(folders: Folders, environment: Mapping[str, str]) -> contextlib.AbstractContextManager[Child]:
    """The scheduler; ready when it says so. It would wait for live calls to end; here it need not for long."""
    return program(
        "the scheduler", "scheduler", [], folders, environment, lambda child: _said(child, SCHEDULER_READY), 3.0
    )


def panel(folders: Folders, environment: Mapping[str, str]) -> contextlib.AbstractContextManager[Child]:
    """The panel; ready when it answers a request."""
    url = f"http://{environment['DIALER_PANEL_HOST']}:{environment['DIALER_PANEL_PORT']}/"
    return program("the panel", "control_panel", [], folders, environment, lambda _: _answers_http(url))


def _answers_http(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def create_user(environment: Mapping[str, str], email: str, role: str, password: str) -> None:
    """Add somebody who can sign in to the panel; raise StackError with the program's words when it fails."""
    command = [sys.executable, "-m", "control_panel", "create-user", email, role]
    done = subprocess.run(
        command, input=password + "\n", env=dict(environment), cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StackError(f"the panel's user could not be made:\n{done.stdout}{done.stderr}")


@dataclass(frozen=True, slots=True)
class Crm:
    """The stand-in for Bitrix24: the webhook to post to, and the journal of what was posted."""

    webhook_url: str
    journal: Path


@contextlib.contextmanager
def crm_stand_in(folders: Folders, environment: Mapping[str, str], *more: str) -> Iterator[Crm]:
    """Run the stand-in for Bitrix24 on a free port, with a webhook secret of its own. more: arguments of its own."""
    secret = secrets.token_hex(8)
    journal = folders.base / "crm.jsonl"
    arguments = ["--port", "0", "--journal", str(journal), "--user", "1", "--secret", secret, *more]
    module = "tests.standins.bitrix24"
    with program(
        "the CRM stand-in", module, arguments, folders, environment, lambda child: _said(child, "listening on http")
    ) as child:
        assert child.log is not None
        said = LISTENING.search(child.log.read_text(encoding="utf-8"))
        assert said is not None
        yield Crm(f"{said.group(1)}/rest/1/{secret}/", journal)


@dataclass(frozen=True, slots=True)
class CarrierOptions:
    """What SIPp plays: kinds of callees and their shares, the seed of its dice, how long a callee stays at most."""

    mix: str
    seed: int = 7
    longest_call_s: float | None = None


@dataclass(frozen=True, slots=True)
class Carrier:
    """SIPp as the far end of the trunk."""

    address: str
    child: Child


@contextlib.contextmanager
def carrier(options: CarrierOptions, folders: Folders, environment: Mapping[str, str]) -> Iterator[Carrier]:
    """Run SIPp as the carrier; ready when it holds its SIP port."""
    port, media_port = free_udp_block(2), free_udp_block(64)
    arguments = [
        "carrier", "--port", str(port), "--media-port", str(media_port), "--mix", options.mix,
        "--seed", str(options.seed), "--log-dir", str(folders.carrier),
        *(["--longest-call", str(options.longest_call_s)] if options.longest_call_s is not None else []),
    ]  # fmt: skip
    with program(
        "the carrier (SIPp)", "sipp", arguments, folders, environment, lambda _: _holds_udp_port(port)
    ) as child:
        yield Carrier(f"{LOOPBACK}:{port}", child)


def _holds_udp_port(port: int) -> bool:
    wanted = f":{port:04X}"
    return any(line.split()[1].endswith(wanted) for line in Path("/proc/net/udp").read_text().splitlines()[1:])


def read_journal(journal: Path) -> list[dict[str, object]]:
    """Return the CRM stand-in's journal, a request an entry, none when nobody asked anything."""
    if not journal.exists():
        return []
    return [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines() if line.strip()]
