"""A beep is reported once, soon after its end; speech, keys, tunes and the network's signals are none."""

import numpy as np
import pytest

from fs_scripts.amd.beep import BeepDetector
from fs_scripts.amd.detector import FRAME_MS, FRAME_SAMPLES
from fs_scripts.amd.spectrum import Analyser
from tests.fs_scripts.amd.sounds import silence, tone, voice


def beeps(*parts, noise=0.0, lost=()):
    """Return (beep, when it was reported) for each beep in these parts."""
    samples = np.concatenate([*parts, silence(1500)])
    samples = samples + np.random.default_rng(3).normal(0, noise, len(samples))
    frames = np.clip(samples, -32768, 32767).astype(np.int16)[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES]
    for number in lost:
        frames[number * FRAME_SAMPLES : (number + 1) * FRAME_SAMPLES] = 0
    detector = BeepDetector()
    sounds = enumerate(Analyser().analyse(frames), 1)
    return [(beep, number * FRAME_MS) for number, sound in sounds if (beep := detector.hear(sound))]


@pytest.mark.parametrize("hertz", [440, 500, 750, 1000, 1400, 2000])
@pytest.mark.parametrize("length_ms", [150, 400, 1200])
@pytest.mark.parametrize("noise", [0, 700])  # 700: 10 dB below the tone
def test_a_beep_after_a_greeting_is_reported_within_100_ms_of_its_end(hertz, length_ms, noise):
    ((beep, at_ms),) = beeps(silence(200), voice(900), silence(400), tone(hertz, length_ms), noise=noise)
    end_ms = 1500 + length_ms
    assert end_ms < at_ms <= end_ms + 100
    assert (beep.start_ms, beep.end_ms) == (pytest.approx(1500, abs=20), pytest.approx(end_ms, abs=20))
    assert beep.hz == pytest.approx(hertz, abs=3)


def test_a_lost_packet_does_not_end_a_beep():
    ((beep, _),) = beeps(silence(500), tone(1000, 600), lost=(40,))
    assert beep.end_ms == pytest.approx(1100, abs=20)


def test_each_of_two_beeps_is_reported():
    assert len(beeps(silence(300), tone(1000, 300), silence(2000), tone(1000, 300))) == 2


@pytest.mark.parametrize(
    "parts",
    [
        (tone(1000, 80),),
        (tone(1000, 1600),),
        (tone(2100, 500),),
        (tone((697, 1209), 300),),
        (tone((480, 620), 500),),
        (tone(425, 1000),),
        (tone(425, 350), silence(350), tone(425, 350)),
        (tone((440, 480), 2000),),
        (tone((400, 450), 400), silence(200), tone((400, 450), 400)),
        (tone(950, 330), tone(1400, 330), tone(1800, 330)),
        *((voice(6000, pitch, seed=seed),) for pitch in (90, 130, 220) for seed in (1, 2)),
    ],
)
@pytest.mark.parametrize("noise", [0, 700])
def test_nothing_else_is_a_beep(parts, noise):
    assert not beeps(silence(500), *parts, noise=noise)


def test_the_notes_of_a_tune_are_no_beeps():
    notes = [tone(hertz, 250) for hertz in (523, 659, 784, 659, 523, 784)]
    assert not beeps(silence(500), *notes)


def test_a_tone_that_fades_is_no_beep():
    fading = tone(800, 600) * np.exp(-np.arange(4800) / 800)
    assert not beeps(silence(500), fading)


def test_it_says_how_long_nobody_has_spoken():
    detector = BeepDetector()
    samples = np.concatenate([silence(300), voice(1000), silence(1000)]).astype(np.int16)
    for sound in Analyser().analyse(samples):
        detector.hear(sound)
    assert detector.silence_ms == pytest.approx(1000, abs=120)
