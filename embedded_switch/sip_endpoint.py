"""Routes SIP messages: answers to the transactions that wait for them, requests to the calls they belong to."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from aiosipua import SipRequest, SipResponse, generate_tag

from embedded_switch import sip_timers
from embedded_switch.sip_transaction import ClientTransaction, transaction_key
from embedded_switch.sip_transport import Address, SwitchSipTransport

logger = logging.getLogger(__name__)

ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO"
PHRASES = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    405: "Method Not Allowed",
    415: "Unsupported Media Type",
    481: "Call/Transaction Does Not Exist",
    488: "Not Acceptable Here",
    500: "Server Internal Error",
    501: "Not Implemented",
}


class Dialog(Protocol):
    """A call that takes requests of its own."""

    def receive(self, request: SipRequest, source: Address) -> None:
        """Answer a request inside the dialog; an ACK comes only when it carries SDP."""


class SipEndpoint:
    """One UDP socket with its transactions and dialogs. Refuses calls from outside with 403.

    give_up_s: how long a request, or an answer of ours, may be left unanswered, the profile's timer-T1X64.
    """

    def __init__(self, local_ip: str, port: int, user_agent: str, give_up_s: float | None = None) -> None:
        self.user_agent = user_agent
        self.give_up_s = sip_timers.GIVE_UP if give_up_s is None else give_up_s
        self._transport = SwitchSipTransport(local_addr=(local_ip, port))
        self._transport.on_message = self._receive
        self._transport.on_unreachable = self._unreachable
        self._waiting: dict[tuple[str, str], ClientTransaction] = {}
        self._answered: dict[tuple[str, str], bytes] = {}  # our answers, kept for copies of their requests
        self._unacknowledged: dict[tuple[str, str], asyncio.TimerHandle] = {}  # (Call-ID, CSeq number) of our 200s
        self._dialogs: dict[tuple[str, str], Dialog] = {}  # (Call-ID, our tag)

    @property
    def address(self) -> Address:
        """Return the address bound."""
        return self._transport.local_addr

    async def start(self) -> None:
        """Bind. Raises OSError."""
        await self._transport.start()

    async def stop(self) -> None:
        """Stop all timers and close the socket."""
        for transaction in self._waiting.values():
            transaction.close()
        for timer in self._unacknowledged.values():
            timer.cancel()
        self._waiting.clear()
        self._unacknowledged.clear()
        await self._transport.stop()

    async def settle(self, seconds: float) -> None:
        """Wait until every request sent has its final answer, or so long."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while loop.time() < until and any(waiting.status < 200 for waiting in self._waiting.values()):
            await asyncio.sleep(0.02)

    def request(
        self, request: SipRequest, destination: Address, on_answer: Callable[[SipResponse], None]
    ) -> ClientTransaction:
        """Send a request until it is answered; see ClientTransaction."""
        request.set_header("User-Agent", self.user_agent)
        transaction = ClientTransaction(self._transport, request, destination, on_answer, self._forget, self.give_up_s)
        self._waiting[transaction.key] = transaction
        transaction.start()
        return transaction

    def send(self, request: SipRequest, destination: Address) -> None:
        """Send a request nobody answers: an ACK."""
        request.set_header("User-Agent", self.user_agent)
        self._transport.send_bytes(bytes(request), destination)

    def open_dialog(self, call_id: str, tag: str, dialog: Dialog) -> None:
        """Hand requests that carry this Call-ID and our tag to a dialog."""
        self._dialogs[call_id, tag] = dialog

    def close_dialog(self, call_id: str, tag: str) -> None:
        """Answer such requests with 481 from now on."""
        self._dialogs.pop((call_id, tag), None)

    def respond(
        self,
        request: SipRequest,
        status: int,
        source: Address,
        *,
        contact: str = "",
        body: bytes = b"",
        on_unacknowledged: Callable[[], None] | None = None,
    ) -> None:
        """Answer a request, and its copies alike. A 200 to an INVITE is sent until its ACK comes."""
        response = SipResponse(status_code=status, reason_phrase=PHRASES.get(status, "Error"), body=body)
        for name in ("Via", "From", "To", "Call-ID", "CSeq"):
            for value in request.headers.get(name):
                response.add_header(name, value)
        to = response.get_header("to") or ""
        if "tag=" not in to:
            response.set_header("To", f"{to};tag={generate_tag()}")
        response.set_header("User-Agent", self.user_agent)
        response.set_header("Allow", ALLOW)
        if contact:
            response.set_header("Contact", contact)
        if body:
            response.set_header("Content-Type", "application/sdp")
        raw = bytes(response)
        loop = asyncio.get_running_loop()
        key = transaction_key(request)
        self._answered[key] = raw
        loop.call_later(sip_timers.LINGER, self._answered.pop, key, None)
        destination = _reply_address(request, source)
        self._transport.send_bytes(raw, destination)
        if request.method == "INVITE" and status < 300:
            self._await_ack(request, raw, destination, on_unacknowledged, sip_timers.T1, loop.time())

    def _await_ack(
        self,
        request: SipRequest,
        raw: bytes,
        destination: Address,
        on_unacknowledged: Callable[[], None] | None,
        interval: float,
        since: float,
    ) -> None:
        loop = asyncio.get_running_loop()
        key = _ack_key(request)

        def again() -> None:
            if loop.time() - since >= self.give_up_s:
                self._unacknowledged.pop(key, None)
                if on_unacknowledged:
                    on_unacknowledged()
                return
            self._transport.send_bytes(raw, destination)
            longer = min(2 * interval, sip_timers.T2)
            self._await_ack(request, raw, destination, on_unacknowledged, longer, since)

        self._unacknowledged[key] = loop.call_later(interval, again)

    def _receive(self, message: SipRequest | SipResponse, source: Address) -> None:
        if isinstance(message, SipResponse):
            transaction = self._waiting.get(transaction_key(message))
            if transaction:
                transaction.answer(message)
            return
        if message.method == "ACK":
            timer = self._unacknowledged.pop(_ack_key(message), None)
            if timer:
                timer.cancel()
            to = message.to_addr
            acknowledged = self._dialogs.get((message.call_id or "", (to.tag if to else "") or ""))
            if timer and acknowledged and message.body:
                acknowledged.receive(message, source)
            return
        sent = self._answered.get(transaction_key(message))
        if sent is not None:
            self._transport.send_bytes(sent, _reply_address(message, source))
            return
        to = message.to_addr
        tag = to.tag if to else None
        if not tag:
            self._answer_outside(message, source)
            return
        dialog = self._dialogs.get((message.call_id or "", tag))
        if dialog:
            dialog.receive(message, source)
        else:
            self.respond(message, 481, source)

    def _answer_outside(self, request: SipRequest, source: Address) -> None:
        match request.method:
            case "OPTIONS":
                self.respond(request, 200, source, contact="<sip:{}:{}>".format(*self.address))
            case "INVITE":
                logger.info("Call from outside refused", extra={"source": source[0]})
                self.respond(request, 403, source)
            case "CANCEL" | "BYE" | "INFO":
                self.respond(request, 481, source)
            case _:
                self.respond(request, 405, source)

    def _unreachable(self, address: Address) -> None:
        for transaction in [waiting for waiting in self._waiting.values() if waiting.destination == address]:
            transaction.unreachable()

    def _forget(self, transaction: ClientTransaction) -> None:
        self._waiting.pop(transaction.key, None)


def _ack_key(request: SipRequest) -> tuple[str, str]:
    return request.call_id or "", (request.get_header("cseq") or "0").split()[0]


def _reply_address(request: SipRequest, source: Address) -> Address:
    """Answer where the request came from when it asked for that or lied about it (RFC 3581), else where Via says."""
    via = request.via[0] if request.via else None
    if via is None or via.rport or via.received:
        return source
    return via.host, via.port or 5060
