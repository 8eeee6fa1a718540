"""One outbound SIP call from INVITE to BYE, told to its listener in a telephone's words."""

from collections.abc import Sequence
from typing import Protocol

from aiosipua import SipRequest, SipResponse
from aiosipua.dialog import Dialog, dialog_matches, remote_cseq_valid

from embedded_switch.sip_endpoint import SipEndpoint
from embedded_switch.sip_invite import InviteIdentity, credentials_for, next_hop
from embedded_switch.sip_requests import cause_in, digit_in
from embedded_switch.sip_transaction import ClientTransaction
from embedded_switch.sip_transport import Address


class CallListener(Protocol):
    """Hears what becomes of a call. Nothing follows on_refused, on_bye or on_failed."""

    def on_provisional(self, status: int, body: str) -> None:
        """180, 183 and the like; body: SDP or nothing."""

    def on_accepted(self, body: str) -> None:
        """200, acknowledged already."""

    def on_refused(self, status: int, phrase: str, cause: str) -> None:
        """Final answer of 300 or more, or 408/503 of our own. cause: from its Reason header, or nothing."""

    def on_bye(self, cause: str) -> None:
        """The callee hung up. cause: from its Reason header, or nothing."""

    def on_failed(self) -> None:
        """The callee never acknowledged our answer to its re-INVITE."""

    def on_info_digit(self, digit: str, duration_ms: int) -> None:
        """A digit by SIP INFO."""

    def on_offer(self, body: str) -> bytes | None:
        """A re-INVITE: return the SDP to answer with (an offer of ours when body is empty), or None for 488."""
        ...

    def on_late_answer(self, body: str) -> None:
        """The SDP in the ACK of a re-INVITE that came without an offer."""


