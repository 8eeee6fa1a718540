"""The few words of SIP that a callee needs to answer, and to hang up; text in, text out."""

import re
from dataclasses import dataclass

HEADER = re.compile(r"^(Via|v|From|f|To|t|Call-ID|i|CSeq|Contact|m):[ \t]*(.*)$", re.IGNORECASE | re.MULTILINE)
LONG_NAMES = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact"}
NUMBER = re.compile(r"sip:([^@;>]+)@")
MEDIA = re.compile(r"^m=audio (\d+) ", re.MULTILINE)
CONNECTION = re.compile(r"^c=IN IP4 (\S+)", re.MULTILINE)
SDP = (
    "v=0\r\no=callee 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 101\r\n"
    "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n"
)


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came. number: whom it is for; media: where its caller hears, None without SDP."""

    method: str
    number: str
    headers: dict[str, list[str]]
    media: tuple[str, int] | None

    @property
    def call_id(self) -> str:
        """Return its Call-ID."""
        return self.headers.get("call-id", [""])[0]

    def first(self, name: str) -> str:
        """Return the first header of this name, empty when there is none."""
        return self.headers.get(name, [""])[0]


def parse(data: bytes) -> Request | int:
    """Return the request, or the status of a response."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    head, _, body = text.partition("\n\n")
    first, _, rest = head.partition("\n")
    if first.startswith("SIP/2.0 "):
        return int(first.split()[1])
    headers: dict[str, list[str]] = {}
    for name, value in HEADER.findall(rest):
        name = name.lower()
        headers.setdefault(LONG_NAMES.get(name, name), []).append(value.strip())
    method, target = first.split()[:2]
    number, port, ip = NUMBER.search(target), MEDIA.search(body), CONNECTION.search(body)
    media = (ip.group(1), int(port.group(1))) if port and ip else None
    return Request(method, number.group(1) if number else "", headers, media)


def ok(request: Request, contact: str, sdp: str = "") -> bytes:
    """Return `200 OK`, with a tag on To, and with SDP when there is some."""
    to = request.first("to")
    lines = ["SIP/2.0 200 OK", *(f"Via: {via}" for via in request.headers.get("via", ()))]
    lines += [f"From: {request.first('from')}", f"To: {to if 'tag=' in to else f'{to};tag=callee'}"]
    lines += [f"Call-ID: {request.call_id}", f"CSeq: {request.first('cseq')}", f"Contact: {contact}"]
    if sdp:
        lines.append("Content-Type: application/sdp")
    return "\r\n".join([*lines, f"Content-Length: {len(sdp)}", "", sdp]).encode()


def bye(invite: Request, contact: str, via: str) -> bytes:
    """Return the callee's BYE in the dialog that its `200 OK` made. via: our `ip:port`."""
    target = invite.first("contact").partition("<")[2].partition(">")[0] or invite.first("contact")
    lines = [
        f"BYE {target} SIP/2.0",
        f"Via: SIP/2.0/UDP {via};rport;branch=z9hG4bK{abs(hash(invite.call_id)):x}",
        "Max-Forwards: 70",
        f"From: {invite.first('to')};tag=callee",
        f"To: {invite.first('from')}",
        f"Call-ID: {invite.call_id}",
        "CSeq: 1 BYE",
        f"Contact: {contact}",
    ]
    return "\r\n".join([*lines, "Content-Length: 0", "", ""]).encode()
