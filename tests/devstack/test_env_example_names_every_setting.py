"""`.env.example` and the settings can't drift apart, and nobody reads a variable beside them."""

import re

import pytest

from devstack.env_example import env_example
from devstack.environment import ROOT

ROOMS = ("dialer", "db", "integrations", "fs_scripts", "scheduler", "control_panel")
READS = re.compile(r"\b(environ|getenv)\b.*\bDIALER_")


def test_env_example_names_every_setting():
    written = ROOT.joinpath(".env.example").read_text(encoding="utf-8")
    assert written == env_example(), "run: python -m devstack.env_example > .env.example"


@pytest.mark.parametrize("room", ROOMS)
def test_only_the_settings_read_our_variables(room):
    modules = [path.relative_to(ROOT) for path in ROOT.joinpath(room).rglob("*.py") if READS.search(path.read_text())]
    assert [str(path) for path in modules if str(path) != "dialer/settings.py"] == []
