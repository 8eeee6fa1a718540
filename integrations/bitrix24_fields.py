"""A lead of ours as the fields of Bitrix24's crm.item.add."""

from typing import Any

from db.leads import LeadToPost

ENTITY_TYPE_LEAD = 1
SOURCE = "CALL"
"""A default source of every portal; a campaign's mapping may name another."""
LONGEST_TITLE = 255

OURS = frozenset({"originatorId", "originId", "fm"})
"""Fields that make the delivery exact or reachable; no mapping may change them."""


def lead_fields(lead: LeadToPost, product_name: str) -> dict[str, Any]:
    """Return the fields; the campaign's mapping adds to the defaults and replaces them.

    mapping: {"fields": {CRM field: source}}, source one of `name`, `phone`, `digits`, `campaign`, `attempt_id`,
    `extra.<column>` of the contact file, or `=<text>` for the text itself. Sources that are empty are left out.
    """
    fields: dict[str, Any] = {
        "title": f"{lead.campaign_name}: {lead.name or lead.phone}"[:LONGEST_TITLE],
        "sourceId": SOURCE,
    }
    if lead.name:
        fields["name"] = lead.name
    for field, source in dict(lead.mapping.get("fields") or {}).items():
        value = _value(lead, str(source))
        if field not in OURS and value not in (None, ""):
            fields[field] = value
    fields["fm"] = [{"typeId": "PHONE", "valueType": "WORK", "value": lead.phone}]
    fields["originatorId"] = product_name
    fields["originId"] = lead.attempt_id
    return fields


def _value(lead: LeadToPost, source: str) -> Any:
    if source.startswith("="):
        return source[1:]
    if source.startswith("extra."):
        return lead.extra.get(source.removeprefix("extra."))
    known = {
        "name": lead.name,
        "phone": lead.phone,
        "digits": lead.digits,
        "campaign": lead.campaign_name,
        "attempt_id": lead.attempt_id,
    }
    return known.get(source)
