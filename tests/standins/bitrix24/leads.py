"""The portal's leads: adding, listing with filters, duplicates and comments."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from threading import Lock
from typing import Any

from tests.standins.bitrix24.errors import Refused

PAGE = 50
LEAD_TYPE = 1

FIELDS: dict[str, str] = {
    "id": "integer",
    "createdTime": "datetime",
    "updatedTime": "datetime",
    "createdBy": "user",
    "assignedById": "user",
    "title": "string",
    "name": "string",
    "secondName": "string",
    "lastName": "string",
    "companyTitle": "string",
    "sourceId": "crm_status",
    "sourceDescription": "string",
    "stageId": "crm_status",
    "comments": "string",
    "opportunity": "double",
    "currencyId": "crm_currency",
    "originatorId": "string",
    "originId": "string",
    "opened": "boolean",
    "fm": "crm_multifield",
    "utmSource": "string",
    "utmCampaign": "string",
    "ufCrmTariff": "string",
    "ufCrmCallDigits": "string",
}
"""Field → its type, as crm.item.fields tells; everything else is silently ignored by crm.item.add."""

READ_ONLY = frozenset({"id", "createdTime", "updatedTime", "createdBy"})
STATUSES = {
    "SOURCE": ("CALL", "EMAIL", "WEB", "ADVERTISING", "PARTNER", "RECOMMENDATION", "OTHER"),
    "STATUS": ("NEW", "IN_PROCESS", "PROCESSED", "JUNK", "CONVERTED"),
}


class Leads:
    """What the portal remembers. Every method takes a request's parameters and returns `result` (and paging)."""

    def __init__(self) -> None:
        self.items: dict[int, dict[str, Any]] = {}
        self.comments: dict[int, dict[str, Any]] = {}
        self._ids = count(1)
        self._lock = Lock()

    def add(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Do crm.item.add: unknown and read-only fields are dropped without a word."""
        _leads_only(parameters)
        fields = parameters.get("fields")
        if not isinstance(fields, Mapping):
            raise Refused(
                400, "100", "Invalid value {} to match with parameter {fields}. Should be value of type array."
            )
        kept = {name: value for name, value in fields.items() if name in FIELDS and name not in READ_ONLY}
        _check_phones(kept.get("fm", []))
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        with self._lock:
            number = next(self._ids)
            item = {
                **dict.fromkeys(FIELDS),
                "id": number,
                "createdTime": moment,
                "updatedTime": moment,
                "createdBy": 1,
                "assignedById": 1,
                "stageId": "NEW",
                **kept,
            }
            item["fm"] = [{"id": place, **entry} for place, entry in enumerate(kept.get("fm") or [], 1)]
            self.items[number] = item
        return {"result": {"item": item}}

    def list_items(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Do crm.item.list: `filter`, `select`, `order` by id, `start`; pages of 50."""
        _leads_only(parameters)
        conditions = [_condition(name, value) for name, value in dict(parameters.get("filter") or {}).items()]
        order = {name: str(way).upper() for name, way in dict(parameters.get("order") or {"id": "ASC"}).items()}
        with self._lock:
            found = [item for item in self.items.values() if all(holds(item) for holds in conditions)]
        found.sort(key=lambda item: item["id"], reverse=order.get("id") == "DESC")
        start = int(parameters.get("start") or 0)
        answer: dict[str, Any] = {"result": {"items": [_selected(i, parameters) for i in found[start : start + PAGE]]}}
        answer["total"] = len(found)
        if start + PAGE < len(found):
            answer["next"] = start + PAGE
        return answer

    def fields(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Do crm.item.fields."""
        _leads_only(parameters)
        described = {
            name: {
                "type": kind,
                "isRequired": False,
                "isReadOnly": name in READ_ONLY,
                "isImmutable": False,
                "isMultiple": name == "fm",
                "isDynamic": name.startswith("ufCrm"),
                "title": name,
            }
            for name, kind in FIELDS.items()
        }
        return {"result": {"fields": described}}

    def duplicates(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Do crm.duplicate.findbycomm: ids of leads with one of at most 20 phones."""
        values = parameters.get("values")
        if parameters.get("type") != "PHONE" or not isinstance(values, list) or not values:
            raise Refused(400, "", "Communication type is not specified or values are empty.")
        wanted = {_digits(str(value)) for value in values[:20]}
        with self._lock:
            found = [
                number
                for number, item in self.items.items()
                if any(_digits(str(entry.get("value", ""))) in wanted for entry in item["fm"])
            ]
        return {"result": {"LEAD": found} if found else []}

    def comment(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Do crm.timeline.comment.add."""
        fields = parameters.get("fields") or {}
        if str(fields.get("ENTITY_TYPE", "")).lower() != "lead" or int(fields.get("ENTITY_ID", 0)) not in self.items:
            raise Refused(400, "", "Entity is not found.")
        if not fields.get("COMMENT"):
            raise Refused(400, "", "Empty comment message.")
        with self._lock:
            number = next(self._ids)
            self.comments[number] = dict(fields)
        return {"result": number}


def statuses(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Do crm.status.list, by ENTITY_ID."""
    wanted = dict(parameters.get("filter") or {}).get("ENTITY_ID")
    listed = [
        {"ID": str(place), "ENTITY_ID": entity, "STATUS_ID": status, "NAME": status.title(), "SORT": str(place * 10)}
        for entity, names in STATUSES.items()
        if wanted in (None, entity)
        for place, status in enumerate(names, 1)
    ]
    return {"result": listed, "total": len(listed)}


def _leads_only(parameters: Mapping[str, Any]) -> None:
    if str(parameters.get("entityTypeId")) != str(LEAD_TYPE):
        raise Refused(400, "NOT_FOUND", "SPA is not found")


def _check_phones(entries: Any) -> None:
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) and "typeId" in entry for entry in entries):
        raise Refused(400, "CRM_FIELD_ERROR_VALUE_NOT_VALID", "Invalid value of field 'fm'")


def _selected(item: dict[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    select = parameters.get("select")
    if not select or "*" in select:
        return item
    return {name: item[name] for name in ("id", *select) if name in item}


def _condition(name: str, value: Any) -> Any:
    operator = "".join(letter for letter in name[:2] if letter in "=!@%<>")
    field = name[len(operator) :]
    if field not in FIELDS:
        raise Refused(400, "INVALID_ARG_VALUE", f"Invalid filter: field '{field}' is not allowed in filter")
    many = {str(one) for one in value} if isinstance(value, list) else {str(value)}
    match operator:
        case "" | "=" | "@":
            return lambda item: str(item[field]) in many
        case "!" | "!=" | "!@":
            return lambda item: str(item[field]) not in many
        case "%":
            return lambda item: any(one.lower() in str(item[field]).lower() for one in many)
        case ">" if field == "id":
            return lambda item: item["id"] > int(value)
        case "<" if field == "id":
            return lambda item: item["id"] < int(value)
    raise Refused(400, "INVALID_ARG_VALUE", f"Invalid filter: {name}")


def _digits(phone: str) -> str:
    return "".join(letter for letter in phone if letter.isdigit())
