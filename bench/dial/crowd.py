"""A crowd of callees in a process of its own: answers every call at once, speaks, hears, and hangs up as it is told."""

import heapq
import multiprocessing
import os
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from bench.dial import callee_sip
from bench.dial.many_packets import Packets, Receiver, Sender, udp_socket

IP = "127.0.0.1"
FRAME_S = 0.02
LOOK_S = 0.005
BYE_AGAIN_S = 1.0
"""A BYE without an answer is sent again after so long; no call is left up because a packet was lost."""
SPEECH = bytes([0x55, 0xD5] * 80)


@dataclass(slots=True)
class Call:
    """One call as the callee saw it; times are of time.time(). ended_at None: it is up."""

    number: str
    answered_at: float
    ended_at: float | None = None


@dataclass(slots=True)
class Heard:
    """What the crowd reports. cpu_s: of its process so far."""

    calls: list[Call]
    packets: Packets
    cpu_s: float


@dataclass(slots=True)
class _State:
    hang_up_after_s: float | None = None
    is_listening: bool = False
    calls: dict[str, Call] = field(default_factory=dict)
    invites: dict[str, tuple[callee_sip.Request, Any]] = field(default_factory=dict)
    addresses: dict[str, tuple[str, int]] = field(default_factory=dict)
    due: list[tuple[float, str]] = field(default_factory=list)


class Crowd:
    """The parent's side."""

    def __init__(self, pipe: Any, sip_port: int) -> None:
        self._pipe, self.sip_port = pipe, sip_port

    def hang_up_after(self, seconds: float | None) -> None:
        """Hang up calls that come from now on after so long; None: never."""
        self._pipe.send(("hang_up_after", seconds))

    def listen(self, is_listening: bool) -> None:  # noqa: FBT001 - the one thing it says
        """Keep every packet that comes from now on, or keep none."""
        self._pipe.send(("listen", is_listening))

    def hang_up(self) -> None:
        """End every call that is up."""
        self._pipe.send(("hang_up", None))

    def count(self) -> int:
        """Return how many calls are up."""
        self._pipe.send(("count", None))
        return int(self._pipe.recv())

    def report(self) -> Heard:
        """Return everything since the last report, and forget it."""
        self._pipe.send(("report", None))
        heard: Heard = self._pipe.recv()
        return heard


@contextmanager
def crowd() -> Iterator[Crowd]:
    """Run the callees until the block ends."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_run, args=(there,), daemon=True)
    process.start()
    try:
        yield Crowd(here, here.recv())
    finally:
        here.send(("stop", None))
        process.join(5)
        if process.is_alive():
            process.kill()


def _run(pipe: "Connection[Any, Any]") -> None:
    _Callees(pipe).serve()


class _Callees:
    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe
        self._sip, self._rtp = udp_socket(IP), udp_socket(IP)
        self._sip.setblocking(False)
        self._state = _State()
        self._heard: list[Packets] = []
        self._over = threading.Event()
        self._here = f"{IP}:{self._sip.getsockname()[1]}"
        self._contact = f"<sip:callee@{self._here}>"
        self._sdp = callee_sip.SDP.format(ip=IP, port=self._rtp.getsockname()[1])

    def serve(self) -> None:
        """Serve until told to stop, or until the parent is gone."""
        for run in (self._speak, self._hear):
            threading.Thread(target=run, daemon=True).start()
        self._pipe.send(self._sip.getsockname()[1])
        parent = os.getppid()
        while os.getppid() == parent:
            wait_s = max(0.0, min(0.5, self._state.due[0][0] - time.time())) if self._state.due else 0.5
            ready, _, _ = select.select([self._sip, self._pipe], [], [], wait_s)
            if self._sip in ready:
                self._take_all()
            self._hang_up_due()
            if self._pipe in ready and not self._obey(*self._pipe.recv()):
                break
        self._over.set()

    def _obey(self, verb: str, value: Any) -> bool:
        state = self._state
        match verb:
            case "hang_up_after":
                state.hang_up_after_s = value
            case "listen":
                state.is_listening = value
            case "hang_up":
                for call_id in list(state.invites):
                    heapq.heappush(state.due, (0.0, call_id))
            case "count":
                self._pipe.send(len(state.addresses))
            case "report":
                heard, self._heard = self._heard, []
                calls = list(state.calls.values())
                state.calls = {call_id: call for call_id, call in state.calls.items() if call.ended_at is None}
                self._pipe.send(Heard(calls, Packets.joined(heard), time.process_time()))
        return verb != "stop"

    def _take_all(self) -> None:
        for _ in range(200):
            try:
                data, source = self._sip.recvfrom(65535)
            except BlockingIOError:
                return
            message = callee_sip.parse(data)
            if isinstance(message, callee_sip.Request):
                self._answer(message, source)
            elif message == 481:
                continue
            else:
                self._ended(_call_id(data))

    def _answer(self, request: callee_sip.Request, source: Any) -> None:
        state, call_id = self._state, request.call_id
        if request.method == "ACK":
            return
        if request.method == "INVITE" and request.media:
            if call_id not in state.calls:
                now = time.time()
                state.calls[call_id] = Call(request.number, now)
                state.invites[call_id] = (request, source)
                state.addresses[call_id] = request.media
                if state.hang_up_after_s is not None:
                    heapq.heappush(state.due, (now + state.hang_up_after_s, call_id))
            self._sip.sendto(callee_sip.ok(request, self._contact, self._sdp), source)
            return
        self._sip.sendto(callee_sip.ok(request, self._contact), source)
        if request.method == "BYE":
            self._ended(call_id)

    def _ended(self, call_id: str) -> None:
        state = self._state
        state.addresses.pop(call_id, None)
        if state.invites.pop(call_id, None) and call_id in state.calls:
            state.calls[call_id].ended_at = time.time()

    def _hang_up_due(self) -> None:
        due = self._state.due
        while due and due[0][0] <= time.time():
            _, call_id = heapq.heappop(due)
            invite = self._state.invites.get(call_id)
            if invite is None:
                continue
            self._state.addresses.pop(call_id, None)
            self._sip.sendto(callee_sip.bye(invite[0], self._contact, self._here), invite[1])
            heapq.heappush(due, (time.time() + BYE_AGAIN_S, call_id))

    def _hear(self) -> None:
        receiver, waits = Receiver(self._rtp), select.poll()
        waits.register(self._rtp, select.POLLIN)
        while not self._over.is_set():
            if not waits.poll(200):
                continue
            found = receiver.take()
            if found is not None and self._state.is_listening:
                self._heard.append(found)
            time.sleep(LOOK_S)  # the kernel has stamped what comes meanwhile

    def _speak(self) -> None:
        """Say something to every caller, so that the switch has as much to hear as to say."""
        sender, number, due = Sender(self._rtp), 0, time.monotonic()
        while not self._over.is_set():
            head = (
                bytes([0x80, 8]) + (number & 0xFFFF).to_bytes(2, "big") + (number * 160 & 0xFFFFFFFF).to_bytes(4, "big")
            )
            addresses = tuple(self._state.addresses.copy().values())
            if addresses:
                sender.send(head + b"\0\0\0\1" + SPEECH, addresses)
            number += 1
            due += FRAME_S
            time.sleep(max(0.0, due - time.monotonic()))


def _call_id(data: bytes) -> str:
    for line in data.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() in (b"call-id", b"i"):
            return value.strip().decode()
    return ""
