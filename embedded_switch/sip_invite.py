"""Spells the messages of an outbound call: who calls whom through which gateway."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiosipua import SipDigestAuth, SipRequest, SipResponse, generate_branch, generate_call_id, generate_tag
from aiosipua.auth import answer_challenge
from aiosipua.dialog import Dialog

from embedded_switch.gateway import Gateway
from embedded_switch.sip_transport import Address

ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO"
MAX_FORWARDS = "70"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who the callee sees."""

    number: str
    name: str = ""


class InviteIdentity:
    """What stays the same in every message of one call: URIs, tags, Call-ID."""

    def __init__(self, gateway: Gateway, number: str, caller: Caller, local: Address) -> None:
        self.gateway = gateway
        self.local = local
        self.call_id = generate_call_id(local[0])
        self.tag = generate_tag()
        self.uri = f"sip:{number}@{gateway.proxy}"
        self.from_uri = gateway.from_uri(caller.number)
        self.from_header = f"{_quoted(caller.name or caller.number)}<{self.from_uri}>;tag={self.tag}"
        self.contact = f"<sip:gw+{gateway.name}@{local[0]}:{local[1]}>"
        domain = gateway.from_domain or gateway.realm or gateway.proxy
        self.party = f"{_quoted(caller.name)}<sip:{caller.number}@{domain}>;party=calling;screen=yes;privacy=off"

    def invite(
        self, sequence: int, body: bytes, extra: Sequence[tuple[str, str]], credentials: tuple[str, str] | None
    ) -> SipRequest:
        """Write the INVITE. credentials: header name and value answering a challenge."""
        request = SipRequest(method="INVITE", uri=self.uri, body=body)
        request.set_header("Via", f"SIP/2.0/UDP {self.local[0]}:{self.local[1]};rport;branch={generate_branch()}")
        request.set_header("Max-Forwards", MAX_FORWARDS)
        request.set_header("From", self.from_header)
        request.set_header("To", f"<{self.uri}>")
        request.set_header("Call-ID", self.call_id)
        request.set_header("CSeq", f"{sequence} INVITE")
        request.set_header("Contact", self.contact)
        request.set_header("Allow", ALLOW)
        request.set_header("Content-Type", "application/sdp")
        request.set_header("Remote-Party-ID", self.party)
        for name, value in (*extra, *([credentials] if credentials else [])):
            request.set_header(name, value)
        return request

    def cancel(self, invite: SipRequest, reason: str) -> SipRequest:
        """Write the CANCEL of an INVITE."""
        request = SipRequest(method="CANCEL", uri=invite.uri)
        for name in ("Via", "Max-Forwards", "From", "To", "Call-ID"):
            request.set_header(name, invite.get_header(name) or "")
        request.set_header("CSeq", f"{(invite.get_header('cseq') or '1').split()[0]} CANCEL")
        request.set_header("Reason", reason)
        return request

    def dialog(self, response: SipResponse, sequence: int) -> Dialog:
        """Make the dialog a 2xx opens."""
        to, contacts = response.to_addr, response.headers.get("contact")
        return Dialog(
            call_id=self.call_id,
            local_tag=self.tag,
            remote_tag=(to.tag if to else "") or "",
            local_uri=self.from_uri,
            remote_uri=self.uri,
            remote_target=_uri_of(contacts[0]) if contacts else self.uri,
            route_set=list(reversed(response.headers.get("record-route"))),
            local_cseq=sequence,
        )

    def in_dialog(self, dialog: Dialog, method: str) -> SipRequest:
        """Write a request inside the dialog."""
        request = dialog.create_request(method, via_host=self.local[0], via_port=self.local[1])
        request.set_header("From", self.from_header)
        return request

    def ack(self, dialog: Dialog, invite: SipRequest) -> SipRequest:
        """Write the ACK of a 2xx: a request of its own with the INVITE's number and credentials."""
        number = (invite.get_header("cseq") or "1").split()[0]
        kept = dialog.local_cseq
        request = self.in_dialog(dialog, "ACK")
        dialog.local_cseq = kept
        request.set_header("CSeq", f"{number} ACK")
        for name in ("Authorization", "Proxy-Authorization"):
            if value := invite.get_header(name):
                request.set_header(name, value)
        return request


def credentials_for(gateway: Gateway, request: SipRequest, response: SipResponse) -> tuple[str, str] | None:
    """Answer a 401 or 407; None when it was answered before, cannot be, or the gateway has no password."""
    if response.status_code not in (401, 407) or not gateway.password:
        return None
    if request.get_header("Authorization") or request.get_header("Proxy-Authorization"):
        return None
    auth = SipDigestAuth(gateway.username, gateway.password)
    return answer_challenge(auth, response, response.status_code, request.method, request.uri)


def next_hop(dialog: Dialog, fallback: Address) -> Address:
    """Return where a request inside the dialog goes: its first route, else the Contact when it is an IP address."""
    uri = _uri_of(dialog.route_set[0]) if dialog.route_set else dialog.remote_target
    host, _, port = uri.partition(":")[2].rpartition("@")[2].partition(";")[0].partition(":")
    if host.replace(".", "").isdigit():
        return host, int(port) if port.isdigit() else 5060
    return fallback


def _uri_of(header: str) -> str:
    return header.partition("<")[2].partition(">")[0] or header.partition(";")[0].strip()


def _quoted(name: str) -> str:
    clean = "".join(sign for sign in name if sign.isprintable()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{clean}" ' if clean else ""
