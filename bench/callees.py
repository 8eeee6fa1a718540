"""Callees for measurements: answer every call at once, speak all the time, and note when the kernel got each packet."""

import contextlib
import socket
import struct
import threading
import time
from collections import defaultdict

from aiosipua import SipMessage, SipRequest

from bench.lateness import Arrival

SO_TIMESTAMPNS = 35  # <asm-generic/socket.h>; the socket module has no name for it
SO_RCVBUFFORCE = 33
BUFFER_BYTES = 8 * 1024 * 1024
FRAME_S = 0.02
HEADER = struct.Struct("!BBHII")
STAMP = struct.Struct("@qq")
SDP = (
    "v=0\r\no=callee 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 101\r\n"
    "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n"
)


class Callees:
    """One SIP and one RTP socket for all calls; streams are told apart by the port they come from."""

    def __init__(self, ip: str = "127.0.0.1") -> None:
        self.streams: dict[int, list[Arrival]] = defaultdict(list)
        self._ip = ip
        self._sip = _udp(ip)
        self._rtp = _udp(ip)
        self._rtp.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        with contextlib.suppress(PermissionError):
            self._rtp.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
        self._listeners: dict[str, tuple[str, int]] = {}  # Call-ID: where its caller hears
        self._over = threading.Event()
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._signal, self._hear, self._speak)]

    @property
    def sip_port(self) -> int:
        """Return the port to call."""
        return int(self._sip.getsockname()[1])

    def start(self) -> None:
        """Answer calls from now on."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Answer no more; streams then holds everything heard."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._sip.close()
        self._rtp.close()

    def _signal(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                data, source = self._sip.recvfrom(65535)
                request = SipMessage.parse(data)
                if isinstance(request, SipRequest) and request.method != "ACK":
                    self._sip.sendto(self._answer(request), source)

    def _answer(self, request: SipRequest) -> bytes:
        lines = ["SIP/2.0 200 OK"]
        for name in ("Via", "From", "Call-ID", "CSeq"):
            lines += [f"{name}: {value}" for value in request.headers.get(name)]
        to = request.get_header("to") or ""
        lines.append(f"To: {to}" if "tag=" in to else f"To: {to};tag=callee")
        lines.append(f"Contact: <sip:callee@{self._ip}:{self.sip_port}>")
        body = ""
        if request.method == "INVITE":
            port = int(request.text.partition("m=audio ")[2].split(" ")[0])
            self._listeners[request.call_id or ""] = (self._ip, port)
            body = SDP.format(ip=self._ip, port=self._rtp.getsockname()[1])
            lines.append("Content-Type: application/sdp")
        elif request.method == "BYE":
            self._listeners.pop(request.call_id or "", None)
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode()

    def _hear(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                packet, ancillary, _, source = self._rtp.recvmsg(2048, 64)
                _, _, sequence, timestamp, _ = HEADER.unpack_from(packet)
                seconds, nanoseconds = STAMP.unpack_from(ancillary[0][2])
                self.streams[source[1]].append(Arrival(seconds + nanoseconds / 1e9, sequence, timestamp))

    def _speak(self) -> None:
        """Say something to every caller, so that the switch has as much to hear as to say."""
        number, due = 0, time.monotonic()
        while not self._over.is_set():
            packet = HEADER.pack(0x80, 8, number & 0xFFFF, number * 160 & 0xFFFFFFFF, 1) + bytes([0x55, 0xD5] * 80)
            for listener in tuple(self._listeners.values()):
                self._rtp.sendto(packet, listener)
            number += 1
            due += FRAME_S
            time.sleep(max(0.0, due - time.monotonic()))


def _udp(ip: str) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind((ip, 0))
    opened.settimeout(0.2)
    return opened
