"""A leg: one call between the switch and a callee, as the switch core sees it."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from enum import StrEnum

from embedded_switch.causes import Q850, cause_of_status, reason_header
from embedded_switch.leg_media import LegMedia, Playback, Sink
from embedded_switch.media_source import AudioSource
from embedded_switch.rtp_stream import RtpStream
from embedded_switch.sdp_audio import LocalAudio, NoCommonCodec, RemoteAudio, read_audio
from embedded_switch.sip_call import SipCall

__all__ = ["Leg", "LegState", "Playback", "Sink"]

logger = logging.getLogger(__name__)

FRAME_MS = 20


class LegState(StrEnum):
    """Where a leg is in its life; it only ever moves downwards in this list."""

    CALLING = "calling"  # INVITE sent, nothing but 100 Trying heard
    RINGING = "ringing"  # 180 or 183 without a body
    EARLY = "early"  # a provisional answer carried SDP: audio flows before the answer
    ANSWERED = "answered"  # 200 received, ACK sent
    ENDED = "ended"  # cause and ended_at are set; no more audio, no more digits


class Leg:
    """One outbound call. Made by Engine.dial; every method is called, and calls back, on the engine's event loop.

    Times are epoch microseconds, 0 until they happen (FreeSWITCH's Caller-Channel-…-Time).
    Callbacks get the leg first and may be set any time; none comes before dial() returned.
    on_hangup is the last one, exactly once, after state, cause and ended_at were set.
    """

    def __init__(
        self,
        uuid: str,
        codecs: Sequence[str],
        stream: RtpStream,
        on_ended: Callable[["Leg"], None],
        *,
        takes_info: bool = True,
    ) -> None:
        self.uuid = uuid
        self.state = LegState.CALLING
        self.created_at = _now_us()
        self.progress_at = 0  # 180 or 183 without SDP
        self.progress_media_at = 0  # first provisional answer with SDP
        self.answered_at = 0
        self.ended_at = 0
        self.cause = ""  # FreeSWITCH's spelling once ended: NORMAL_CLEARING, USER_BUSY, …
        self.q850 = 0
        self.sip_code = 0  # status that ended the call: of the INVITE, 200 for a BYE heard; 0 when we ended it
        self.sip_reason = ""  # its phrase
        self.hangup_disposition = ""  # recv_bye, send_bye, send_cancel, recv_refuse
        self.sip_call_id = ""
        self.read_codec = ""  # PCMA or PCMU once negotiated
        self.remote_sdp = ""  # what the callee offered or answered first (switch_r_sdp)
        self.remote_media: tuple[str, int] | None = None
        self.local_media = stream.local
        self.on_progress: Callable[[Leg], None] | None = None
        self.on_early_media: Callable[[Leg], None] | None = None
        self.on_answer: Callable[[Leg], None] | None = None
        self.on_digit: Callable[[Leg, str, int, str], None] | None = None  # digit, ms, rfc2833|info|inband
        self.on_hangup: Callable[[Leg], None] | None = None
        self._codecs = tuple(codecs)
        self._audio = LocalAudio(*stream.local)
        self._stream = stream
        self._media = LegMedia(stream, lambda digit, ms: self._digit(digit, ms, "inband"))
        self._call: SipCall | None = None
        self._on_ended = on_ended
        self._takes_info = takes_info
        self._ended = asyncio.Event()
        self._media_timeouts_ms = (0, 0)
        self._is_held = False
        stream.on_quiet = lambda: self.hangup("MEDIA_TIMEOUT")
        stream.on_digit = lambda digit, ms: self._digit(digit, ms, "rfc2833")

    def start(self, call: SipCall) -> None:
        """Send the INVITE (the engine does this), unless the call was given up before."""
        if self.state is LegState.ENDED:
            return
        self._call = call
        self.sip_call_id = call.identity.call_id
        call.invite(self._audio.offer(self._codecs))

    def hangup(self, cause: str = "NORMAL_CLEARING") -> None:
        """End the call: CANCEL while it rings, BYE once answered, with Reason as FreeSWITCH writes it.

        The state is ENDED on return and on_hangup follows on the loop's next turn. Calling it again does nothing.
        """
        if self.state is LegState.ENDED:
            return
        disposition = "send_bye" if self.state is LegState.ANSWERED else "send_cancel"
        if self._call:
            self._call.hangup(reason_header(cause))
        self._end(cause, disposition)

    async def play(self, source: AudioSource) -> Playback:
        """Play to the end, or until stop_play, a newer play, or the end of the call. Never raises for those.

        Before early media or the answer there is no one to play to: returns at once, nothing sent.
        """
        if self.state is LegState.ENDED:
            return Playback(0, completed=False)
        return await self._media.play(source)

    def stop_play(self) -> None:
        """Cut the current playback off; the awaiting play() returns with completed=False."""
        self._stream.stop_play()

    def record(self, sink: Sink, *, read_only: bool = False) -> None:
        """Write gap-free audio in media time to the sink until stop_record or the end of the call.

        read_only: only what the callee says (RECORD_READ_ONLY); otherwise mixed with what we send.
        """
        if self.state is LegState.ENDED:
            sink.close()
            return
        self._media.record(sink, read_only=read_only)

    def stop_record(self, sink: Sink) -> None:
        """Stop and close a recording; nothing happens when it is not running."""
        self._media.stop_record(sink)

    def start_inband_dtmf(self) -> None:
        """Listen for dual tones in the audio too (start_dtmf)."""
        if self.state is not LegState.ENDED:
            self._media.start_inband()

    def stop_inband_dtmf(self) -> None:
        """Stop listening for dual tones (stop_dtmf)."""
        self._media.stop_inband()

    def set_media_timeout(self, timeout_ms: int, hold_timeout_ms: int) -> None:
        """Hang up with MEDIA_TIMEOUT when no packet comes for so long, or the second while on hold; 0: never."""
        self._media_timeouts_ms = (timeout_ms, hold_timeout_ms)
        self._watch_media()

    async def wait_ended(self) -> None:
        """Return once the leg has ended."""
        await self._ended.wait()

    def on_provisional(self, status: int, body: str) -> None:
        """Hear a provisional answer (from the SIP call)."""
        if body and self.state in (LegState.CALLING, LegState.RINGING):
            if not self._connect(body):
                return
            self.state = LegState.EARLY
            self.progress_media_at = _now_us()
            self._tell(self.on_early_media)
        elif not body and self.state is LegState.CALLING and status in (180, 183):
            self.state = LegState.RINGING
            self.progress_at = _now_us()
            self._tell(self.on_progress)

    def on_accepted(self, body: str) -> None:
        """Hear the answer (from the SIP call). Without any common codec it is hung up again."""
        if (body or not self.read_codec) and not self._connect(body):
            return
        self.state = LegState.ANSWERED
        self.answered_at = _now_us()
        self._tell(self.on_answer)

    def on_refused(self, status: int, phrase: str, cause: str) -> None:
        """Hear a refusal (from the SIP call)."""
        self.sip_code, self.sip_reason = status, phrase
        self._end(cause or cause_of_status(status), "recv_refuse")

    def on_bye(self, cause: str) -> None:
        """Hear the callee hang up (from the SIP call)."""
        self.sip_code, self.sip_reason = 200, "OK"
        self._end(cause or "NORMAL_CLEARING", "recv_bye")

    def on_failed(self) -> None:
        """Hear that the callee vanished (from the SIP call)."""
        self.hangup("RECOVERY_ON_TIMER_EXPIRE")

    def on_info_digit(self, digit: str, duration_ms: int) -> None:
        """Hear a digit by SIP INFO (from the SIP call); it counts only where INFO is taken at all."""
        if self._takes_info:
            self._digit(digit, duration_ms, "info")

    def on_offer(self, body: str) -> bytes | None:
        """Answer a re-INVITE (from the SIP call)."""
        if not body:
            return self._audio.offer(self._codecs)
        try:
            remote = read_audio(body, self._codecs)
        except NoCommonCodec as error:
            logger.info("re-INVITE refused", extra={"uuid": self.uuid, "error": str(error)})
            return None
        self._use(remote)
        return self._audio.answer(remote)

    def on_late_answer(self, body: str) -> None:
        """Take the SDP that came with the ACK of a re-INVITE (from the SIP call)."""
        try:
            self._use(read_audio(body, self._codecs))
        except NoCommonCodec:
            self.hangup("INCOMPATIBLE_DESTINATION")

    def refuse(self, cause: str) -> None:
        """End a leg for which no INVITE could be sent (the engine does this)."""
        self._end(cause, "")

    def _connect(self, body: str) -> bool:
        self.remote_sdp = body
        try:
            self._use(read_audio(body, self._codecs))
        except NoCommonCodec as error:
            logger.info("no common codec", extra={"uuid": self.uuid, "error": str(error)})
            if self._call:
                self._call.hangup(reason_header("INCOMPATIBLE_DESTINATION"))
            self._end("INCOMPATIBLE_DESTINATION", "send_bye")
            return False
        return True

    def _use(self, remote: RemoteAudio) -> None:
        self.read_codec, self.remote_media = remote.codec, remote.address
        self._stream.connect(remote.address, remote.codec, remote.event_type, may_send=remote.may_send)
        self._is_held = remote.direction in ("sendonly", "inactive")
        self._watch_media()

    def _watch_media(self) -> None:
        self._stream.quiet_limit = self._media_timeouts_ms[self._is_held] // FRAME_MS if self.read_codec else 0

    def _digit(self, digit: str, duration_ms: int, source: str) -> None:
        if self.state is not LegState.ENDED and self.on_digit:
            self.on_digit(self, digit, duration_ms, source)

    def _tell(self, callback: "Callable[[Leg], None] | None") -> None:
        if callback:
            callback(self)

    def _end(self, cause: str, disposition: str) -> None:
        if self.state is LegState.ENDED:
            return
        self.state = LegState.ENDED
        self.ended_at = _now_us()
        self.cause, self.q850 = cause, Q850.get(cause, 0)
        self.hangup_disposition = disposition
        self._media.close()
        self._on_ended(self)
        self._ended.set()
        asyncio.get_running_loop().call_soon(lambda: self._tell(self.on_hangup))


def _now_us() -> int:
    return time.time_ns() // 1000
