"""A SIP engine without SIP: the test is the callee."""

import asyncio
import time
from itertools import islice

from embedded_switch.causes import Q850
from embedded_switch.leg import LegState
from embedded_switch.leg_media import Playback

ENDLESS_FRAMES = 3000  # a minute: what never ends by itself is cut off by the test


class FakeLeg:
    """A leg whose far side is the test: it rings, answers, presses and hangs up when told to."""

    def __init__(self, uuid, codecs):
        self.uuid, self.codecs = uuid, codecs
        self.state = LegState.CALLING
        self.created_at = time.time_ns() // 1000
        self.progress_at = self.progress_media_at = self.answered_at = self.ended_at = 0
        self.cause = self.sip_reason = self.hangup_disposition = self.read_codec = self.remote_sdp = ""
        self.q850 = self.sip_code = 0
        self.sip_call_id = f"call-{uuid}"
        self.remote_media = self.local_media = None
        self.on_progress = self.on_early_media = self.on_answer = self.on_digit = self.on_hangup = None
        self.played, self.sinks, self.listens_inband = [], [], False
        self._stop = asyncio.Event()

    # The callee

    def ring(self):
        self.state, self.progress_at = LegState.RINGING, time.time_ns() // 1000
        self.on_progress(self)

    def send_early_media(self):
        self.state, self.progress_media_at, self.read_codec = LegState.EARLY, time.time_ns() // 1000, "PCMA"
        self.on_early_media(self)

    def answer(self):
        self.state, self.answered_at, self.read_codec = LegState.ANSWERED, time.time_ns() // 1000, "PCMA"
        self.on_answer(self)

    def press(self, digit, ms=100):
        self.on_digit(self, digit, ms, "rfc2833")

    def refuse(self, status, cause):
        self.sip_code, self.sip_reason, self.hangup_disposition = status, "No", "recv_refuse"
        self._end(cause)

    def hang_up(self):
        self.sip_code, self.hangup_disposition = 200, "recv_bye"
        self._end("NORMAL_CLEARING")

    # What the switch calls

    def hangup(self, cause="NORMAL_CLEARING"):
        self.hangup_disposition = "send_bye" if self.state is LegState.ANSWERED else "send_cancel"
        self._end(cause)

    def _end(self, cause):
        if self.state is LegState.ENDED:
            return
        self.state, self.ended_at = LegState.ENDED, time.time_ns() // 1000
        self.cause, self.q850 = cause, Q850[cause]
        self._stop.set()
        asyncio.get_running_loop().call_soon(lambda: self.on_hangup(self))

    async def play(self, source):
        payloads = sum(1 for _ in islice(source.payloads("PCMA"), ENDLESS_FRAMES))
        self.played.append(payloads * 20)
        self._stop.clear()
        try:
            await asyncio.wait_for(self._stop.wait(), payloads * 0.02)
        except TimeoutError:
            return Playback(payloads * 160, completed=True)
        return Playback(0, completed=False)

    def stop_play(self):
        self._stop.set()

    def record(self, sink, *, read_only=False):
        self.sinks.append((sink, read_only))

    def stop_record(self, sink):
        self.sinks = [entry for entry in self.sinks if entry[0] is not sink]

    def set_media_timeout(self, timeout_ms, hold_timeout_ms):
        pass

    def start_inband_dtmf(self):
        self.listens_inband = True

    def stop_inband_dtmf(self):
        self.listens_inband = False


class FakeEngine:
    """Hands out legs; `next_leg` waits for the next call the switch places."""

    def __init__(self, *_arguments, **_options):
        self.local_ip, self.sip_port, self.codec_prefs = "127.0.0.1", 5080, ("PCMA", "PCMU")
        self.on_gateway_state = None
        self.legs = []
        self._placed = asyncio.Queue()

    async def start(self):
        pass

    async def stop(self):
        pass

    def add_gateway(self, gateway):
        pass

    def remove_gateway(self, name):
        pass

    def dial(self, _gateway, _number, uuid, *, codecs=(), **_options):
        leg = FakeLeg(uuid, list(codecs))
        self.legs.append(leg)
        self._placed.put_nowait(leg)
        return leg

    async def next_leg(self):
        return await asyncio.wait_for(self._placed.get(), 5)
