"""Writes captures (pcap) of one side's RTP, which SIPp plays with `play_pcap_audio`: PCMA and keys of RFC 4733."""

import struct
import wave
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sipp.alaw import encode
from sipp.tones import RATE, Samples

PACKET_MS = 20
PACKET_SAMPLES = RATE * PACKET_MS // 1000
PCMA = 8
TELEPHONE_EVENT = 101
"""Payload types; SIPp's own SDP must say the same."""

KEYS = "0123456789*#ABCD"
"""A key's place is its event code (RFC 4733, table 3)."""

KEY_MS = 160
KEY_VOLUME = 10
END_REPEATS = 3
"""The last packet of an event is sent three times, as RFC 4733 wants."""

PORT = 6000
"""Port in the capture; SIPp puts the call's own ports in its place."""

PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
ETHERNET = bytes(6) + bytes(6) + b"\x08\x00"
LOOPBACK = bytes((127, 0, 0, 1))


@dataclass
class RtpStream:
    """One side's RTP, packet by packet at its own time: sequence, timestamp and source stay one over many pieces.

    at_ms: where the stream is. packets: (time in ms, RTP packet), in order.
    """

    source: int = 0x51BB0001
    sequence: int = 1000
    first_timestamp: int = 160_000
    at_ms: int = 0
    packets: list[tuple[int, bytes]] = field(default_factory=list)
    _talking: bool = False

    def say(self, samples: Samples) -> None:
        """Send audio; the last packet is filled with silence."""
        padded = np.pad(samples, (0, -len(samples) % PACKET_SAMPLES))
        coded = encode(padded)
        for start in range(0, len(coded), PACKET_SAMPLES):
            self._send(PCMA, coded[start : start + PACKET_SAMPLES], marker=not self._talking, timestamp=self._now())
            self._talking = True
            self.at_ms += PACKET_MS

    def wait(self, ms: int) -> None:
        """Send nothing, as a telephone that suppresses silence does."""
        self.at_ms += ms // PACKET_MS * PACKET_MS
        self._talking = False

    def press(self, digit: str, ms: int = KEY_MS) -> None:
        """Send a key as telephone events; audio stops meanwhile."""
        began, event = self._now(), KEYS.index(digit)
        count = ms // PACKET_MS
        for number in range(1, count + 1):
            self._event(event, number * PACKET_SAMPLES, began, is_end=number == count, marker=number == 1)
            self.at_ms += PACKET_MS
        for _ in range(END_REPEATS - 1):
            self._event(event, count * PACKET_SAMPLES, began, is_end=True, marker=False)
            self.at_ms += PACKET_MS
        self._talking = False

    def take(self) -> list[tuple[int, bytes]]:
        """Return the packets since the last take; the stream goes on."""
        taken, self.packets = self.packets, []
        return taken

    def _now(self) -> int:
        return (self.first_timestamp + self.at_ms * RATE // 1000) & 0xFFFFFFFF

    def _event(self, event: int, duration: int, began: int, *, is_end: bool, marker: bool) -> None:
        payload = struct.pack("!BBH", event, (0x80 if is_end else 0) | KEY_VOLUME, duration)
        self._send(TELEPHONE_EVENT, payload, marker=marker, timestamp=began)

    def _send(self, payload_type: int, payload: bytes, *, marker: bool, timestamp: int) -> None:
        kind = payload_type | (0x80 if marker else 0)
        header = struct.pack("!BBHII", 0x80, kind, self.sequence & 0xFFFF, timestamp, self.source)
        self.packets.append((self.at_ms, header + payload))
        self.sequence += 1


def write_pcap(path: Path, packets: Iterable[tuple[int, bytes]]) -> None:
    """Write RTP packets, each with its time in ms, as Ethernet, IPv4 and UDP."""
    with path.open("wb") as file:
        file.write(PCAP_HEADER)
        for at_ms, rtp in packets:
            frame = _frame(rtp)
            # Time 0 would look to SIPp like "no packet yet".
            moment = at_ms + 1000
            file.write(struct.pack("<IIII", moment // 1000, moment % 1000 * 1000, len(frame), len(frame)) + frame)


def read_wav(path: Path) -> Samples:
    """Return the samples of an 8 kHz 16-bit mono WAV; ValueError for any other."""
    with wave.open(str(path)) as file:
        if (file.getframerate(), file.getsampwidth(), file.getnchannels()) != (RATE, 2, 1):
            raise ValueError(f"{path} is not 8 kHz 16-bit mono")
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.int16)


def write_pcma_capture(samples: Samples, path: Path) -> None:
    """Write a capture of one piece of audio."""
    stream = RtpStream()
    stream.say(samples)
    write_pcap(path, stream.take())


def write_wav_capture(wav: Path, path: Path) -> None:
    """Write a capture of a WAV."""
    write_pcma_capture(read_wav(wav), path)


def write_digit_capture(digit: str, path: Path, ms: int = KEY_MS) -> None:
    """Write a capture of one key (0-9, * and #, A-D) as telephone events."""
    # Another timestamp for every key: the receiver takes equal ones for repeats of one press.
    stream = RtpStream(sequence=30_000, first_timestamp=800_000 + 8000 * KEYS.index(digit))
    stream.press(digit, ms)
    write_pcap(path, stream.take())


def _frame(rtp: bytes) -> bytes:
    udp = struct.pack("!HHHH", PORT, PORT, 8 + len(rtp), 0) + rtp
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0x4000, 64, 17, 0, LOOPBACK, LOOPBACK)
    return ETHERNET + ip[:10] + _checksum(ip) + ip[12:] + udp


def _checksum(header: bytes) -> bytes:
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF)
