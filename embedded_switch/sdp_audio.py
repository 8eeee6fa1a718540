"""SDP for one audio stream: the offer, what an answer to it means, and our answer to a new offer."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from aiosipua import ConnectionData, MediaDescription, Origin, SdpMessage, parse_sdp, serialize_sdp

from embedded_switch.rtp_stream import CODEC_NAMES, PAYLOAD_TYPES

EVENT_TYPE = 101
ANSWER_DIRECTION = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


class NoCommonCodec(ValueError):
    """The other side speaks none of the codecs allowed on this call, or sent no audio at all."""


@dataclass(frozen=True, slots=True)
class RemoteAudio:
    """What the other side's SDP says about its audio."""

    address: tuple[str, int]
    codec: str
    event_type: int | None  # payload type of telephone-events, when it has them
    direction: str  # as the other side says it: sendrecv, sendonly (we are on hold), recvonly, inactive

    @property
    def may_send(self) -> bool:
        """Tell whether the other side wants to hear us."""
        return self.direction in ("sendrecv", "recvonly") and self.address[0] != "0.0.0.0" and self.address[1] > 0  # noqa: S104 # the old way to hold


@dataclass(slots=True)
class LocalAudio:
    """Our side of the session; the version grows with every SDP we send."""

    ip: str
    port: int
    session: int = 0
    version: int = 0

    def offer(self, codecs: Sequence[str], event_type: int | None = EVENT_TYPE, direction: str = "sendrecv") -> bytes:
        """Write an SDP body with these codecs in this order."""
        self.session = self.session or random.randrange(1_000_000_000, 2_000_000_000)
        self.version = self.version + 1 if self.version else self.session
        types = [PAYLOAD_TYPES[codec] for codec in codecs]
        attributes = {"rtpmap": [f"{PAYLOAD_TYPES[codec]} {codec}/8000" for codec in codecs]}
        if event_type is not None:
            types.append(event_type)
            attributes["rtpmap"].append(f"{event_type} telephone-event/8000")
            attributes["fmtp"] = [f"{event_type} 0-15"]
        attributes["ptime"] = ["20"]
        attributes[direction] = []
        audio = MediaDescription("audio", self.port, "RTP/AVP", [str(kind) for kind in types], attributes=attributes)
        origin = Origin("FreeSWITCH", str(self.session), str(self.version), "IN", "IP4", self.ip)
        where = ConnectionData("IN", "IP4", self.ip)
        return serialize_sdp(
            SdpMessage(origin=origin, session_name="FreeSWITCH", connection=where, media=[audio])
        ).encode()

    def answer(self, remote: RemoteAudio) -> bytes:
        """Write our answer to the other side's offer."""
        return self.offer([remote.codec], remote.event_type, ANSWER_DIRECTION[remote.direction])


def read_audio(body: str, allowed: Sequence[str]) -> RemoteAudio:
    """Read an SDP body; the codec is the first one in it that is allowed. Raises NoCommonCodec."""
    try:
        sdp = parse_sdp(body)
    except (ValueError, IndexError) as error:
        raise NoCommonCodec(f"unreadable SDP: {error}") from error
    audio, address = sdp.audio, sdp.rtp_address
    if audio is None or address is None:
        raise NoCommonCodec("no audio in the SDP")
    event_type = next(
        (codec.payload_type for codec in audio.codecs if codec.encoding_name.lower() == "telephone-event"), None
    )
    for offered in audio.codecs:
        name = offered.encoding_name.upper() or CODEC_NAMES.get(offered.payload_type, "")
        if name in allowed and PAYLOAD_TYPES.get(name) == offered.payload_type:
            return RemoteAudio(address, name, event_type, _direction(sdp, audio))
    raise NoCommonCodec(f"{', '.join(codec.encoding_name for codec in audio.codecs)}: none of {', '.join(allowed)}")


def _direction(sdp: SdpMessage, audio: MediaDescription) -> str:
    for attributes in (audio.attributes, sdp.attributes):
        for direction in ANSWER_DIRECTION:
            if direction in attributes:
                return direction
    return "sendrecv"
