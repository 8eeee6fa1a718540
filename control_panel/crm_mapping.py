"""What a campaign tells the CRM beside the usual: pairs of a field there and what to put into it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask import request
from flask_babel import gettext as _

from integrations.bitrix24_fields import OURS

SOURCES = ("name", "phone", "digits", "campaign", "attempt_id")
FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
EMPTY_ROWS = 2
LONGEST = 500

Pairs = list[tuple[str, str]]


def pairs_of(mapping: Mapping[str, Any]) -> Pairs:
    """Return the (CRM field, source) pairs of a stored mapping."""
    return [(str(field), str(source)) for field, source in dict(mapping.get("fields") or {}).items()]


def posted() -> Pairs:
    """Return the pairs of the form; rows that are wholly empty are left out."""
    fields, sources = request.form.getlist("crm_field"), request.form.getlist("crm_source")
    pairs = [(field.strip(), source.strip()) for field, source in zip(fields, sources, strict=False)]
    return [pair for pair in pairs if any(pair)]


def problems(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Return what is wrong with the pairs, in the user's words."""
    found = []
    for field, source in pairs:
        if not FIELD.fullmatch(field):
            found.append(_("“%(field)s” is no field of the CRM: Latin letters, digits and _.", field=field[:40]))
        elif field in OURS:
            found.append(_("“%(field)s” is filled by the dialer itself.", field=field))
        elif sum(field == other for other, _source in pairs) > 1:
            found.append(_("“%(field)s” stands here more than once.", field=field))
        if not _is_source(source):
            found.append(_("“%(source)s” is nothing to fill a field with.", source=source[:40]))
    return list(dict.fromkeys(found))


def _is_source(source: str) -> bool:
    has_more = (source.startswith("=") and len(source) > 1) or (source.startswith("extra.") and len(source) > 6)
    return len(source) <= LONGEST and (source in SOURCES or has_more)


def mapping_of(pairs: Sequence[tuple[str, str]], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mapping to store; what else `before` holds stays."""
    return {**before, "fields": dict(pairs)} if pairs or before else {}
