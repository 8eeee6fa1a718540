"""Caller IDs: which of several a call shows, and what may be shown with them."""

from enum import StrEnum

from dialer.errors import InvalidLabel

LONGEST_SHOWN = 32
"""Characters of label and category together that a network shows with a call."""


class CallerIdChoice(StrEnum):
    """Which of a campaign's caller IDs a call shows. The SQL type `caller_id_choice` has the same members."""

    SAME_FOR_NUMBER = "same_for_number"
    """A number always sees the same one, so that people recognise who calls."""
    ROTATE = "rotate"
    """One after the other, and another one at each further attempt."""


def shown(label: str, category: str) -> str:
    """Return what is shown with a call: `label category`; raises InvalidLabel when it is too long or has odd signs."""
    text = " ".join(part.strip() for part in (label, category) if part.strip())
    if len(text) > LONGEST_SHOWN:
        raise InvalidLabel(f"label and category have {len(text)} characters together, {LONGEST_SHOWN} are shown")
    if not text.isprintable():
        raise InvalidLabel("label and category hold signs that can't be shown")
    return text
