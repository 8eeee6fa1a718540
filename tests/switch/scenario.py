"""Builds SIPp callee scenarios from steps, so that each test says only what its callee does differently."""

from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

COPIED = """[last_Via:]
[last_From:]
[last_To:];tag=[pid]SIPpTag01[call_number]
[last_Call-ID:]"""

SDP = """v=0
o=callee 1 {version} IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP {formats}
{attributes}"""


@dataclass(frozen=True, slots=True)
class Codecs:
    """What the callee's SDP offers back: payload types and their rtpmap lines."""

    formats: str
    attributes: str


PCMA = Codecs("8 101", "a=rtpmap:8 PCMA/8000\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\na=sendrecv")
PCMU = Codecs("0 101", "a=rtpmap:0 PCMU/8000\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\na=sendrecv")
PCMA_WITHOUT_EVENTS = Codecs("8", "a=rtpmap:8 PCMA/8000\na=sendrecv")
ONLY_G729 = Codecs("18", "a=rtpmap:18 G729/8000\na=sendrecv")


def _send(lines: str, extra: str = "") -> str:
    return f"<send{extra}><![CDATA[\n\n{lines}\n\n]]></send>"


def _with_sdp(status: str, codecs: Codecs, extra: str = "") -> str:
    body = SDP.format(version=1, formats=codecs.formats, attributes=codecs.attributes)
    return _send(
        f"SIP/2.0 {status}\n{COPIED}\n[last_CSeq:]\n"
        "Contact: <sip:callee@[local_ip]:[local_port];transport=[transport]>\n"
        f"Content-Type: application/sdp\nContent-Length: [len]\n\n{body}",
        extra,
    )


def _in_dialog(method: str, headers: str = "", body: str = "", *, retrans: bool = True) -> str:
    """Send a request of the callee's own inside the dialog that the INVITE opened."""
    content = f"{headers}Content-Length: [len]\n\n{body}" if body else "Content-Length: 0"
    return _send(
        f"{method} sip:[$contact] SIP/2.0\n"
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
        "From: <[$callee]>;tag=[pid]SIPpTag01[call_number]\n"
        "To: [$caller]\n"
        "[last_Call-ID:]\n"
        f"CSeq: [cseq] {method}\n"
        "Contact: <sip:callee@[local_ip]:[local_port];transport=[transport]>\n"
        f"Max-Forwards: 70\n{content}",
        ' retrans="500"' if retrans else "",
    )


def pause(ms: int) -> str:
    """Do nothing for `ms` milliseconds."""
    return f'<pause milliseconds="{ms}"/>'


def invited() -> str:
    """Wait for the INVITE and remember what later messages must repeat of it."""
    return """<recv request="INVITE" crlf="true"><action>
<ereg regexp="sip:[^&gt;;]*" search_in="hdr" header="To:" assign_to="callee"/>
<ereg regexp="&lt;.*" search_in="hdr" header="From:" assign_to="caller"/>
<ereg regexp="sip:([^&gt;]*)" search_in="hdr" header="Contact:" assign_to="whole,contact"/>
<ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="cseq"/>
<ereg regexp="SIP/2.0.*" search_in="hdr" header="Via:" assign_to="via"/>
</action></recv>
<Reference variables="whole,callee,caller,contact,cseq,via"/>"""


def trying() -> str:
    """Send 100."""
    return _send(f"SIP/2.0 100 Trying\n{COPIED}\n[last_CSeq:]\nContent-Length: 0")


def ringing() -> str:
    """Send 180 without SDP."""
    return _send(f"SIP/2.0 180 Ringing\n{COPIED}\n[last_CSeq:]\nContent-Length: 0")


def early_media(codecs: Codecs = PCMA) -> str:
    """Send 183 with SDP."""
    return _with_sdp("183 Session Progress", codecs)


def answer(codecs: Codecs = PCMA) -> str:
    """Send 200 with SDP and wait for the ACK."""
    return _with_sdp("200 OK", codecs, ' retrans="500"') + '\n<recv request="ACK" crlf="true"/>'


