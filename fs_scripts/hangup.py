"""Entry of the hangup hook. mod_python3 reloads this module for every call: it holds no state and does no work."""

from typing import Any

from fs_scripts import ending


def fsapi(session: Any, stream: Any, env: Any, args: str) -> None:  # noqa: ARG001 - the switch passes all four
    """Conclude the attempt whose leg has ended; `api_hangup_hook='python fs_scripts.hangup'`."""
    ending.run(env)
