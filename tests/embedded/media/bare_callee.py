"""A callee made of a bare socket, for what no well-behaved user agent does."""

import asyncio
import socket

from aiosipua import SipMessage, SipRequest, SipResponse

SDP = (
    "v=0\r\no=c 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 101\r\n"
    "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
)


class BareCallee:
    """Receives requests one by one and answers what it is told to."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.media.bind(("127.0.0.1", 0))
        self.media.setblocking(False)
        self.caller = ("", 0)

    @property
    def port(self) -> int:
        """Return the port to call."""
        return int(self._socket.getsockname()[1])

    async def receive(self, *methods: str) -> SipRequest:
        """Return the next request of one of these methods; anything else in between is left unanswered."""
        async with asyncio.timeout(10):
            while True:
                data, self.caller = await asyncio.get_running_loop().sock_recvfrom(self._socket, 65535)
                message = SipMessage.parse(data)
                if isinstance(message, SipRequest) and message.method in methods:
                    return message

    async def receive_answer(self, status: int) -> SipResponse:
        """Return the next response with this status."""
        async with asyncio.timeout(10):
            while True:
                data, _ = await asyncio.get_running_loop().sock_recvfrom(self._socket, 65535)
                message = SipMessage.parse(data)
                if isinstance(message, SipResponse) and message.status_code == status:
                    return message

    async def hears_nothing(self, seconds: float) -> bool:
        """Tell whether no SIP message comes for so long."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.get_running_loop().sock_recvfrom(self._socket, 65535)
        except TimeoutError:
            return True
        return False

    def answer(
        self, request: SipRequest, status: int, phrase: str, *, with_sdp: bool = False, tag: str = "c", extra: str = ""
    ) -> None:
        """Answer a request. extra: one more header line."""
        lines = [f"SIP/2.0 {status} {phrase}"]
        for name in ("Via", "From", "Call-ID", "CSeq"):
            lines += [f"{name}: {value}" for value in request.headers.get(name)]
        to = request.get_header("to") or ""
        lines += [f"To: {to}" if "tag=" in to else f"To: {to};tag={tag}", f"Contact: <sip:c@127.0.0.1:{self.port}>"]
        lines += [extra] if extra else []
        body = SDP.format(port=self.media.getsockname()[1]) if with_sdp else ""
        if body:
            lines.append("Content-Type: application/sdp")
        self._send(lines, body)

    def challenge(self, request: SipRequest) -> None:
        """Answer with 401 and a digest challenge."""
        asked = 'WWW-Authenticate: Digest realm="r", nonce="n0nce", algorithm=MD5, qop="auth"'
        self.answer(request, 401, "Unauthorized", extra=asked)

    def send_new(self, request: SipRequest) -> None:
        """Send a request outside any dialog to the caller."""
        request.set_header("Via", f"SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{request.method}")
        self._socket.sendto(bytes(request), self.caller)

    def request(
        self, method: str, invite: SipRequest, sequence: int, body: str = "", kind: str = "", tag: str = "c"
    ) -> None:
        """Send a request inside the dialog an INVITE opened."""
        lines = [
            f"{method} sip:x@{self.caller[0]}:{self.caller[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{method}{sequence}",
            f"From: {invite.get_header('to')};tag={tag}",
            f"To: {invite.get_header('from')}",
            f"Call-ID: {invite.call_id}",
            f"CSeq: {sequence} {method}",
            f"Contact: <sip:c@127.0.0.1:{self.port}>",
            *([f"Content-Type: {kind}"] if kind else []),
        ]
        self._send(lines, body)

    def _send(self, lines: list[str], body: str) -> None:
        text = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body])
        self._socket.sendto(text.encode(), self.caller)

    def close(self) -> None:
        """Close both sockets."""
        self._socket.close()
        self.media.close()
