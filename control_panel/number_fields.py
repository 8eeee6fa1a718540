"""Fields for numbers, sent as they were typed.

Of what it can't read a browser's own number field sends nothing, which would mean "no limit", or it drops the comma of
2,5. So these are plain text fields with a keyboard of digits, and what can't be read is refused here.
"""

import re
from decimal import Decimal
from typing import Any

from wtforms import DecimalField, IntegerField
from wtforms.widgets import TextInput

WHOLE = re.compile(r"[+-]?[0-9]{1,12}")
NUMBER = re.compile(r"[+-]?(?:[0-9]{1,12}(?:[.,][0-9]{0,9})?|[.,][0-9]{1,9})")
THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")
"""A thousand to some, one with three decimals to others: refused rather than guessed."""


class _NumberInput(TextInput):
    """A text field for which a phone shows digits."""

    def __init__(self, inputmode: str) -> None:
        super().__init__()
        self._inputmode = inputmode

    def __call__(self, field: Any, **attributes: Any) -> Any:
        """Return its HTML."""
        return super().__call__(field, **({"inputmode": self._inputmode, "autocomplete": "off"} | attributes))


def _typed(values: list[Any]) -> str:
    """Return what was typed, without the blanks that group digits."""
    return "".join(str(values[0]).split()) if values else ""


class WholeField(IntegerField):
    """A whole number. Needs a NumberRange, which says what is wrong with one that can't be read."""

    widget = _NumberInput("numeric")
    data: Any

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read what was typed; None: it is no whole number."""
        typed = _typed(valuelist)
        self.data = int(typed) if WHOLE.fullmatch(typed) else None


class NumberField(DecimalField):
    """A number, with a point or a comma. Needs a NumberRange, which says what is wrong with one that can't be read."""

    widget = _NumberInput("decimal")
    data: Any

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{Decimal(str(self.data)).normalize():f}"

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read what was typed; None: it is no number, or two are meant by it."""
        typed = _typed(valuelist)
        is_clear = NUMBER.fullmatch(typed) and not THOUSANDS.fullmatch(typed)
        self.data = Decimal(typed.replace(",", ".")) if is_clear else None
