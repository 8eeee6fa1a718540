"""What a leg of ours carries with it: one channel variable with the ids of what it belongs to."""

import re
from dataclasses import dataclass

CALL = "dialer_call"
"""The channel variable; an event carries it as `variable_dialer_call`. The channel's UUID is the attempt's id."""
WRITTEN = re.compile(r"([1-9]\d*):([1-9]\d*):([1-9]\d*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class CallIds:
    """Spelled `<campaign>:<gateway>:<flow version>`."""

    campaign_id: int
    gateway_id: int
    flow_version_id: int

    def __str__(self) -> str:
        """Spell it as the variable's value."""
        return f"{self.campaign_id}:{self.gateway_id}:{self.flow_version_id}"


def call_ids_in(value: str | None) -> CallIds | None:
    """Read the variable's value; None: the leg is not one of ours."""
    found = WRITTEN.fullmatch(value or "")
    return CallIds(int(found[1]), int(found[2]), int(found[3])) if found else None
