"""Brings a bare Debian machine to where the demo and the tests can run: `python3 -m devstack.bootstrap [--tests]`.

Needs nothing but a Python's standard library. Says what is missing and why, installs it when it may, and else says
whom to ask for what. A machine that has everything is left alone, in well under a second and without a network.
"""

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devstack.supervise import adopt_orphans, die_with_make, end_descendants, run, stop_on_signals

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed"
CONSTRAINTS = ROOT / "devstack" / "constraints.txt"
MOD_PYTHON3_INTERPRETER = "/usr/bin/python3"
OLDEST_PYTHON = (3, 11)
SBIN = "/usr/local/sbin:/usr/sbin:/sbin"


class SetupFailed(Exception):
    """Something is missing that we may not or could not install: the message says what to do."""


@dataclass(frozen=True)
class Package:
    """A Debian package, why it is needed, and how to see that what it brings is there."""

    name: str
    why: str
    is_there: Callable[[], bool]


def on_path(program: str) -> Callable[[], bool]:
    """Return a test for a program on the usual paths."""
    return lambda: shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/bin:/bin:{SBIN}") is not None


def interpreter() -> str:
    """Return the Python that `.venv` is made with: the system's, which mod_python3 is linked to, or `PYTHON`."""
    chosen = os.environ.get("PYTHON") or MOD_PYTHON3_INTERPRETER
    found = shutil.which(chosen)
    if found is None:
        raise SetupFailed(f"PYTHON={chosen} is no program; name an interpreter of Python 3.11 or later")
    return found


def interpreter_version(python: str) -> str:
    """Return its full version; raise SetupFailed when it is too old."""
    code = "import sys; print('.'.join(map(str, sys.version_info[:3])))"
    version = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    if tuple(map(int, version.split(".")[:2])) < OLDEST_PYTHON:
        raise SetupFailed(f"{python} is Python {version}; 3.11 or later is needed (set PYTHON to another interpreter)")
    return version


