"""Failures that are expected; each docstring is its message and says what to do next."""


class DialerError(Exception):
    """Root of every failure the dialer expects."""


class SettingsError(DialerError):
    """A setting is missing or wrong: correct the named environment variable (see .env.example)."""


class InvalidNumber(DialerError):
    """The text is no dialable phone number: correct the contact and import it again."""


class IllegalMove(DialerError):
    """The campaign's state does not allow this: the message names the states that would."""


class InvalidFlow(DialerError):
    """The call flow's definition can't be followed: the message names the field and its legal values."""


class InvalidContactFile(DialerError):
    """The contact file can't be read: the message says what it needs to look like."""


class UnsafeDialString(DialerError):
    """A value may not enter a dial string; the attempt is not placed. It shows a bug, report it."""


class InvalidRetryRules(DialerError):
    """The retry rules can't be followed: the message names the field and its legal values."""


class ImportCancelled(DialerError):
    """Somebody cancelled the import: nothing was imported, start it again if that was a mistake."""


class InvalidDestination(DialerError):
    """A destination is neither a country nor a prefix: write `RU` or `+7495`."""


class InvalidSchedule(DialerError):
    """The schedule can't be followed: the message names what is wrong and what would be right.

    fault: the same for a program, a dialer.schedule_fault.ScheduleFault. is_about_pause: of the repeated pause.
    """

    def __init__(self, fault: str, message: str, *, is_about_pause: bool = False) -> None:
        super().__init__(message)
        self.fault = fault
        self.is_about_pause = is_about_pause


class InvalidLabel(DialerError):
    """What a caller ID is shown with is too long or can't be shown: shorten the label or the category."""
