"""What a leg of ours carries with it: one channel variable with the ids of what it belongs to."""

import re
from dataclasses import dataclass

from dialer.retry import RetryBasis

CALL = "dialer_call"
"""The channel variable; an event carries it as `variable_dialer_call`. The channel's UUID is the attempt's id."""
WRITTEN = re.compile(r"([1-9]\d*):([1-9]\d*):([1-9]\d*)(?::([1-9]\d*):([1-9]\d*))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class CallIds:
    """Spelled `<campaign>:<gateway>:<flow version>:<attempt's number>:<zone set>`.

    basis: spares the hangup hook a look at what it depends on whether the contact is called again; None: the last two
    are not there.
    """

    campaign_id: int
    gateway_id: int
    flow_version_id: int
    basis: RetryBasis | None = None

    def __str__(self) -> str:
        """Spell it as the variable's value."""
        basis = f":{self.basis.number}:{self.basis.zone_set_id}" if self.basis else ""
        return f"{self.campaign_id}:{self.gateway_id}:{self.flow_version_id}{basis}"


def call_ids_in(value: str | None) -> CallIds | None:
    """Read the variable's value; None: the leg is not one of ours."""
    found = WRITTEN.fullmatch(value or "")
    if found is None:
        return None
    campaign_id = int(found[1])
    basis = RetryBasis(campaign_id, int(found[4]), int(found[5])) if found[4] else None
    return CallIds(campaign_id, int(found[2]), int(found[3]), basis)
