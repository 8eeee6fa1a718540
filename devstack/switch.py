"""Starts the switch: the embedded one, or a real FreeSWITCH found by `SWITCH=freeswitch FREESWITCH_BINARY=…`."""

import contextlib
import os
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from devstack.environment import ROOT, Folders
from devstack.errors import ProgramMissing, StackError
from devstack.ports import used_block
from devstack.supervise import Child, spawn

START_TIMEOUT_S = 60.0
CONF = ROOT / "freeswitch" / "conf"
USUAL_PLACES = ("/usr/bin/freeswitch", "/usr/local/freeswitch/bin/freeswitch", "/usr/local/bin/freeswitch")


class SwitchKind(StrEnum):
    """Which switch makes the calls."""

    EMBEDDED = "embedded"
    """The stand-in of `embedded_switch/`."""
    FREESWITCH = "freeswitch"
    """A real FreeSWITCH with mod_python3."""


@dataclass(frozen=True, slots=True)
class SwitchChoice:
    """The switch to start; `binary` is the real one's program."""

    kind: SwitchKind
    binary: Path | None = None


def chosen_switch(environ: Mapping[str, str] | None = None) -> SwitchChoice:
    """Read `SWITCH` and `FREESWITCH_BINARY`; raise StackError when what they name is not there."""
    environ = os.environ if environ is None else environ
    name = environ.get("SWITCH") or SwitchKind.EMBEDDED
    if name not in list(SwitchKind):
        raise StackError(f"SWITCH={name!r} is none of {', '.join(SwitchKind)}")
    if name == SwitchKind.EMBEDDED:
        return SwitchChoice(SwitchKind.EMBEDDED)
    named = environ.get("FREESWITCH_BINARY")
    found = named or shutil.which("freeswitch") or next((place for place in USUAL_PLACES if Path(place).exists()), None)
    if found is None or not os.access(found, os.X_OK):
        raise ProgramMissing(
            f"SWITCH=freeswitch, but {named or 'freeswitch'} is no program; set FREESWITCH_BINARY to its path"
        )
    return SwitchChoice(SwitchKind.FREESWITCH, Path(found).resolve())


def command(choice: SwitchChoice, folders: Folders) -> list[str | Path]:
    """Return the command line that runs the switch in the foreground; a real one begins with empty state folders."""
    if choice.kind is SwitchKind.EMBEDDED:
        return [sys.executable, "-m", "embedded_switch", "--conf", CONF, "--log", folders.log / "embedded_switch.log"]
    own = folders.base / "freeswitch"
    for name in ("db", "run"):
        shutil.rmtree(own / name, ignore_errors=True)
        (own / name).mkdir(parents=True)
    assert choice.binary is not None
    return [
        choice.binary, "-nonat", "-nf", "-conf", CONF, "-log", folders.log, "-db", own / "db", "-run", own / "run",
        "-scripts", ROOT,
    ]  # fmt: skip


def event_socket_answers(environment: Mapping[str, str]) -> bool:
    """Whether the switch's Event Socket lets us in."""
    address = (environment["DIALER_ESL_HOST"], int(environment["DIALER_ESL_PORT"]))
    with contextlib.suppress(OSError), socket.create_connection(address, 1) as connection:
        connection.settimeout(2)
        stream = connection.makefile("rwb")
        if b"auth/request" not in stream.readline():
            return False
        stream.readline()
        stream.write(f"auth {environment['DIALER_ESL_PASSWORD']}\n\n".encode())
        stream.flush()
        answer = stream.readline() + stream.readline()
        return b"+OK" in answer
    return False


@contextlib.contextmanager
def running_switch(choice: SwitchChoice, folders: Folders, environment: Mapping[str, str]) -> Iterator[Child]:
    """Run the switch until the block ends; ready when its Event Socket lets us in."""
    first, last = (int(environment[f"DIALER_RTP_{end}_PORT"]) for end in ("START", "END"))
    with used_block(first, last - first + 1):
        name = "FreeSWITCH" if choice.kind is SwitchKind.FREESWITCH else "the embedded switch"
        child = spawn(
            name,
            command(choice, folders),
            log=folders.log / "switch.console.log",
            env=environment,
            cwd=ROOT,
            leaves_stdin_open=True,  # at its end a real one would ask for more a thousand times a second
        )
        try:
            child.wait_until(lambda: event_socket_answers(environment), START_TIMEOUT_S, "its Event Socket let us in")
            yield child
        finally:
            child.stop()
