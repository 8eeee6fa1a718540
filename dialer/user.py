"""Who uses the panel."""

from enum import StrEnum


class Role(StrEnum):
    """What a user may do; each role may do all that the ones below it may. The SQL type is `user_role`."""

    ADMIN = "admin"
    """Everything, gateways and accounts too."""
    MANAGER = "manager"
    """Campaigns, contacts, audio and the blacklist."""
    OPERATOR = "operator"
    """Starts, pauses and stops campaigns; reads everything."""
    VIEWER = "viewer"
    """Reads only."""