class SipCall:
    """Places one call. cancel() and bye() leave the rest to run its course in the background."""

    def __init__(
        self,
        endpoint: SipEndpoint,
        identity: InviteIdentity,
        destination: Address,
        listener: CallListener,
        extra_headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.identity = identity
        self.is_over = False  # nothing is told to the listener any more
        self._endpoint = endpoint
        self._destination = destination
        self._listener = listener
        self._extra = tuple(extra_headers)
        self._offer = b""
        self._sequence = 0
        self._invite: ClientTransaction | None = None
        self._dialog: Dialog | None = None
        self._ack: SipRequest | None = None
        self._hangup_reason = ""

    def invite(self, offer: bytes) -> None:
        """Send the INVITE with this SDP."""
        self._offer = offer
        self._endpoint.open_dialog(self.identity.call_id, self.identity.tag, self)
        self._send_invite(None)

    def hangup(self, reason: str) -> None:
        """CANCEL before the answer, BYE after it; no listener hears of what follows. reason: the Reason header."""
        if self.is_over:
            return
        self.is_over = True
        self._hangup_reason = reason
        if self._dialog:
            self._bye(self._dialog)
        elif self._invite and self._invite.status >= 100:
            self._cancel()
        # An INVITE nobody has answered yet may not be cancelled (RFC 3261 §9.1): the first 100 or 180 will be.

    def receive(self, request: SipRequest, source: Address) -> None:
        """Answer a request of the callee inside this call."""
        if request.method == "ACK":
            if request.body and not self.is_over:
                self._listener.on_late_answer(request.text)
            return
        if self._dialog and not dialog_matches(self._dialog, request):
            self._endpoint.respond(request, 481, source)
            return
        if self._dialog and not remote_cseq_valid(self._dialog, request):
            self._endpoint.respond(request, 500, source)
            return
        match request.method:
            case "BYE":
                self._endpoint.respond(request, 200, source)
                self._end()
                if not self.is_over:
                    self.is_over = True
                    self._listener.on_bye(cause_in(request))
            case "INFO":
                self._endpoint.respond(request, 200, source)
                press = digit_in(request)
                if press and not self.is_over:
                    self._listener.on_info_digit(*press)
            case "INVITE":
                self._answer_offer(request, source)
            case "OPTIONS":
                self._endpoint.respond(request, 200, source, contact=self.identity.contact)
            case _:
                self._endpoint.respond(request, 405, source)

    def _send_invite(self, credentials: tuple[str, str] | None) -> None:
        self._sequence += 1
        request = self.identity.invite(self._sequence, self._offer, self._extra, credentials)
        self._invite = self._endpoint.request(request, self._destination, self._hear)

    def _hear(self, response: SipResponse) -> None:
        status = response.status_code
        if status < 200:
            if self.is_over:
                self._cancel()
            elif status > 100:
                self._listener.on_provisional(status, _sdp(response))
        elif status < 300:
            self._accept(response)
        else:
            self._refuse(response)

    def _accept(self, response: SipResponse) -> None:
        assert self._invite is not None
        dialog = self.identity.dialog(response, self._sequence)
        if self._dialog and dialog.remote_tag == self._dialog.remote_tag and self._ack:
            self._endpoint.send(self._ack, next_hop(self._dialog, self._destination))  # our ACK was lost
            return
        ack = self.identity.ack(dialog, self._invite.request)
        self._endpoint.send(ack, next_hop(dialog, self._destination))
        if self._dialog or self.is_over:  # a second branch answered, or the answer crossed our CANCEL
            self._dialog, self._ack = self._dialog or dialog, self._ack or ack
            self._bye(dialog)
            return
        self._dialog, self._ack = dialog, ack
        self._listener.on_accepted(_sdp(response))

    def _refuse(self, response: SipResponse) -> None:
        assert self._invite is not None
        credentials = credentials_for(self.identity.gateway, self._invite.request, response)
        if credentials and not self.is_over:
            self._send_invite(credentials)
            return
        self._end()
        if not self.is_over:
            self.is_over = True
            self._listener.on_refused(response.status_code, response.reason_phrase, cause_in(response))

    def _cancel(self) -> None:
        assert self._invite is not None
        if self._hangup_reason:
            request = self.identity.cancel(self._invite.request, self._hangup_reason)
            self._hangup_reason = ""  # once
            self._endpoint.request(request, self._destination, lambda _: None)
            self._invite.give_up_in(self._endpoint.give_up_s)

    def _bye(self, dialog: Dialog) -> None:
        request = self.identity.in_dialog(dialog, "BYE")
        request.set_header("Reason", self._hangup_reason or 'Q.850;cause=16;text="NORMAL_CLEARING"')
        destination = next_hop(dialog, self._destination)

        def heard(response: SipResponse) -> None:
            credentials = credentials_for(self.identity.gateway, request, response)
            if credentials:
                again = self.identity.in_dialog(dialog, "BYE")
                again.set_header(*credentials)
                self._endpoint.request(again, destination, lambda _: self._end())
            elif response.status_code >= 200:
                self._end()

        self._endpoint.request(request, destination, heard)

    def _answer_offer(self, request: SipRequest, source: Address) -> None:
        body = None if self.is_over else self._listener.on_offer(_sdp(request))
        if body is None:
            self._endpoint.respond(request, 488, source)
            return
        contacts = request.headers.get("contact")
        if contacts and self._dialog:
            self._dialog.remote_target = contacts[0].partition("<")[2].partition(">")[0] or contacts[0]
        self._endpoint.respond(
            request, 200, source, contact=self.identity.contact, body=body, on_unacknowledged=self._fail
        )

    def _fail(self) -> None:
        if not self.is_over:
            self._listener.on_failed()

    def _end(self) -> None:
        self._endpoint.close_dialog(self.identity.call_id, self.identity.tag)


def _sdp(message: SipRequest | SipResponse) -> str:
    kind = (message.content_type or "").partition(";")[0].strip().lower()
    return message.text if message.body and kind == "application/sdp" else ""
