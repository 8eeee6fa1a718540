"""Writes `.env.example` from the settings' own fields: `python -m devstack.env_example > .env.example`."""

from dataclasses import fields

from dialer.settings import PREFIX, REQUIRED, Settings

HEADER = """# Every variable the dialer reads. Copy this file to .env and fill in what has no default.
# Made by `python -m devstack.env_example`; a test keeps it in step with dialer/settings.py.
"""


def env_example() -> str:
    """Return the file's text: required variables stand bare, the others are commented out with their default."""
    lines = [HEADER]
    for setting in fields(Settings):
        name, default = PREFIX + setting.name.upper(), setting.metadata["default"]
        lines.append(f"# {setting.metadata['doc']}")
        lines.append(f"{name}=\n" if default is REQUIRED else f"#{name}={default}\n")
    return "\n".join(lines)


if __name__ == "__main__":
    print(env_example(), end="")
