"""Bitrix24 over an inbound webhook: the one module that speaks its REST, and the one table of its errors.

The webhook's address is a secret: it stands in no log line, no exception text and no Exchange.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import requests

from db.leads import LeadToPost
from integrations.bitrix24_fields import ENTITY_TYPE_LEAD, lead_fields
from integrations.results import Ambiguous, Delivered, Exchange, Failed, PauseIntegration, Result, RetryLater
from integrations.web_address import may_move

KEPT_OF_GARBAGE = 500


class Verdict(StrEnum):
    """What an error of Bitrix24 means for the lead."""

    RETRY = "retry"
    """Refused for now; nothing was done."""
    PAUSE = "pause"
    """Refused until somebody mends the portal, its plan or the webhook."""
    FINAL = "final"
    """This lead is refused for good."""


ERRORS: dict[str, Verdict] = {
    "QUERY_LIMIT_EXCEEDED": Verdict.RETRY,
    "OPERATION_TIME_LIMIT": Verdict.RETRY,
    "OVERLOAD_LIMIT": Verdict.PAUSE,
    "NO_AUTH_FOUND": Verdict.PAUSE,
    "INVALID_CREDENTIALS": Verdict.PAUSE,
    "INVALID_TOKEN": Verdict.PAUSE,
    "EXPIRED_TOKEN": Verdict.PAUSE,  # a webhook has no token to refresh: somebody has to look
    "INSUFFICIENT_SCOPE": Verdict.PAUSE,
    "ACCESS_DENIED": Verdict.PAUSE,
    "PORTAL_DELETED": Verdict.PAUSE,
    "INVALID_GRANT": Verdict.PAUSE,
    "PAYMENT_REQUIRED": Verdict.PAUSE,
    "WRONG_AUTH_TYPE": Verdict.PAUSE,
    "ERROR_METHOD_NOT_FOUND": Verdict.PAUSE,
    "NOT_FOUND": Verdict.FINAL,
    "INVALID_REQUEST": Verdict.FINAL,
    "INVALID_ARG_VALUE": Verdict.FINAL,
    "100": Verdict.FINAL,
}
"""`error` in capitals → verdict. Source: Bitrix24's REST documentation, "Error codes"."""

FINAL_PREFIXES = ("CRM_FIELD_ERROR", "ERROR_CORE", "BX_")
BY_STATUS: dict[int, Verdict] = {
    401: Verdict.PAUSE,
    402: Verdict.PAUSE,
    403: Verdict.PAUSE,
    429: Verdict.RETRY,
    400: Verdict.RETRY,  # `error` may be empty and then says nothing: try again, the outbox gives up in the end
    404: Verdict.PAUSE,
}
"""HTTP status → verdict, for errors that the table above does not know."""

LONGEST_WAIT_S = 3600.0
REDIRECTS = frozenset({301, 302, 303, 307, 308})
NEVER_SENT = (
    requests.exceptions.ConnectTimeout,
    requests.exceptions.SSLError,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.ProxyError,
)


logging.getLogger("urllib3").propagate = False
"""It writes the path of each POST, and the whole address where an answer's headers are broken: nothing of it may reach
a log, whatever level and handlers the process chooses later. What matters of a failure stands in its Exchange."""


class _Stop(Exception):
    """Carries the result that ends a delivery from the depth of a request."""

    def __init__(self, result: Result) -> None:
        super().__init__(type(result).__name__)
        self.result = result


