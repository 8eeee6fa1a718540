"""`.env.example` and the settings can't drift apart."""

from pathlib import Path

from devstack.env_example import env_example


def test_env_example_names_every_setting():
    written = Path(__file__).parents[2].joinpath(".env.example").read_text(encoding="utf-8")
    assert written == env_example(), "run: python -m devstack.env_example > .env.example"
