"""Speaks HTTP for the portal: routes, faults, the journal, and a control endpoint for tests and the demo."""

import json
import logging
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from tests.standins.bitrix24.errors import Refused
from tests.standins.bitrix24.faults import ANSWERS, DONE_ANYWAY, Fault, Faults
from tests.standins.bitrix24.journal import Journal
from tests.standins.bitrix24.portal import Portal, from_query

ROUTE = re.compile(r"/rest/(?P<user>[^/]+)/(?P<secret>[^/]+)/(?P<method>[A-Za-z0-9_.]+?)(\.json)?/?")
CONTROL = "/_control"
HOLD_S = 30.0
log = logging.getLogger(__name__)


class Bitrix24(ThreadingHTTPServer):
    """A portal on a port of its own; a context manager that serves from a thread.

    webhook_url: base of the inbound webhook. journal: what was asked. faults: what goes wrong.
    moved_to: host that the portal was renamed to; requests that name another host get 302.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        journal: Path | None = None,
        portal: Portal | None = None,
        faults: Faults | None = None,
        hold_s: float = HOLD_S,
    ) -> None:
        super().__init__((host, port), Handler)
        self.host = host
        self.portal = portal or Portal()
        self.journal = Journal(journal)
        self.portal.on_command = lambda method, parameters, result, error: self.journal.write(
            method, parameters, result=_made(result), error=error
        )
        self.faults = faults or Faults()
        self.moved_to: str | None = None
        self.closing = threading.Event()
        self.hold_s = hold_s
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        """Return the portal's address."""
        return f"http://{self.host}:{self.server_port}"

    @property
    def webhook_url(self) -> str:
        """Return the inbound webhook's base, a secret on a real portal."""
        return f"{self.url}/rest/{self.portal.user}/{self.portal.secret}/"

    def rename(self, host: str = "localhost") -> None:
        """Move the portal to another host name of the same machine."""
        self.moved_to = host

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()
        self.journal.close()


class Handler(BaseHTTPRequestHandler):
    """One connection, kept alive over many requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Bitrix24

    def do_GET(self) -> None:
        """Answer a request whose parameters are in the query, or a question to the control endpoint."""
        if self.path == f"{CONTROL}/state":
            return self._answer(
                200, {"leads": len(self.server.portal.leads.items), "requests": len(self.server.journal.lines)}
            )
        _, _, query = self.path.partition("?")
        return self._rest(from_query(query))

    def do_POST(self) -> None:
        """Answer a request whose parameters are in the body, or an order to the control endpoint."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        try:
            is_json = "json" in self.headers.get("Content-Type", "")
            parameters = (json.loads(body or "{}") if is_json else from_query(body)) or {}
        except json.JSONDecodeError:
            parameters = {}
        if self.path.startswith(CONTROL):
            return self._control(parameters)
        return self._rest(parameters if isinstance(parameters, dict) else {})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing of requests: their paths hold the webhook's secret. The journal has them."""

    def _rest(self, parameters: dict[str, Any]) -> None:
        server, portal = self.server, self.server.portal
        host = (self.headers.get("Host") or "").rpartition(":")[0]
        if server.moved_to and host != server.moved_to:
            server.journal.write("moved", parameters, status=302)
            return self._answer(302, None, {"Location": f"http://{server.moved_to}:{server.server_port}{self.path}"})
        route = ROUTE.fullmatch(self.path.partition("?")[0])
        if route is None:
            return self._answer(404, {"error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"})
        method, started = route["method"], portal.clock()
        fault: Fault | None = None
        try:
            portal.admit(route["user"], route["secret"], method, self.client_address[0])
            fault = server.faults.draw(method)
            if fault and fault not in DONE_ANYWAY:
                return self._fail(fault, method, parameters, None, started)
            done = portal.call(method, parameters)
        except Refused as refused:
            server.journal.write(method, parameters, error=refused.error, status=refused.status)
            said = {"error": refused.error, "error_description": refused.description}
            if refused.status == 429:
                said["time"] = portal.time_block(method, started)  # type: ignore[assignment]
            return self._answer(refused.status, said)
        made = _made(done["result"])
        if fault:
            return self._fail(fault, method, parameters, made, started, done)
        server.journal.write(method, parameters, result=made)
        return self._answer(200, done | {"time": portal.time_block(method, started)})

    def _fail(
        self,
        fault: Fault,
        method: str,
        parameters: dict[str, Any],
        made: int | None,
        started: float,
        done: dict[str, Any] | None = None,
    ) -> None:
        journal, portal = self.server.journal, self.server.portal
        if fault in (Fault.REPLY_LOST, Fault.REQUEST_LOST):
            journal.write(method, parameters, result=made, status=None, fault=fault)
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return None
        if fault is Fault.REPLY_LATE:
            journal.write(method, parameters, result=made, fault=fault)
            self.server.closing.wait(self.server.hold_s)
            return self._answer(200, (done or {}) | {"time": portal.time_block(method, started)})
        if fault in (Fault.GARBAGE, Fault.NO_RESULT):
            journal.write(method, parameters, fault=fault)
            return self._answer(200, {"time": {}} if fault is Fault.NO_RESULT else "<html>Bitrix24</html>")
        status, error, description = ANSWERS[fault]
        journal.write(method, parameters, result=made, error=error, status=status, fault=fault)
        said: dict[str, Any] = {"error": error, "error_description": description}
        if status == 429:
            said["time"] = portal.time_block(method, started)
        return self._answer(status, said)

    def _control(self, order: dict[str, Any]) -> None:
        """Do POST /_control/faults {fault, times, method}, /_control/clear, /_control/rename {host}."""
        match self.path.removeprefix(CONTROL):
            case "/faults":
                self.server.faults.order(Fault(order["fault"]), int(order.get("times", 1)), order.get("method"))
            case "/clear":
                self.server.faults.clear()
                self.server.moved_to = None
            case "/rename":
                self.server.rename(order.get("host", "localhost"))
            case _:
                return self._answer(404, {"error": "no such order"})
        return self._answer(200, {"result": True})

    def _answer(self, status: int, said: Any, headers: dict[str, str] | None = None) -> None:
        is_page = isinstance(said, str)
        body = said.encode() if is_page else b"" if said is None else json.dumps(said, ensure_ascii=False).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if is_page else "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            # The client stopped waiting, as clients of a slow portal do; the journal has what was done.
            self.close_connection = True


def _made(result: Any) -> int | None:
    if isinstance(result, dict) and isinstance(result.get("item"), dict):
        return int(result["item"]["id"])
    return result if isinstance(result, int) else None
