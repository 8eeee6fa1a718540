"""The portal's methods, its credentials and its limits; knows nothing of HTTP."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.standins.bitrix24.errors import Refused
from tests.standins.bitrix24.leads import Leads, statuses
from tests.standins.bitrix24.limits import LeakyBuckets, OperatingTime

BATCH_LIMIT = 50
OPERATING_S = 0.1
"""What one request counts as operating time; the real one is measured and of this size."""


def _profile(_parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {"result": {"ID": "1", "ADMIN": True, "NAME": "REST", "LAST_NAME": "", "TIME_ZONE": "Europe/Moscow"}}


def _needs_application(_parameters: Mapping[str, Any]) -> dict[str, Any]:
    raise Refused(403, "WRONG_AUTH_TYPE", "Current authorization type is denied for this method")


@dataclass
class Portal:
    """One portal with one inbound webhook."""

    user: str = "1"
    secret: str = "s"
    leads: Leads = field(default_factory=Leads)
    buckets: LeakyBuckets = field(default_factory=LeakyBuckets)
    operating: OperatingTime = field(default_factory=OperatingTime)
    clock: Callable[[], float] = time.time
    on_command: Callable[[str, Mapping[str, Any], Any, str | None], None] = lambda *_: None
    """Hears of each command of a batch: method, parameters, result, error."""

    def __post_init__(self) -> None:
        self._methods: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "crm.item.add": self.leads.add,
            "crm.item.list": self.leads.list_items,
            "crm.item.fields": self.leads.fields,
            "crm.duplicate.findbycomm": self.leads.duplicates,
            "crm.timeline.comment.add": self.leads.comment,
            "crm.status.list": statuses,
            "profile": _profile,
            "telephony.externalcall.register": _needs_application,
            "telephony.externalcall.finish": _needs_application,
        }

    def admit(self, user: str, secret: str, method: str, source: str) -> None:
        """Check the credentials, then the limits; raises Refused."""
        if user != self.user:
            raise Refused(401, "NO_AUTH_FOUND", "Wrong authorization data")
        if secret != self.secret:
            raise Refused(401, "INVALID_CREDENTIALS", "Invalid request credentials")
        now = self.clock()
        if not self.buckets.take(source, now):
            raise Refused(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
        if self.operating.is_blocked(method, now):
            raise Refused(429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.")

    def call(self, method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Do one method and return `result` with its paging; raises Refused."""
        method = method.lower()
        if method == "batch":
            return self._batch(parameters)
        work = self._methods.get(method)
        if work is None:
            raise Refused(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        self.operating.spend(method, OPERATING_S, self.clock())
        return work(parameters)

    def time_block(self, method: str, started: float) -> dict[str, Any]:
        """Return the `time` that every answer carries."""
        now = self.clock()
        return {
            "start": started,
            "finish": now,
            "duration": now - started,
            "processing": now - started,
            "date_start": _iso(started),
            "date_finish": _iso(now),
            "operating_reset_at": int(self.operating.reset_at(method.lower(), now)),
            "operating": self.operating.operating(method.lower(), now),
        }

    def _batch(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        commands = dict(parameters.get("cmd") or {})
        if len(commands) > BATCH_LIMIT:
            raise Refused(400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
        results: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for name, command in commands.items():
            method, _, query = str(command).partition("?")
            inner = from_query(query)
            try:
                results[name] = self.call(method, inner)["result"]
                self.on_command(method, inner, results[name], None)
            except Refused as refused:
                self.on_command(method, inner, None, refused.error)
                errors[name] = {"error": refused.error, "error_description": refused.description}
                if str(parameters.get("halt", 0)) in ("1", "True", "true"):
                    break
        return {"result": {"result": results, "result_error": errors, "result_total": {}, "result_next": {}}}


def from_query(query: str) -> dict[str, Any]:
    """Read PHP's nested form: `fields[title]=x&fields[fm][0][value]=y`."""
    root: dict[str, Any] = {}
    for name, values in parse_qs(query, keep_blank_values=True).items():
        head, *rest = name.replace("]", "").split("[")
        path = [head, *rest]
        place = root
        for step in path[:-1]:
            place = place.setdefault(step, {})
        place[path[-1]] = values[-1]
    listed = _lists(root)
    assert isinstance(listed, dict)
    return listed


def _lists(value: Any) -> Any:
    """Turn {"0": a, "1": b} into [a, b]."""
    if not isinstance(value, dict):
        return value
    inner = {name: _lists(one) for name, one in value.items()}
    if inner and all(name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def _iso(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(moment))
