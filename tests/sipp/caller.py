"""A caller in a few lines of sockets: places one call and remembers everything it was told and heard."""

import contextlib
import re
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"
TICK_S = 0.02


@dataclass
class Heard:
    """One RTP packet. at: s since the answer."""

    at: float
    payload_type: int
    sequence: int
    timestamp: int
    payload: bytes


@dataclass
class Caller:
    """One call to `port`. ring_s: then CANCEL. hold_s: then BYE."""

    port: int
    number: str
    ring_s: float = 5.0
    hold_s: float = 14.0
    call_id: str = ""
    repeat_invite: bool = False
    codes: list[int] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    infos: list[str] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    heard_early: int = 0
    hung_up_after_s: float | None = None

    def __post_init__(self) -> None:
        self.call_id = self.call_id or f"{self.number}-{time.monotonic_ns()}"
        self._sip = self._bound()
        self._rtp = self._bound()
        self._rtp.setblocking(False)
        self._tag = ""
        self._answered_at: float | None = None
        self._done = False
        self._cancelled = self._bye_sent = False
        self._thread = threading.Thread(target=self.call, daemon=True)

    @staticmethod
    def _bound() -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind((LOOPBACK, 0))
        made.settimeout(TICK_S)
        return made

    def start(self) -> "Caller":
        self._thread.start()
        return self

    def join(self) -> "Caller":
        self._thread.join(60)
        assert not self._thread.is_alive(), f"{self.number} is still calling"
        return self

    def give_up(self) -> None:
        """Stop waiting, when there is nobody left to hear from."""
        self._done = True
        self.join()

    @property
    def final(self) -> int:
        return next((code for code in self.codes if code >= 200), 0)

    def digits(self) -> str:
        """Return the keys heard as telephone events, one for every new timestamp."""
        events = {packet.timestamp: packet.payload[0] for packet in self.heard if packet.payload_type == 101}
        return "".join("0123456789*#"[event] for event in events.values())

    def audio_s(self) -> float:
        return 0.02 * sum(packet.payload_type == 8 for packet in self.heard)

    def call(self) -> None:
        """Place the call and see it through."""
        started = time.monotonic()
        self._send("INVITE", 1, body=self._sdp())
        if self.repeat_invite:
            self._send("INVITE", 1, body=self._sdp())
        while not self._done:
            self._listen_to_media()
            with contextlib.suppress(TimeoutError):
                self._hear(self._sip.recv(8192).decode())
            now = time.monotonic()
            if self._answered_at is None and not self.final and not self._cancelled and now - started > self.ring_s:
                self._cancelled = True
                self._send("CANCEL", 1)
            if self._answered_at and not self._bye_sent and now - self._answered_at > self.hold_s:
                self._bye_sent = True
                self._send("BYE", 2)
            assert now - started < 50, f"{self.number} was forgotten by the carrier: {self.codes}"
        self._sip.close()
        self._rtp.close()

    def _hear(self, message: str) -> None:
        if message.startswith("SIP/2.0"):
            self._respond_to(message)
            return
        method = message.split(" ", 1)[0]
        self.requests.append(method)
        kept = [line for line in message.split("\r\n") if re.match(r"(Via|From|To|Call-ID|CSeq):", line)]
        self._raw("\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""]))
        if method == "INFO":
            self.infos.append(message.partition("\r\n\r\n")[2])
        if method == "BYE":
            assert self._answered_at
            self.hung_up_after_s = time.monotonic() - self._answered_at
            self._done = True

    def _respond_to(self, message: str) -> None:
        code = int(message.split(" ", 2)[1])
        method = re.search(r"CSeq: \d+ (\w+)", message)[1]
        if method == "BYE":
            self._done = True
        if method != "INVITE":
            return
        self.codes.append(code)
        if found := re.search(r"To:.*;tag=(\S+)", message):
            self._tag = found[1]
        if code >= 200:
            self._send("ACK", 1)
            if code < 300:
                self._answered_at = self._answered_at or time.monotonic()
            else:
                self._done = True

    def _listen_to_media(self) -> None:
        while True:
            try:
                packet = self._rtp.recv(2048)
            except BlockingIOError:
                return
            if self._answered_at is None:
                self.heard_early += 1
                continue
            _, kind, sequence, timestamp, _ = struct.unpack("!BBHII", packet[:12])
            at = time.monotonic() - self._answered_at
            self.heard.append(Heard(at, kind & 0x7F, sequence, timestamp, packet[12:]))

    def _send(self, method: str, cseq: int, body: str = "") -> None:
        mine = f"{LOOPBACK}:{self._sip.getsockname()[1]}"
        to_tag = f";tag={self._tag}" if method in ("ACK", "BYE") and self._tag else ""
        lines = [
            f"{method} sip:{self.number}@{LOOPBACK}:{self.port} SIP/2.0",
            f"Via: SIP/2.0/UDP {mine};branch=z9hG4bK-{self.call_id}-{'BYE' if cseq > 1 else 'INVITE'}",
            "Max-Forwards: 70",
            f'From: "x" <sip:+74950000001@{mine}>;tag=c',
            f"To: <sip:{self.number}@{LOOPBACK}:{self.port}>{to_tag}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:gw@{mine}>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
            "",
            body,
        ]
        self._raw("\r\n".join(lines))

    def _raw(self, message: str) -> None:
        self._sip.sendto(message.encode(), (LOOPBACK, self.port))

    def _sdp(self) -> str:
        port = self._rtp.getsockname()[1]
        return (
            f"v=0\r\no=- 1 1 IN IP4 {LOOPBACK}\r\ns=-\r\nc=IN IP4 {LOOPBACK}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
        )


def ask_options(port: int, call_id: str = "ping-1") -> str:
    """Send one OPTIONS, as a switch pings its gateway, and return the answer's first line."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.bind((LOOPBACK, 0))
        asking.settimeout(5)
        mine = f"{LOOPBACK}:{asking.getsockname()[1]}"
        asking.sendto(
            f"OPTIONS sip:{LOOPBACK}:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {mine};branch=z9hG4bK{call_id}\r\n"
            f"From: <sip:{mine}>;tag=o\r\nTo: <sip:{LOOPBACK}:{port}>\r\nCall-ID: {call_id}\r\nCSeq: 1 OPTIONS\r\n"
            f"Contact: <sip:{mine}>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n".encode(),
            (LOOPBACK, port),
        )
        return asking.recv(4096).decode().splitlines()[0]
