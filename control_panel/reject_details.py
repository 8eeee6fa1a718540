"""Why one row of an import was refused, in the user's words; it is stored as a sentence in English."""

import re
from collections.abc import Callable

from flask_babel import lazy_gettext as _l

from control_panel.labels import label, list_name
from db.blacklist import BlacklistReason

LISTED = re.compile(r"on the blacklist: (?P<reason>\w+) \((?P<list>.*)\)", re.DOTALL)
GENERAL_NAME = "General"
WORDS = (
    (r"row (?P<row>\d+) has the same number", _l("row %(row)s has the same number")),
    (r"the campaign has this number already", _l("the campaign has this number already")),
    (r"the list has this number already", _l("the list has this number already")),
    (r"a newer contact has the same number", _l("a newer contact has the same number")),
    (r"the cell of the phone number is empty", _l("the cell of the phone number is empty")),
    (r"the row has (?P<cells>\d+) of (?P<columns>\d+) columns and no number",
     _l("the row has %(cells)s of %(columns)s columns and no number")),
    (r".* is no number of any country's numbering plan", _l("it is in no country's numbering plan")),
    (r".* holds characters that are no part of a phone number", _l("it holds characters that no phone number has")),
    (r"calling \S+ costs extra", _l("calling it costs extra")),
)  # fmt: skip
"""Sentence → its translation. The number itself is left out where it stands beside it, in the row's cells."""


def detail_words() -> Callable[[str], str]:
    """Return what puts a detail into words of the reader's language, also in a stream that outlives the request.

    A detail that is not known here stays as it is stored.
    """
    words = [(re.compile(pattern, re.DOTALL), str(text)) for pattern, text in WORDS]
    reasons = {str(reason): label(reason) for reason in BlacklistReason}
    general = list_name(GENERAL_NAME)

    def in_words(detail: str) -> str:
        if listed := LISTED.fullmatch(detail):
            name = general if listed["list"] == GENERAL_NAME else listed["list"]
            return f"{reasons.get(listed['reason'], listed['reason'])} · {name}"
        for pattern, text in words:
            if found := pattern.fullmatch(detail):
                return text % found.groupdict()
        return detail

    return in_words