def answer_as_if_the_ack_were_lost(codecs: Codecs = PCMA) -> str:
    """Answer, pretend that the ACK never came, send the 200 again and wait for its ACK."""
    acknowledged = '<recv request="ACK" crlf="true"/>'
    first = _with_sdp("200 OK", codecs)
    again = first.replace("[last_Via:]", "Via: [$via]").replace("[last_CSeq:]", "CSeq: [$cseq] INVITE")
    again = again.replace("[last_To:];tag=[pid]SIPpTag01[call_number]", "[last_To:]")  # the ACK's has the tag already
    return f"{first}\n{acknowledged}\n{pause(500)}\n{again}\n{acknowledged}"


def reject(status: str) -> str:
    """Send a final answer such as `486 Busy Here` and wait for its ACK."""
    return (
        _send(f"SIP/2.0 {status}\n{COPIED}\n[last_CSeq:]\nContent-Length: 0", ' retrans="500"')
        + '\n<recv request="ACK" crlf="true"/>'
    )


def cancelled() -> str:
    """Wait for CANCEL, confirm it and end the INVITE with 487."""
    confirmed = _send(f"SIP/2.0 200 OK\n{COPIED}\n[last_CSeq:]\nContent-Length: 0")
    terminated = _send(
        f"SIP/2.0 487 Request Terminated\n{COPIED}\nCSeq: [$cseq] INVITE\nContent-Length: 0", ' retrans="500"'
    )
    return f'<recv request="CANCEL"/>\n{confirmed}\n{terminated}\n<recv request="ACK" crlf="true"/>'


def play(capture: Path | str) -> str:
    """Play a capture of RTP packets; SIPp goes on at once."""
    return f'<nop><action><exec play_pcap_audio="{escape(str(capture))}"/></action></nop>'


def info_digit(digit: str) -> str:
    """Send a digit by SIP INFO and wait for its 200."""
    headers = "Content-Type: application/dtmf-relay\n"
    return _in_dialog("INFO", headers, f"Signal={digit}\nDuration=160") + '\n<recv response="200" crlf="true"/>'


def reinvite(codecs: Codecs = PCMA) -> str:
    """Send a re-INVITE with the same media, wait for the answer and acknowledge it."""
    body = SDP.format(version=2, formats=codecs.formats, attributes=codecs.attributes)
    return "\n".join(
        (
            _in_dialog("INVITE", "Content-Type: application/sdp\n", body),
            '<recv response="100" optional="true"/>',
            '<recv response="200" crlf="true"/>',
            _in_dialog("ACK", retrans=False),
        )
    )


def challenge() -> str:
    """Ask for digest credentials and wait for the ACK of the 401; `invited` must follow and is then checked."""
    asked = (
        f"SIP/2.0 401 Unauthorized\n{COPIED}\n[last_CSeq:]\n"
        'WWW-Authenticate: Digest realm="callee", nonce="4f3a9c1e7b", algorithm=MD5, qop="auth"\nContent-Length: 0'
    )
    return _send(asked, ' retrans="500"') + '\n<recv request="ACK" crlf="true"/>'


def invited_with_credentials(username: str, password: str) -> str:
    """Wait for the INVITE that answers a challenge; credentials that do not verify get 403."""
    checked = f'<verifyauth assign_to="allowed" username="{escape(username)}" password="{escape(password)}"/></action>'
    return (
        invited().replace("</action>", checked, 1)
        + f"""
<nop test="allowed" next="allowed"/>
{reject("403 Forbidden")}
<label id="allowed"/>"""
    )


def hang_up() -> str:
    """Send BYE and wait for its 200."""
    return _in_dialog("BYE") + '\n<recv response="200" crlf="true"/>'


def hung_up() -> str:
    """Wait for BYE and confirm it."""
    confirmed = _send(f"SIP/2.0 200 OK\n{COPIED}\n[last_CSeq:]\nContent-Length: 0").replace(
        ";tag=[pid]SIPpTag01[call_number]", ""
    )
    return f'<recv request="BYE" crlf="true"/>\n{confirmed}'


def scenario(name: str, *steps: str) -> str:
    """Join the steps into a scenario's XML."""
    inner = "\n".join(steps)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="{escape(name)}">\n{inner}\n</scenario>\n'
