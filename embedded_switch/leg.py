"""A leg: one call between the switch and a callee, as the switch core sees it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from embedded_switch.media_source import AudioSource


class LegState(StrEnum):
    """Where a leg is in its life; it only ever moves downwards in this list."""

    CALLING = "calling"  # INVITE sent, nothing but 100 Trying heard
    RINGING = "ringing"  # 180 or 183 without a body
    EARLY = "early"  # a provisional answer carried SDP: audio flows before the answer
    ANSWERED = "answered"  # 200 received, ACK sent
    ENDED = "ended"  # cause and ended_at are set; no more audio, no more digits


class Sink(Protocol):
    """Takes a recording."""

    def write(self, pcm: bytes) -> None:
        """Take the next 20 ms: 320 bytes, 16-bit little-endian at 8 kHz. Must not block."""

    def close(self) -> None:
        """No more will come."""


@dataclass(frozen=True, slots=True)
class Playback:
    """How a playback ended. samples: at 8 kHz, what was really sent."""

    samples: int
    completed: bool  # False: stop_play, a newer play, or the end of the call cut it off

    @property
    def ms(self) -> int:
        """Return the length of what was sent in milliseconds."""
        return self.samples // 8


class Leg:
    """One outbound call. Made by Engine.dial; every method is called, and calls back, on the engine's event loop.

    Times are epoch microseconds, 0 until they happen (FreeSWITCH's Caller-Channel-…-Time).
    Callbacks get the leg first and may be set any time; none comes before dial() returned.
    on_hangup is the last one, exactly once, after state, cause and ended_at were set.
    """

    def __init__(self, uuid: str) -> None:
        self.uuid = uuid
        self.state = LegState.CALLING
        self.created_at = 0
        self.progress_at = 0  # 180 (or 183 without audio)
        self.progress_media_at = 0  # first provisional answer with SDP
        self.answered_at = 0
        self.ended_at = 0
        self.cause = ""  # FreeSWITCH's spelling once ended: NORMAL_CLEARING, USER_BUSY, …
        self.q850 = 0
        self.sip_code = 0  # final SIP status of the INVITE, or 200 for a BYE; 0 when none was heard
        self.sip_reason = ""  # its phrase
        self.hangup_disposition = ""  # recv_bye, send_bye, send_cancel, recv_refuse, send_refuse
        self.sip_call_id = ""
        self.read_codec = ""  # PCMA or PCMU once negotiated
        self.remote_media: tuple[str, int] | None = None
        self.local_media: tuple[str, int] | None = None
        self.on_progress: Callable[[Leg], None] | None = None
        self.on_early_media: Callable[[Leg], None] | None = None
        self.on_answer: Callable[[Leg], None] | None = None
        self.on_digit: Callable[[Leg, str, int, str], None] | None = None  # digit, ms, rfc2833|info|inband
        self.on_hangup: Callable[[Leg], None] | None = None

    def hangup(self, cause: str = "NORMAL_CLEARING") -> None:
        """End the call: CANCEL while it rings, BYE once answered, with Reason as FreeSWITCH writes it.

        The state is ENDED on return and on_hangup follows on the loop's next turn. Calling it again does nothing.
        """
        raise NotImplementedError

    async def play(self, source: AudioSource) -> Playback:
        """Play to the end, or until stop_play, a newer play, or the end of the call. Never raises for those."""
        raise NotImplementedError

    def stop_play(self) -> None:
        """Cut the current playback off; the awaiting play() returns with completed=False."""
        raise NotImplementedError

    def record(self, sink: Sink, *, read_only: bool = False) -> None:
        """Write gap-free audio in media time to the sink until stop_record or the end of the call.

        read_only: only what the callee says (RECORD_READ_ONLY); otherwise mixed with what we send.
        """
        raise NotImplementedError

    def stop_record(self, sink: Sink) -> None:
        """Stop and close a recording; nothing happens when it is not running."""
        raise NotImplementedError

    def start_inband_dtmf(self) -> None:
        """Listen for dual tones in the audio too (start_dtmf)."""
        raise NotImplementedError

    def stop_inband_dtmf(self) -> None:
        """Stop listening for dual tones (stop_dtmf)."""
        raise NotImplementedError

    async def wait_ended(self) -> None:
        """Return once the leg has ended."""
        await asyncio.Event().wait()
