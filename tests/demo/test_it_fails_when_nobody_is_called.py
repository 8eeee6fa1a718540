"""A demo whose calls never leave the switch fails, although every attempt is concluded and no lead is owed."""

import os
import subprocess
import sys

from devstack.environment import ROOT

GATEWAY_OF_ANOTHER_NAME = """
import sys
from devstack import stack
write_gateway = stack.write_gateway
stack.write_gateway = lambda folder, name, address: write_gateway(folder, "another", address)
sys.argv = ["demo", "--calls", "2"]
from demo.__main__ import main
sys.exit(main())
"""


def test_a_gateway_of_another_name_fails_the_demo():
    done = subprocess.run(
        [sys.executable, "-c", GATEWAY_OF_ANOTHER_NAME], cwd=ROOT, env=os.environ | {"SWITCH": "embedded"},
        capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "demo: nobody called: 2 attempts, and not one call came" in done.stderr
    assert done.stderr.count("demo: attempt without call: ") == 2
    assert "2 contacts, 2 concluded, 0 leads, 0 lost, 0 called twice" in done.stdout.splitlines()[-1]
