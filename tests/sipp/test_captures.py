"""Captures hold what a telephone would send: A-law every 20 ms, keys as RFC 4733 wants, one unbroken stream."""

import itertools
import struct
import wave

import numpy as np
import pytest

from sipp.alaw import encode
from sipp.capture import KEYS, RtpStream, read_wav, write_digit_capture, write_pcma_capture, write_wav_capture
from sipp.kinds import KINDS, PACES
from sipp.timeline import chunks
from sipp.tones import key, noise, tone


def frames(path):
    """Return (time in ms, IP header, RTP packet) of every packet of a capture."""
    data = path.read_bytes()
    assert data[:4] == b"\xd4\xc3\xb2\xa1"
    assert struct.unpack("<I", data[20:24]) == (1,)
    place, found = 24, []
    while place < len(data):
        seconds, micros, kept, length = struct.unpack_from("<IIII", data, place)
        frame = data[place + 16 : place + 16 + kept]
        assert kept == length == len(frame)
        found.append((seconds * 1000 + micros // 1000, frame[14:34], frame[42:]))
        place += 16 + kept
    return found


def rtp(packet):
    first, kind, sequence, timestamp, source = struct.unpack("!BBHII", packet[:12])
    assert first == 0x80
    return bool(kind & 0x80), kind & 0x7F, sequence, timestamp, source, packet[12:]


@pytest.mark.parametrize(
    ("sample", "coded"),
    # ITU-T G.711, table 1a: decision values and the code words (with even bits inverted).
    [(0, 0xD5), (-1, 0x55), (8, 0xD5), (16, 0xD4), (32767, 0xAA), (-32768, 0x2A), (1024, 0xE5), (-1024, 0x7A)],
)
def test_a_law_codes_as_the_standard_says(sample, coded):
    assert encode(np.array([sample], dtype=np.int16)) == bytes([coded])


def test_a_law_decodes_to_within_its_own_steps():
    samples = np.arange(-32768, 32768, 7).astype(np.int16)
    heard = np.array([decoded(byte) for byte in encode(samples)])
    assert np.all(np.abs(heard - samples) <= np.maximum(16, np.abs(samples.astype(int)) / 16))


def decoded(byte):
    value = byte ^ 0x55
    segment, mantissa = (value >> 4) & 7, value & 0x0F
    magnitude = (mantissa << 4) + 8 if segment == 0 else ((mantissa << 4) + 0x108) << (segment - 1)
    return magnitude if value & 0x80 else -magnitude


def test_audio_is_a_packet_every_20_ms_with_steps_of_160(tmp_path):
    path = tmp_path / "a.pcap"
    write_pcma_capture(tone((440,), 1000), path)
    packets = [(at, *rtp(packet)) for at, _, packet in frames(path)]
    assert len(packets) == 50
    assert {after[0] - before[0] for before, after in itertools.pairwise(packets)} == {20}
    assert {after[3] - before[3] for before, after in itertools.pairwise(packets)} == {1}
    assert {after[4] - before[4] for before, after in itertools.pairwise(packets)} == {160}
    assert {packet[2] for packet in packets} == {8}
    assert [packet[1] for packet in packets] == [True] + [False] * 49
    assert {len(packet[6]) for packet in packets} == {160}


def test_headers_carry_a_right_checksum_and_length(tmp_path):
    path = tmp_path / "a.pcap"
    write_pcma_capture(noise(40), path)
    for _, header, packet in frames(path):
        total = sum(struct.unpack("!10H", header))
        assert (total & 0xFFFF) + (total >> 16) == 0xFFFF
        assert struct.unpack("!H", header[2:4])[0] == 28 + len(packet)


@pytest.mark.parametrize("digit", KEYS)
def test_a_key_is_one_event_that_grows_and_ends_three_times(tmp_path, digit):
    path = tmp_path / "key.pcap"
    write_digit_capture(digit, path)
    packets = [rtp(packet) for _, _, packet in frames(path)]
    events = [struct.unpack("!BBH", packet[5]) for packet in packets]
    assert {event for event, _, _ in events} == {"0123456789*#ABCD".index(digit)}
    assert {packet[1] for packet in packets} == {101}
    assert len({packet[3] for packet in packets}) == 1
    assert [packet[0] for packet in packets] == [True] + [False] * 9
    assert [duration for _, _, duration in events] == [*range(160, 1281, 160), 1280, 1280]
    assert [bool(flags & 0x80) for _, flags, _ in events] == [False] * 7 + [True] * 3


def test_two_keys_of_one_stream_have_different_timestamps():
    stream = RtpStream()
    stream.press("1")
    stream.say(noise(100))
    stream.press("1")
    events = {rtp(packet)[3] for _, packet in stream.take() if rtp(packet)[1] == 101}
    assert len(events) == 2


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.answers], ids=lambda kind: kind.name)
def test_a_call_is_one_stream_over_all_its_captures(tmp_path, kind):
    made = chunks(kind, PACES[0], tmp_path, "c")
    sequences, sources, timestamps = [], set(), []
    for chunk in made:
        packets = [rtp(packet) for _, _, packet in frames(tmp_path / chunk.capture)] if chunk.capture else []
        sequences += [packet[2] for packet in packets]
        timestamps += [packet[3] for packet in packets]
        sources |= {packet[4] for packet in packets}
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))
    assert timestamps == sorted(timestamps)
    assert len(sources) == 1
    assert made[-1].ms is None or made[-1].hangs_up


def test_keys_in_the_audio_have_the_two_tones_of_their_row_and_column():
    spectrum = np.abs(np.fft.rfft(key("6", 200).astype(float)))
    loudest = sorted(np.argsort(spectrum)[-2:] * 5)
    assert loudest == pytest.approx([770, 1477], abs=5)


def test_a_wav_of_another_rate_is_refused(tmp_path):
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(bytes(3200))
    with pytest.raises(ValueError, match="8 kHz"):
        read_wav(path)
    with pytest.raises(ValueError, match="8 kHz"):
        write_wav_capture(path, tmp_path / "a.pcap")
