"""Runs every check and says at the end which failed: `python -m devstack.checks [--lint] [pytest arguments]`."""

import argparse
import sys
import time
from pathlib import Path

from devstack.environment import ROOT
from devstack.supervise import adopt_orphans, die_with_make, end_descendants, run, stop_on_signals

BIN = Path(sys.executable).parent
TYPED = ["dialer", "db", "integrations", "fs_scripts", "scheduler", "control_panel", "embedded_switch", "sipp"]
SIDE_BY_SIDE = ["-n", "2"]
"""Most tests wait for a telephone call or a server; two processes halve that. Each has servers of its own, and
tests/conftest.py says what stays together."""
LINTERS: list[tuple[str, list[str]]] = [
    ("ruff check", ["ruff", "check", "."]),
    ("ruff format", ["ruff", "format", "--check", "."]),
    ("mypy", ["mypy", *TYPED, "devstack", "demo", "chaos", "tests/verifier"]),
    ("import-linter", ["lint-imports", "--no-cache"]),
]


def main() -> int:
    """Run them all, also after a failure; 0 when every one of them passed."""
    parser = argparse.ArgumentParser(prog="python -m devstack.checks", description=__doc__)
    parser.add_argument("--lint", action="store_true", help="only the linters and type checks")
    options, for_pytest = parser.parse_known_args()
    checks = [(name, [str(BIN / command[0]), *command[1:]]) for name, command in LINTERS]
    if not options.lint:
        checks.append(("pytest", [sys.executable, "-m", "pytest", *SIDE_BY_SIDE, *for_pytest]))
    failed = []
    adopt_orphans()
    die_with_make()
    try:
        with stop_on_signals():
            for name, command in checks:
                began = time.monotonic()
                print(f"── {name}", flush=True)
                if run(command, cwd=ROOT, stop_timeout_s=60):
                    failed.append(name)
                print(f"   {time.monotonic() - began:.1f} s", flush=True)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    finally:
        end_descendants()
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
