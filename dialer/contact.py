"""A contact's states."""

from enum import StrEnum


class ContactState(StrEnum):
    """Where a contact is in its campaign. The SQL type `contact_state` has the same members."""

    QUEUED = "queued"
    """Never dialled yet."""
    DIALING = "dialing"
    """Has an open attempt."""
    RETRY = "retry"
    """Was dialled and is due again at `due_at`."""
    CONCLUDED = "concluded"
    """Has its final disposition."""
    BLOCKED = "blocked"
    """A rule forbids dialing; the reason is kept."""


class ImportReject(StrEnum):
    """Why an imported row became no contact. The SQL type `import_reject` has the same members."""

    INVALID_NUMBER = "invalid_number"
    """No phone number could be read from it."""
    DUPLICATE = "duplicate"
    """The number is in the campaign already, or stood earlier in the file."""
    BLACKLISTED = "blacklisted"
    """The number is on the blacklist."""
    MALFORMED = "malformed"
    """The row has no cell where the number should be."""
    PREMIUM_RATE = "premium_rate"
    """Calling the number costs extra, says its numbering plan."""
