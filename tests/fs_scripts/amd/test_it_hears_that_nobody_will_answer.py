"""Before the answer: what only the network sends decides; ring-back, tunes and speech never do."""

import numpy as np
import pytest

from fs_scripts.amd.detector import FRAME_MS, FRAME_SAMPLES
from fs_scripts.amd.early_media import EarlyMedia, EarlyVerdict
from tests.fs_scripts.amd.sounds import silence, tone, voice

SIT = (tone(950, 330), tone(1400, 330), tone(1800, 330))
AMERICAN_SIT = (tone(914, 274), tone(1428, 380), tone(1777, 380))


def heard(*parts, noise=0.0, lost=()):
    """Return the verdict, when it came, and what decided."""
    samples = np.concatenate([*parts, silence(1000)])
    samples = samples + np.random.default_rng(3).normal(0, noise, len(samples))
    frames = np.clip(samples, -32768, 32767).astype(np.int16)
    detector = EarlyMedia()
    for number in range(len(frames) // FRAME_SAMPLES):
        frame = frames[number * FRAME_SAMPLES : (number + 1) * FRAME_SAMPLES]
        if verdict := detector.feed(np.zeros_like(frame) if number in lost else frame):
            return verdict, (number + 1) * FRAME_MS, detector.kind
    return None


def cadence(hertz, on_ms, off_ms, times=8):
    return [part for _ in range(times) for part in (tone(hertz, on_ms), silence(off_ms))]


@pytest.mark.parametrize("tones", [SIT, AMERICAN_SIT])
@pytest.mark.parametrize("noise", [0, 500])
def test_the_special_information_tone_is_unreachable(tones, noise):
    verdict, at_ms, kind = heard(silence(700), *tones, silence(300), voice(3000), noise=noise)
    assert (verdict, kind) == (EarlyVerdict.UNREACHABLE, "sit")
    assert at_ms <= 700 + 1100


def test_it_may_follow_a_ring():
    assert heard(tone(425, 1000), silence(4000), *SIT)[0] is EarlyVerdict.UNREACHABLE


@pytest.mark.parametrize(
    ("hertz", "on_ms", "off_ms", "kind"),
    [
        (425, 350, 350, "busy"), (425, 400, 400, "busy"), (425, 500, 500, "busy"), ((480, 620), 500, 500, "busy"),
        (400, 375, 375, "busy"), (425, 200, 200, "congestion"), (425, 250, 250, "congestion"),
        ((480, 620), 250, 250, "congestion"), (450, 350, 350, "busy"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("noise", [0, 400])
@pytest.mark.parametrize("lost", [(), (80,)])
def test_busy_and_congestion_are_busy_by_their_fourth_tone(hertz, on_ms, off_ms, kind, noise, lost):
    verdict, at_ms, found = heard(silence(500), *cadence(hertz, on_ms, off_ms), noise=noise, lost=lost)
    assert (verdict, found) == (EarlyVerdict.BUSY, kind)
    assert at_ms <= 500 + (6 if lost else 4) * (on_ms + off_ms)


@pytest.mark.parametrize(
    "parts",
    [
        cadence(425, 1000, 4000, 3),
        cadence(425, 800, 3200, 3),
        cadence((440, 480), 2000, 4000, 2),
        [*cadence((400, 450), 400, 200, 2), silence(1800)] * 3,
        cadence(425, 350, 350, 3),
        [voice(9000)],
        [voice(9000, pitch=210, seed=4)],
        cadence((697, 1209), 100, 100),
        cadence(1000, 350, 350),
        [part for hertz in (523, 659, 784, 659) * 3 for part in (tone(hertz, 250), silence(250))],
        [tone(950, 330), tone(1400, 330)],
        [tone(1800, 330), tone(1400, 330), tone(950, 330)],
        [tone(425, 6000)],
        [silence(8000)],
    ],
)
@pytest.mark.parametrize("noise", [0, 400])
def test_nothing_else_decides(parts, noise):
    assert heard(silence(300), *parts, noise=noise) is None


def test_a_busy_tone_within_a_tune_is_none():
    beat = [part for _ in range(8) for part in (tone(425, 350), tone((523, 784, 1046), 350))]
    assert heard(silence(300), *beat) is None


def test_the_evidence_lists_the_tones():
    detector = EarlyMedia()
    samples = np.concatenate([silence(700), *SIT, silence(500)]).astype(np.int16)
    for start in range(0, len(samples) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        detector.feed(samples[start : start + FRAME_SAMPLES])
    evidence = detector.evidence()
    assert evidence["verdict"] == "unreachable"
    assert [round(one["hz"], -1) for one in evidence["tones"]] == [950, 1400, 1800]
