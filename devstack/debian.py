"""Installs Debian packages as root without letting any of them start a server: `python3 -m devstack.debian NAME…`."""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

POLICY = Path("/usr/sbin/policy-rc.d")
POLICY_MARK = "# made by the dialer's `make setup`, which removes it when it ends"
POLICY_TEXT = f"#!/bin/sh\n{POLICY_MARK}\nexit 101\n"
NO_CLUSTER = Path("/etc/postgresql-common/createcluster.d/dialer-setup.conf")
BOOT_STARTS = {"redis-server": "redis-server.service"}
"""Package → its unit, which we don't want at boot when it was us who brought it to the machine."""

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
asked_to_stop = False


def _note(number: int, _frame: object) -> None:
    global asked_to_stop
    asked_to_stop = True
    print(f"\nsignal {number}: waiting for apt to leave the system in good order…", file=sys.stderr, flush=True)


@contextlib.contextmanager
def no_server_starts() -> Iterator[None]:
    """While the block runs, package scripts start no service and create no PostgreSQL cluster."""
    with contextlib.ExitStack() as undo:
        if POLICY.exists() and POLICY_MARK in POLICY.read_text(errors="replace"):
            POLICY.unlink()  # left by a set-up that was killed
        if not POLICY.exists():
            undo.callback(POLICY.unlink, missing_ok=True)
            POLICY.write_text(POLICY_TEXT)
            POLICY.chmod(0o755)
        undo.callback(NO_CLUSTER.unlink, missing_ok=True)
        NO_CLUSTER.parent.mkdir(parents=True, exist_ok=True)
        NO_CLUSTER.write_text("create_main_cluster = false\n")
        yield


def _apt(*arguments: str) -> int:
    if asked_to_stop:
        return 130
    environment = {
        **os.environ,
        "DEBIAN_FRONTEND": "noninteractive",
        "NEEDRESTART_SUSPEND": "1",  # it would restart services of the host
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C.UTF-8",
    }
    process = subprocess.Popen(
        ["apt-get", "-q", "-o", "Dpkg::Use-Pty=0", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        preexec_fn=lambda: _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0),
    )
    while True:
        try:
            return process.wait(0.5)
        except subprocess.TimeoutExpired:
            if asked_to_stop:  # a terminal has told apt already; a plain `kill` has not; apt finishes dpkg's work
                process.send_signal(signal.SIGINT)
                return process.wait()


def _not_at_boot(packages: list[str]) -> None:
    for package in packages:
        if package in BOOT_STARTS and shutil.which("systemctl"):
            subprocess.run(["systemctl", "--quiet", "disable", BOOT_STARTS[package]], check=False, capture_output=True)


def install(packages: list[str]) -> int:
    """Install the packages; return apt's exit status. Refreshes apt's lists only when apt can't do without."""
    with no_server_starts():
        arguments = ("install", "-y", "--no-install-recommends", *packages)
        have_lists = any(Path("/var/lib/apt/lists").glob("*_Packages*"))
        status = _apt(*arguments) if have_lists else 100
        if status == 100 and _apt("update") == 0:
            status = _apt(*arguments)
        if status == 0:
            _not_at_boot(packages)
    return 130 if asked_to_stop else status


def main() -> int:
    """Install what the command line names."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _note)
    return install(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
