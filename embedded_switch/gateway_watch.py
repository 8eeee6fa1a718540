"""Keeps a gateway's state: pings it by OPTIONS and registers with it, at FreeSWITCH's rules."""

import asyncio
import time
from collections.abc import Callable

from aiosipua import SipRequest, SipResponse, generate_branch, generate_call_id, generate_tag

from embedded_switch.gateway import Gateway, GatewayStatus
from embedded_switch.sip_endpoint import SipEndpoint
from embedded_switch.sip_invite import MAX_FORWARDS, credentials_for

UNREACHABLE_STATUSES = (408, 503)  # any other final answer to a ping proves that somebody is there
REFRESH_SHARE = 0.5  # of the granted time until a registration is renewed


class GatewayWatch:
    """Runs from start to stop: an answered ping counts up to ping_max, a missed one down; below ping_min is DOWN."""

    def __init__(self, endpoint: SipEndpoint, gateway: Gateway, on_change: Callable[[Gateway], None]) -> None:
        self._endpoint = endpoint
        self._gateway = gateway
        self._on_change = on_change
        self._address = ("", 0)
        self._begun: asyncio.Task[None] | None = None
        self._ping_timer: asyncio.TimerHandle | None = None
        self._register_timer: asyncio.TimerHandle | None = None
        self._call_id = generate_call_id("embedded")
        self._tag = generate_tag()
        self._sequence = 0
        self._running = False

    def start(self) -> None:
        """Ping and register now, when the gateway asks for it, and from now on."""
        self._running = True
        if self._gateway.register:
            self._set_status(GatewayStatus.DOWN)
        if self._gateway.ping_s or self._gateway.register:
            self._begun = asyncio.create_task(self._begin())

    def stop(self) -> None:
        """Do no more."""
        self._running = False
        for pending in (self._begun, self._ping_timer, self._register_timer):
            if pending:
                pending.cancel()

    async def _begin(self) -> None:
        while self._running:
            try:
                self._address = await self._gateway.resolve()
            except OSError:
                self._set_status(GatewayStatus.DOWN)
                await asyncio.sleep(self._gateway.retry_s)
                continue
            if self._gateway.ping_s:
                self._ping()
            if self._gateway.register:
                self._register(None)
            return

    def _ping(self) -> None:
        sent = time.monotonic()

        def answered(response: SipResponse) -> None:
            if response.status_code >= 200 and self._running:
                self._count(response.status_code not in UNREACHABLE_STATUSES, 1000 * (time.monotonic() - sent))
                wait = float(self._gateway.ping_s or 1)
                self._ping_timer = asyncio.get_running_loop().call_later(wait, self._ping)

        target = f"sip:{self._gateway.proxy}"
        request = self._request("OPTIONS", target, generate_call_id("ping"), 1, target)
        self._endpoint.request(request, self._address, answered)

    def _count(self, is_alive: bool, took_ms: float) -> None:  # noqa: FBT001 # one fact of a ping among two
        gateway = self._gateway
        gateway.last_ping_ms = took_ms if is_alive else None
        if is_alive:
            gateway.ping_count = min(max(gateway.ping_count, 0) + 1, gateway.ping_max)
            if gateway.ping_count >= gateway.ping_min:
                self._set_status(GatewayStatus.UP)
        else:
            gateway.ping_count = max(gateway.ping_count - 1, 0)
            if gateway.ping_count < gateway.ping_min:
                self._set_status(GatewayStatus.DOWN)

    def _register(self, credentials: tuple[str, str] | None) -> None:
        gateway = self._gateway
        self._sequence += 1
        gateway.registration = "TRYING"
        account = f"sip:{gateway.username}@{gateway.realm or gateway.proxy}"
        request = self._request("REGISTER", f"sip:{gateway.proxy}", self._call_id, self._sequence, account)
        ip, port = self._endpoint.address
        request.set_header("Contact", f"<sip:gw+{gateway.name}@{ip}:{port}>")
        request.set_header("Expires", str(gateway.expire_s))
        if credentials:
            request.set_header(*credentials)
        self._endpoint.request(request, self._address, lambda response: self._registered(request, response))

    def _registered(self, request: SipRequest, response: SipResponse) -> None:
        if response.status_code < 200 or not self._running:
            return
        gateway = self._gateway
        credentials = credentials_for(gateway, request, response)
        if credentials:
            self._register(credentials)
            return
        if response.status_code < 300:
            gateway.registration = "REGED"
            wait = REFRESH_SHARE * _granted_s(response, gateway.expire_s)
            self._set_status(GatewayStatus.UP)
        else:
            gateway.registration = "FAIL_WAIT"
            wait = float(gateway.retry_s)
            self._set_status(GatewayStatus.DOWN)
        self._register_timer = asyncio.get_running_loop().call_later(wait, self._register, None)

    def _request(self, method: str, uri: str, call_id: str, sequence: int, account: str) -> SipRequest:
        ip, port = self._endpoint.address
        request = SipRequest(method=method, uri=uri)
        request.set_header("Via", f"SIP/2.0/UDP {ip}:{port};rport;branch={generate_branch()}")
        request.set_header("Max-Forwards", MAX_FORWARDS)
        request.set_header("From", f"<{account}>;tag={self._tag}")
        request.set_header("To", f"<{account}>")
        request.set_header("Call-ID", call_id)
        request.set_header("CSeq", f"{sequence} {method}")
        return request

    def _set_status(self, status: GatewayStatus) -> None:
        if self._gateway.status is not status:
            self._gateway.status = status
            self._on_change(self._gateway)


def _granted_s(response: SipResponse, asked_s: int) -> float:
    """Return how long the registrar keeps us, from the Contact's or the header's expires."""
    for contact in response.contact:
        value = contact.params.get("expires")
        if value and value.isdigit():
            return float(value)
    value = response.get_header("expires")
    return float(value) if value and value.isdigit() else float(asked_s)
