"""What can go wrong between a client and the portal, by order or by seeded chance."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock


class Fault(StrEnum):
    """One way for a request to go wrong."""

    REPLY_LOST = "reply_lost"
    """The work is done, the connection closes without an answer."""
    REPLY_LATE = "reply_late"
    """The work is done, the answer comes after `hold_s`."""
    REQUEST_LOST = "request_lost"
    """Nothing is done, the connection closes without an answer."""
    SERVER_ERROR = "server_error"
    """500 and nothing is done."""
    SERVER_ERROR_AFTER = "server_error_after"
    """The work is done and the answer is 502."""
    QUERY_LIMIT = "query_limit"
    OPERATION_LIMIT = "operation_limit"
    OVERLOAD = "overload"
    PAYMENT_REQUIRED = "payment_required"
    PORTAL_DELETED = "portal_deleted"
    ACCESS_DENIED = "access_denied"
    INSUFFICIENT_SCOPE = "insufficient_scope"
    EXPIRED_TOKEN = "expired_token"
    INVALID_REQUEST = "invalid_request"
    FIELD_ERROR = "field_error"
    EMPTY_ERROR = "empty_error"
    """400 whose `error` is an empty string."""
    GARBAGE = "garbage"
    """200 with a page of HTML; nothing is done."""
    NO_RESULT = "no_result"
    """200 with JSON that lacks `result`; nothing is done."""


DONE_ANYWAY = frozenset({Fault.REPLY_LOST, Fault.REPLY_LATE, Fault.SERVER_ERROR_AFTER})
"""Faults after which the portal has done what was asked."""

ANSWERS: dict[Fault, tuple[int, str, str]] = {
    Fault.SERVER_ERROR: (500, "INTERNAL_SERVER_ERROR", "Internal server error"),
    Fault.SERVER_ERROR_AFTER: (502, "", "Bad gateway"),
    Fault.QUERY_LIMIT: (503, "QUERY_LIMIT_EXCEEDED", "Too many requests"),
    Fault.OPERATION_LIMIT: (429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit."),
    Fault.OVERLOAD: (503, "OVERLOAD_LIMIT", "REST API is blocked due to overload."),
    Fault.PAYMENT_REQUIRED: (402, "PAYMENT_REQUIRED", "Payment required"),
    Fault.PORTAL_DELETED: (403, "PORTAL_DELETED", "Portal was deleted"),
    Fault.ACCESS_DENIED: (403, "ACCESS_DENIED", "REST API is available only on commercial plans"),
    Fault.INSUFFICIENT_SCOPE: (403, "insufficient_scope", "The request requires higher privileges"),
    Fault.EXPIRED_TOKEN: (401, "expired_token", "The access token provided has expired."),
    Fault.INVALID_REQUEST: (400, "INVALID_REQUEST", "Https required."),
    Fault.FIELD_ERROR: (400, "CRM_FIELD_ERROR_VALUE_NOT_VALID", "Invalid value of field 'sourceId'"),
    Fault.EMPTY_ERROR: (400, "", "Something went wrong"),
}
"""Fault → HTTP status, `error`, `error_description`."""


@dataclass
class Faults:
    """Decides which request goes wrong: those ordered first, then chance.

    rates: fault → probability per request of `method`. Seeded: the same requests go wrong again.
    """

    seed: int = 0
    rates: Mapping[Fault, float] = field(default_factory=dict)
    rate_method: str = "crm.item.add"
    _ordered: list[tuple[Fault, str | None]] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def order(self, fault: Fault, times: int = 1, method: str | None = None) -> None:
        """Make the next `times` requests (of `method`) go wrong."""
        with self._lock:
            self._ordered += [(fault, method)] * times

    def clear(self) -> None:
        """Forget what was ordered and let chance do no more harm."""
        with self._lock:
            self._ordered.clear()
            self.rates = {}

    def draw(self, method: str) -> Fault | None:
        """Return what happens to this request."""
        with self._lock:
            for place, (fault, wanted) in enumerate(self._ordered):
                if wanted in (None, method):
                    del self._ordered[place]
                    return fault
            if method != self.rate_method or not self.rates:
                return None
            drawn = self._chance.random()
            for fault, rate in self.rates.items():
                if drawn < rate:
                    return fault
                drawn -= rate
            return None
