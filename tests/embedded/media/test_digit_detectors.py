"""Digits from telephone-events and from tones, at the level of packets and samples."""

import numpy as np
import pytest
from aiortp.dtmf import DTMF_EVENTS, DtmfEvent

from embedded_switch.digits_inband import InbandDetector
from embedded_switch.digits_rfc4733 import EventReader
from embedded_switch.media_tone import parse_tones
from sipp.capture import read_wav
from tests.switch.sounds import VOICES


def event(digit: str, duration: int, *, end: bool) -> bytes:
    return DtmfEvent(DTMF_EVENTS[digit], end, 10, duration).serialize()


def test_a_press_counts_once_when_its_first_end_packet_comes():
    reader = EventReader()
    packets = [event("5", ms * 8, end=False) for ms in (20, 40, 60)] + [event("5", 640, end=True)] * 3
    assert [reader.read(100, packet) for packet in packets] == [None, None, None, ("5", 80), None, None]


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_lost_end_packets_do_no_harm_as_long_as_one_comes(lost):
    reader = EventReader()
    packets = [event("5", 160, end=False)] + [event("5", 640, end=True)] * (3 - lost)
    assert [press for packet in packets if (press := reader.read(100, packet))] == [("5", 80)]


def test_a_press_without_any_end_packet_is_no_digit_as_in_freeswitch():
    reader = EventReader()
    assert reader.read(100, event("5", 160, end=False)) is None
    assert reader.read(5000, event("6", 640, end=True)) == ("6", 80)


def test_two_presses_of_one_key_are_told_apart_by_their_timestamps():
    reader = EventReader()
    assert [reader.read(at, event("1", 640, end=True)) for at in (100, 100, 2000)] == [("1", 80), None, ("1", 80)]


def test_events_that_are_no_keys_and_broken_packets_are_ignored():
    reader = EventReader()
    assert reader.read(1, bytes([16, 0x80, 0, 160])) is None
    assert reader.read(2, b"\x01") is None


def presses(samples: np.ndarray) -> list[tuple[str, int]]:
    detector = InbandDetector()
    padded = np.concatenate([samples, np.zeros(1600, dtype="<i2")]).astype("<i2")
    frames = [padded[start : start + 160].tobytes() for start in range(0, padded.size - 159, 160)]
    return [press for pcm in frames if (press := detector.feed(pcm))]


@pytest.mark.parametrize("key", "1234567890*#ABCD")
def test_each_keys_tones_are_that_key(key):
    assert [digit for digit, _ in presses(parse_tones(f"v=-10;d=100;w=100;{key}").samples)] == [key]


def test_tones_are_told_apart_and_timed():
    found = presses(parse_tones("d=80;w=80;1122").samples)
    assert [digit for digit, _ in found] == ["1", "1", "2", "2"]
    assert all(60 <= ms <= 120 for _, ms in found)


def test_a_quiet_key_is_heard_and_a_click_is_not():
    assert [digit for digit, _ in presses(parse_tones("v=-30;d=100;7").samples)] == ["7"]
    assert presses(parse_tones("v=-10;d=15;7").samples) == []


def test_noise_lies_over_a_key_without_hiding_it():
    tones = parse_tones("v=-10;d=100;w=100;3").samples.astype(float)
    noisy = tones + np.random.default_rng(7).normal(0, 300, tones.size)
    assert [digit for digit, _ in presses(noisy.clip(-32768, 32767).astype("<i2"))] == ["3"]


@pytest.mark.parametrize("hertz", ["425", "350,440", "697", "1209", "1000"])
def test_other_tones_are_no_keys(hertz):
    assert presses(parse_tones(f"%(1000,100,{hertz})").samples) == []


@pytest.mark.parametrize("voice", sorted(path.stem for path in VOICES.glob("*.wav")))
def test_speech_is_no_key(voice):
    assert presses(read_wav(VOICES / f"{voice}.wav")) == []
