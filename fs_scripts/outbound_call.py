"""Entry of an answered call. mod_python3 reloads this module for every call: it holds no state and does no work."""

from typing import Any

from fs_scripts import call


def handler(session: Any, args: str) -> None:  # noqa: ARG001 - the switch passes both
    """Talk to the callee until the call is over; `<action application="python" data="fs_scripts.outbound_call"/>`."""
    call.run(session)