class Bitrix24:
    """One portal. admit: called before each request, so that it keeps the portal's rate; raises to refuse.

    One instance serves one thread at a time: the session is shared by its requests.
    """

    def __init__(
        self,
        webhook_url: str,
        session: requests.Session,
        timeout_s: float,
        product_name: str,
        admit: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._base = webhook_url if webhook_url.endswith("/") else f"{webhook_url}/"
        self._session = session
        self._session.trust_env = False  # a proxy or .netrc of the environment would see or change our secret
        self._timeout_s = timeout_s
        self._product_name = product_name
        self._admit = admit
        self._clock = clock

    def add_lead(self, lead: LeadToPost) -> Result:
        """Make sure that the portal has this lead once; never raises for the portal's or the network's sake.

        An ambiguous lead is looked up first by originatorId and originId. Exceptions of `admit` pass through,
        unless a request was sent already: then the lead comes back with what is known.
        """
        exchanges: list[Exchange] = []
        try:
            found = self._find(lead, exchanges) if lead.is_ambiguous else None
            result: Result = Delivered(found, was_there=True) if found else self._add(lead, exchanges)
        except _Stop as stop:
            result = stop.result
        return replace(result, exchanges=tuple(exchanges))

    def _find(self, lead: LeadToPost, exchanges: list[Exchange]) -> str | None:
        """Return the id of the lead that an earlier post made, None when there is none."""
        origin = {"=originatorId": self._product_name, "=originId": lead.attempt_id}
        parameters = {"entityTypeId": ENTITY_TYPE_LEAD, "filter": origin, "select": ["id"]}
        try:
            items = self._call("crm.item.list", parameters, exchanges)["items"]
            return str(items[0]["id"]) if items else None
        except _Stop as stop:
            # A look-up adds nothing, so its own loss is not ambiguous; the lead stays marked as it was.
            if isinstance(stop.result, Ambiguous | Failed):
                raise _Stop(RetryLater(f"look-up: {stop.result.error}")) from stop
            raise
        except (KeyError, IndexError, TypeError) as error:
            raise _Stop(RetryLater("look-up: the answer holds no list of items")) from error

    def _add(self, lead: LeadToPost, exchanges: list[Exchange]) -> Delivered:
        fields = lead_fields(lead, self._product_name)
        answer = self._call("crm.item.add", {"entityTypeId": ENTITY_TYPE_LEAD, "fields": fields}, exchanges)
        try:
            return Delivered(str(answer["item"]["id"]))
        except (KeyError, TypeError) as error:
            raise _Stop(Ambiguous("the answer holds no id")) from error

    def _call(self, method: str, parameters: Mapping[str, Any], exchanges: list[Exchange]) -> Any:
        """Return `result` of one method; raises _Stop with what its failure means. Nothing is repeated but a move."""
        answer = self._post(method, parameters, exchanges)
        if answer.status_code in REDIRECTS:
            self._move(answer.headers.get("Location", ""))
            answer = self._post(method, parameters, exchanges)
        body = _json(answer)
        error = body.get("error") if isinstance(body, dict) else None
        exchanges.append(
            Exchange(method, parameters, answer.status_code, _kept(body, answer), None if error is None else str(error))
        )
        if answer.status_code in REDIRECTS:
            raise _Stop(PauseIntegration("the portal moved twice"))
        if error is not None or answer.status_code >= 300:
            raise _Stop(self._meaning(answer.status_code, body))
        if not isinstance(body, dict) or "result" not in body:
            raise _Stop(Ambiguous("the answer holds no result"))
        return body["result"]

    def _post(self, method: str, parameters: Mapping[str, Any], exchanges: list[Exchange]) -> requests.Response:
        try:
            self._admit()
        except Exception:
            if not exchanges:
                raise
            raise _Stop(RetryLater("the portal's rate has no room", is_our_pace=True)) from None
        try:
            # A redirect would turn the POST into a GET, and send the secret wherever it points.
            return self._session.post(
                f"{self._base}{method}.json", json=parameters, timeout=self._timeout_s, allow_redirects=False
            )
        except requests.RequestException as error:
            name = type(error).__name__  # its text holds the address, which is a secret
            exchanges.append(Exchange(method, parameters, error=name))
            was_sent = not isinstance(error, NEVER_SENT) and not _is_refused(error)
            raise _Stop(Ambiguous(name) if was_sent else RetryLater(name)) from None

    def _move(self, location: str) -> None:
        """Follow a renamed portal: its new host is believed only where `may_move` says so; the path stays ours."""
        there, here = urlsplit(location), urlsplit(self._base)
        if not may_move(here, there):
            raise _Stop(PauseIntegration("the portal points to a host that is not trusted: correct the webhook"))
        self._base = here._replace(scheme=there.scheme, netloc=there.netloc).geturl()

    def _meaning(self, status: int, body: Any) -> Result:
        """Translate an error through the table. What it does not know and came after a 5xx may have been done."""
        said = body if isinstance(body, dict) else {}
        code = str(said.get("error") or "").strip()
        text = ": ".join(part for part in (code or f"HTTP {status}", str(said.get("error_description") or "")) if part)
        verdict = ERRORS.get(code.upper())
        if verdict is None and code.upper().startswith(FINAL_PREFIXES):
            verdict = Verdict.FINAL
        if verdict is None and status >= 500:
            return Ambiguous(text)
        match verdict or BY_STATUS.get(status, Verdict.RETRY):
            case Verdict.PAUSE:
                return PauseIntegration(text)
            case Verdict.FINAL:
                return Failed(text)
            case _:
                return RetryLater(text, wait_s=self._asked_to_wait(said))

    def _asked_to_wait(self, said: Mapping[str, Any]) -> float | None:
        """Seconds until `time.operating_reset_at`, None when the portal does not say."""
        timing = said.get("time")
        reset_at = timing.get("operating_reset_at") if isinstance(timing, dict) else None
        if not isinstance(reset_at, int | float):
            return None
        return min(max(1.0, reset_at - self._clock()), LONGEST_WAIT_S)


def _json(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _kept(body: Any, answer: requests.Response) -> Any:
    return body if body is not None else {"text": answer.text[:KEPT_OF_GARBAGE]}


def _is_refused(error: requests.RequestException) -> bool:
    """Say whether the connection was never opened: no host of this name, nobody listening."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return type(reason).__name__ in ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")
