"""The vocabulary of SIPp's scenario XML that the carrier needs, one function an element."""

from xml.sax.saxutils import quoteattr

OURS = "[pid]carrier[call_number]"
"""Our tag in To (From, in our own requests)."""

COPIED = f"""[last_Via:]
[last_From:]
[last_To:];tag={OURS}
[last_Call-ID:]"""

COPIED_IN_DIALOG = """[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]"""

CONTACT = "Contact: <sip:carrier@[local_ip]:[local_port];transport=[transport]>"

SDP_WITHOUT_EVENTS = """v=0
o=carrier 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
a=ptime:20
a=sendrecv"""

SDP = SDP_WITHOUT_EVENTS.replace("RTP/AVP 8", "RTP/AVP 8 101") + "\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15"

RETRANSMITTED = ' retrans="500"'


def send(lines: str, attributes: str = "", actions: str = "") -> str:
    """Send a message, then do actions; `attributes`: RETRANSMITTED until the other side reacts.

    Until it has reacted to a retransmitted message SIPp does nothing else, not even a nop: hence the actions here.
    """
    inner = f"<action>{actions}</action>" if actions else ""
    return f"<send{attributes}><![CDATA[\n\n{lines}\n\n]]>{inner}</send>"


def respond(status: str, attributes: str = "", actions: str = "") -> str:
    """Answer the INVITE without a body."""
    return send(f"SIP/2.0 {status}\n{COPIED}\n[last_CSeq:]\n{CONTACT}\nContent-Length: 0", attributes, actions)


def respond_with_sdp(status: str, attributes: str = "", actions: str = "", sdp: str = SDP) -> str:
    """Answer the INVITE with our media."""
    return send(
        f"SIP/2.0 {status}\n{COPIED}\n[last_CSeq:]\n{CONTACT}\n"
        f"Content-Type: application/sdp\nContent-Length: [len]\n\n{sdp}",
        attributes,
        actions,
    )


def confirm(copied: str = COPIED_IN_DIALOG) -> str:
    """Answer 200 to a request other than the INVITE; to a CANCEL, which has no tag of ours yet, with COPIED."""
    return send(f"SIP/2.0 200 OK\n{copied}\n[last_CSeq:]\nContent-Length: 0")


def terminated(actions: str) -> str:
    """End the INVITE with 487 after its CANCEL."""
    lines = f"SIP/2.0 487 Request Terminated\n{COPIED}\nCSeq: [$invite_cseq] INVITE\nContent-Length: 0"
    return send(lines, RETRANSMITTED, actions)


def request(method: str, headers: str = "", body: str = "", actions: str = "") -> str:
    """Send a request of ours inside the dialog that the INVITE opened."""
    content = f"{headers}\nContent-Length: [len]\n\n{body}" if body else "Content-Length: 0"
    return send(
        f"{method} sip:[$contact] SIP/2.0\n"
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
        f"From: <[$callee]>;tag={OURS}\n"
        "To: [$caller]\n"
        "[last_Call-ID:]\n"
        f"CSeq: [cseq] {method}\n{CONTACT}\nMax-Forwards: 70\n{content}",
        RETRANSMITTED,
        actions,
    )


def receive(request_name: str, *, attributes: str = "", actions: str = "") -> str:
    """Wait for a request."""
    inner = f"<action>{actions}</action>" if actions else ""
    return f'<recv request="{request_name}"{attributes}>{inner}</recv>'


def within(ms: int, otherwise: str) -> str:
    """Return the attributes that bound a wait and name where to go when it is over."""
    return f' timeout="{ms}" ontimeout="{otherwise}"'


def go_to(name: str) -> str:
    """Return the attribute that names where to go."""
    return f' next="{name}"'


def label(name: str) -> str:
    """Mark a place."""
    return f'<label id="{name}"/>'


def do(*actions: str, attributes: str = "") -> str:
    """Do actions and go on."""
    inner = "".join(actions)
    return f"<nop{attributes}><action>{inner}</action></nop>" if inner else f"<nop{attributes}/>"


def play(capture: str) -> str:
    """Play a capture; SIPp goes on at once."""
    return f"<exec play_pcap_audio={quoteattr(capture)}/>" if capture else ""


def log(event: str, *facts: str | int) -> str:
    """Write one fact as a line: the clock (epoch s and µs), Call-ID, the event and its facts."""
    line = " ".join(("[$s]", "[$us]", "[call_id]", event, *map(str, facts)))
    return f'<gettimeofday assign_to="s,us"/><log message={quoteattr(line)}/>'