def _makes_environments() -> bool:
    return (
        subprocess.run([interpreter(), "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode
        == 0
    )


def _has_postgresql() -> bool:
    return any(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or on_path("initdb")()


RUNTIME = [
    Package("python3-venv", "makes the virtual environment .venv", _makes_environments),
    Package("postgresql-15", "the database's programs; a private server of ours runs on a free port", _has_postgresql),
    Package("redis-server", "channel leases and live events; again a private server", on_path("redis-server")),
    Package("sip-tester", "SIPp plays the telephone network", on_path("sipp")),
]
FOR_RAW_SOCKETS = Package("libcap2-bin", "lets SIPp play audio without being root (setcap)", on_path("setcap"))
FOR_TESTS = [Package("chromium", "the panel is tested in a real browser", on_path("chromium"))]


def missing_packages(wanted: list[Package]) -> list[Package]:
    """Return those of the wanted packages whose programs are not there."""
    return [package for package in wanted if not package.is_there()]


def _as_root(command: list[str], what_for: str) -> None:
    """Run a command as root, directly or by sudo; raise SetupFailed with the command to ask an admin for."""
    if os.geteuid() != 0:
        if shutil.which("sudo") is None or (not sys.stdin.isatty() and not _sudo_without_password()):
            raise SetupFailed(
                f"{what_for} needs root, and there is no sudo that works here. Ask an administrator to run:\n"
                f"    cd {ROOT} && {' '.join(command)}"
            )
        command = ["sudo", *command]
    status = run(command, cwd=ROOT, stop_signal=signal.SIGTERM, stop_timeout_s=600)
    if status != 0:
        raise SetupFailed(f"{what_for} failed with status {status}: {' '.join(command)}")


def _sudo_without_password() -> bool:
    return subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0


def install_packages(wanted: list[Package]) -> None:
    """Install what is missing, saying what and why; nothing that is installed starts a server."""
    missing = missing_packages(wanted)
    if not missing:
        return
    if shutil.which("apt-get", path="/usr/bin:/bin") is None:
        glossed = ", ".join(f"{package.name} ({package.why})" for package in missing)
        raise SetupFailed(f"this is no Debian; install what corresponds to: {glossed}")
    print("Installing Debian packages (none of them is allowed to start a server):")
    for package in missing:
        print(f"  {package.name:<14} {package.why}")
    sys.stdout.flush()
    names = [package.name for package in missing]
    _as_root([MOD_PYTHON3_INTERPRETER, "-m", "devstack.debian", *names], f"installing {' '.join(names)}")
    still = missing_packages(missing)
    if still:
        raise SetupFailed(f"apt installed {', '.join(p.name for p in still)}, but the programs are not there")


def allow_raw_sockets() -> None:
    """Give a copy of SIPp in `.venv/bin` the right to send captured audio, which otherwise only root has."""
    own = VENV / "bin" / "sipp"
    if os.geteuid() == 0 or own.exists():
        return
    fresh = own.with_suffix(".new")
    if not _may_open_raw_sockets(fresh):  # an administrator may have given it the right since we asked for it
        original = shutil.which("sipp", path=f"{os.environ.get('PATH', '')}:/usr/bin")
        assert original is not None
        print(
            "Giving .venv/bin/sipp, a copy of SIPp, the right to open raw sockets (it plays captured audio).",
            flush=True,
        )
        shutil.copy(original, fresh)
        _as_root(["/usr/sbin/setcap", "cap_net_raw=ep", str(fresh)], "giving SIPp the right to open raw sockets")
    fresh.rename(own)


def _may_open_raw_sockets(program: Path) -> bool:
    try:
        return bool(os.getxattr(program, "security.capability"))
    except OSError:
        return False


def _requirements(*, with_tests: bool) -> list[str]:
    import tomllib  # here, so that an interpreter without it gets as far as the message about its version

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*project["dependencies"], *(project["optional-dependencies"]["dev"] if with_tests else [])]


def _fingerprint(python: str, version: str, requirements: list[str]) -> str:
    constraints = CONSTRAINTS.read_text(encoding="utf-8")
    return hashlib.sha256("\n".join([python, version, constraints, *requirements]).encode()).hexdigest()


def install_environment(*, with_tests: bool) -> None:
    """Make `.venv` with the chosen interpreter and install the pinned dependencies, unless that is done already."""
    python = interpreter()
    version = interpreter_version(python)
    stamps = STAMP.read_text().split() if STAMP.exists() else []
    complete = _fingerprint(python, version, _requirements(with_tests=True))
    wanted = complete if with_tests else _fingerprint(python, version, _requirements(with_tests=False))
    own = VENV / "bin" / "python"
    if stamps and {wanted, complete} & set(stamps) and own.exists():
        return
    if not own.exists() or interpreter_version_of_environment() != version:
        print(f"Making .venv with {python} (Python {version}, as FreeSWITCH's mod_python3 on this system would use)")
        if run([python, "-m", "venv", "--clear", str(VENV)], cwd=ROOT):
            raise SetupFailed(f"{python} could not make {VENV}")
    STAMP.unlink(missing_ok=True)
    print("Installing the pinned Python packages into .venv", flush=True)
    requirements = VENV / "requirements.txt"
    requirements.write_text("\n".join(_requirements(with_tests=with_tests)) + "\n")
    pip = [str(own), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]
    if run([*pip, str(requirements), "--constraint", str(CONSTRAINTS)], cwd=ROOT):
        raise SetupFailed("pip could not install the dependencies; its words are above. Run the same command again")
    STAMP.write_text(wanted + "\n")


def interpreter_version_of_environment() -> str | None:
    """Return the version `.venv` was made with, None when it can't run."""
    try:
        return interpreter_version(str(VENV / "bin" / "python"))
    except (OSError, subprocess.CalledProcessError, SetupFailed):
        return None


def main() -> int:
    """Do what the command line asks; 1 with a message when something is missing that can't be had."""
    parser = argparse.ArgumentParser(prog="python3 -m devstack.bootstrap", description=__doc__.splitlines()[0])
    parser.add_argument("--tests", action="store_true", help="also what the tests and linters need")
    with_tests = parser.parse_args().tests
    adopt_orphans()
    die_with_make()
    try:
        with stop_on_signals():
            interpreter_version(interpreter())
            rootless = [] if os.geteuid() == 0 else [FOR_RAW_SOCKETS]
            install_packages(RUNTIME + rootless + (FOR_TESTS if with_tests else []))
            install_environment(with_tests=with_tests)
            allow_raw_sockets()
    except SetupFailed as failure:
        print(f"make setup: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("make setup: interrupted; run the same command again to go on", file=sys.stderr)
        return 130
    finally:
        end_descendants()
    return 0


if __name__ == "__main__":
    sys.exit(main())
