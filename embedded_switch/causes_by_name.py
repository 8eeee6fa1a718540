"""Hangup causes as applications and commands name them."""

from embedded_switch.causes import CAUSE_OF_Q850, Q850


def cause_named(name: str | None, default: str = "NORMAL_CLEARING") -> str:
    """Return the cause a name or a number means, without regard to case; NORMAL_CLEARING for what nobody knows."""
    if not name:
        return default
    if name[0].isdigit():
        digits = "".join(char for char in name if char.isdigit())
        return CAUSE_OF_Q850.get(int(digits), "UNKNOWN")
    upper = name.upper()
    return upper if upper in Q850 else "NORMAL_CLEARING"
