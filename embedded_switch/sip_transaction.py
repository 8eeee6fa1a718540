"""Client transactions over UDP: send again until answered, acknowledge refusals, give up in time."""

import asyncio
from collections.abc import Callable

from aiosipua import SipRequest, SipResponse

from embedded_switch import sip_timers
from embedded_switch.sip_transport import Address, SwitchSipTransport

UNANSWERED = 408  # what the stack tells the call when nobody ever answers
UNREACHABLE = 503  # … and when the network says that nobody is there


class ClientTransaction:
    """One request and its answers. on_answer hears every provisional one, each final one once, a 2xx every time."""

    def __init__(
        self,
        transport: SwitchSipTransport,
        request: SipRequest,
        destination: Address,
        on_answer: Callable[[SipResponse], None],
        on_done: Callable[["ClientTransaction"], None],
        give_up_s: float,
    ) -> None:
        self.request = request
        self.destination = destination
        self.key = transaction_key(request)
        self.status = 0
        self._transport = transport
        self._on_answer = on_answer
        self._on_done = on_done
        self._loop = asyncio.get_running_loop()
        self._is_invite = request.method == "INVITE"
        self._raw = bytes(request)
        self._interval = sip_timers.T1
        self._give_up_s = give_up_s
        self._ack: bytes | None = None
        self._again: asyncio.TimerHandle | None = None
        self._end: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Send the request for the first time."""
        self._transport.send_bytes(self._raw, self.destination)
        self._again = self._loop.call_later(self._interval, self._send_again)
        self._end = self._loop.call_later(self._give_up_s, self._fail, UNANSWERED, "Request Timeout")

    def answer(self, response: SipResponse) -> None:
        """Take an answer that carries this transaction's branch."""
        status = response.status_code
        first_final = self.status < 200 <= status
        if status < 200:
            if self.status >= 200:
                return
            self.status = status
            self._hear_provisional()
            self._on_answer(response)
            return
        if self._is_invite and status >= 300:
            self._acknowledge(response)
        if first_final:
            self.status = status
            self._settle()
            self._on_answer(response)
        elif self._is_invite and status < 300:
            self._on_answer(response)

    def unreachable(self) -> None:
        """Hear from the network that nobody is at the destination."""
        if self.status < 200:
            self._fail(UNREACHABLE, "Service Unavailable")

    def give_up_in(self, seconds: float) -> None:
        """Wait no longer than that for a final answer, as after a CANCEL."""
        if self.status < 200:
            self._end = _replace(self._end, self._loop.call_later(seconds, self._fail, UNANSWERED, "Request Timeout"))

    def close(self) -> None:
        """Stop all timers."""
        for timer in (self._again, self._end):
            if timer:
                timer.cancel()

    def _hear_provisional(self) -> None:
        if self._is_invite:  # ringing may last as long as the caller wants
            self.close()
        else:
            self._interval = sip_timers.T2

    def _send_again(self) -> None:
        self._transport.send_bytes(self._raw, self.destination)
        self._interval *= 2
        if not self._is_invite:
            self._interval = min(self._interval, sip_timers.T2)
        self._again = self._loop.call_later(self._interval, self._send_again)

    def _settle(self) -> None:
        self.close()
        self._end = self._loop.call_later(sip_timers.LINGER, self._on_done, self)

    def _fail(self, status: int, phrase: str) -> None:
        self.status = status
        self.close()
        self._on_done(self)
        self._on_answer(SipResponse(status_code=status, reason_phrase=phrase))

    def _acknowledge(self, response: SipResponse) -> None:
        """Answer a refusal with an ACK on the INVITE's own branch (RFC 3261 §17.1.1.3), copies of it with the same."""
        if self._ack is None:
            ack = SipRequest(method="ACK", uri=self.request.uri)
            ack.add_header("Via", self.request.headers.get("via")[0])
            for route in self.request.headers.get("route"):
                ack.add_header("Route", route)
            ack.set_header("From", self.request.get_header("from") or "")
            ack.set_header("To", response.get_header("to") or "")
            ack.set_header("Call-ID", self.request.call_id or "")
            ack.set_header("CSeq", f"{(self.request.get_header('cseq') or '1').split()[0]} ACK")
            ack.set_header("Max-Forwards", "70")
            self._ack = bytes(ack)
        self._transport.send_bytes(self._ack, self.destination)


def transaction_key(message: SipRequest | SipResponse) -> tuple[str, str]:
    """Return (branch, method): what ties an answer to its request."""
    vias = message.via
    branch = (vias[0].branch or "") if vias else ""
    method = (message.get_header("cseq") or " ").split()[-1:]
    return branch, method[0] if method else ""


def _replace(old: asyncio.TimerHandle | None, new: asyncio.TimerHandle) -> asyncio.TimerHandle:
    if old:
        old.cancel()
    return new
