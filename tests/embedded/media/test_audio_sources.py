"""What playback takes: files of several kinds, tones, silence."""

import os
import wave

import numpy as np
import pytest
import soundfile
from aiortp.codecs import PcmaCodec

from embedded_switch.media_source import SourceNotFound, open_source
from embedded_switch.media_tone import BadToneScript, parse_tones

TONE = (8000 * np.sin(2 * np.pi * 425 * np.arange(800) / 8000)).astype("<i2")


def linear(source, codec="PCMA"):
    """Play a source to its end; its samples, as a callee would hear them."""
    return np.frombuffer(b"".join(PcmaCodec().decode(payload) for payload in source.payloads(codec)), "<i2")


def write_wav(path, samples=TONE):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(samples.tobytes())


def loudest_hz(samples, rate=8000):
    return int(np.abs(np.fft.rfft(samples)).argmax() * rate / samples.size)


def test_a_wav_is_cut_to_frames_of_20_ms(tmp_path):
    write_wav(tmp_path / "a.wav", TONE[:500])
    payloads = list(open_source(str(tmp_path / "a.wav")).payloads("PCMU"))
    assert [len(payload) for payload in payloads] == [160] * 4


def test_every_kind_of_file_sounds_the_same(tmp_path):
    write_wav(tmp_path / "a.wav")
    (tmp_path / "a.r8").write_bytes(TONE.tobytes())
    (tmp_path / "a.raw").write_bytes(TONE.tobytes())
    (tmp_path / "a.PCMA").write_bytes(PcmaCodec().encode(TONE.tobytes()))
    heard = [linear(open_source(str(tmp_path / f"a.{kind}"))) for kind in ("wav", "r8", "raw", "PCMA")]
    assert all((samples == heard[0]).all() for samples in heard)
    assert np.abs(heard[0][:800] - TONE).max() < 300


def test_a_stereo_wav_at_another_rate_is_brought_to_8_khz(tmp_path):
    time = np.arange(44100) / 44100
    both = np.stack([np.sin(2 * np.pi * 440 * time)] * 2, axis=1) * 0.5
    soundfile.write(tmp_path / "b.wav", both, 44100)
    samples = linear(open_source(str(tmp_path / "b.wav")))
    assert samples.size == 8000
    assert loudest_hz(samples) == 440


def test_a_changed_file_is_read_again(tmp_path):
    path = tmp_path / "a.r8"
    path.write_bytes(TONE.tobytes())
    first = open_source(str(path))
    assert open_source(str(path)) is first
    path.write_bytes(bytes(TONE.nbytes))
    os.utime(path, ns=(1, 1))
    assert not np.abs(linear(open_source(str(path)))).max() > 8


@pytest.mark.parametrize("spec", ["/nowhere/x.wav", "shout://radio", "tone_stream://%(x)", "silence_stream://soon"])
def test_what_cannot_be_played_says_so(spec):
    with pytest.raises(SourceNotFound):
        open_source(spec)


def test_a_file_without_audio_says_so(tmp_path):
    (tmp_path / "a.wav").write_text("no audio")
    with pytest.raises(SourceNotFound):
        open_source(str(tmp_path / "a.wav"))


def test_silence_lasts_as_long_as_asked():
    assert linear(open_source("silence_stream://1000")).size == 8000


def test_a_tone_script_spells_tones_pauses_and_loops():
    samples = linear(open_source("tone_stream://%(100,60,425);loops=3"))
    assert samples.size == 3 * 1280
    assert loudest_hz(samples[:800]) == 420  # bins are 10 Hz wide
    assert np.abs(samples[810:1280]).max() < 20


def test_endless_sources_never_stop():
    payloads = open_source("tone_stream://%(20,0,425);loops=-1").payloads("PCMA")
    assert len([next(payloads) for _ in range(10000)]) == 10000


def test_louder_is_louder_by_so_many_decibels():
    peaks = [int(np.abs(parse_tones(f"v={level};%(100,0,425)").samples.astype(int)).max()) for level in (-7, -13)]
    assert 1.9 < peaks[0] / peaks[1] < 2.1


@pytest.mark.parametrize("script", ["", "loops=2", "%(100)", "xyz", "%(1,2,a)"])
def test_a_bad_tone_script_is_refused(script):
    with pytest.raises(BadToneScript):
        parse_tones(script)
