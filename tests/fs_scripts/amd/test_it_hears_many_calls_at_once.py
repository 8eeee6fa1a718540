"""A call is judged the same whether it is listened to alone or among others."""

import numpy as np
import pytest

from fs_scripts.amd import together
from fs_scripts.amd.decision import AnswerDetector
from fs_scripts.amd.detector import FRAME_SAMPLES
from fs_scripts.amd.early_media import EarlyMedia
from tests.fs_scripts.amd.sounds import heard, silence, tone, voice

LINES = [
    heard(silence(300), voice(700)),
    heard(silence(100), voice(6000, pitch=210, seed=4)),
    heard(silence(400), tone(950, 330), tone(1400, 330), tone(1800, 330)),
    heard(silence(900), voice(900, pitch=180, level=300, seed=9), silence(500), voice(2000, seed=2)),
    heard(),
]


def frames(samples):
    return samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)


def alone(make, samples):
    detector = make()
    together.feed([(detector, frames(samples))])
    return detector


@pytest.mark.parametrize("make", [AnswerDetector, EarlyMedia])
def test_others_change_nothing(make):
    detectors = [make() for _ in LINES]
    steps = [np.array_split(frames(samples), 40) for samples in LINES]
    for step in zip(*steps, strict=True):
        together.feed(list(zip(detectors, step, strict=True)))
    for detector, samples in zip(detectors, LINES, strict=True):
        expected = alone(make, samples)
        evidence, wanted = detector.evidence(), expected.evidence()
        assert evidence.pop("features", {}) == pytest.approx(wanted.pop("features", {}), abs=2e-3)
        assert evidence == wanted


def test_a_frame_at_a_time_is_the_same_as_all_at_once():
    for samples in LINES:
        detector = AnswerDetector()
        for frame in frames(samples):
            if detector.feed(frame):
                break
        assert detector.evidence() == alone(AnswerDetector, samples).evidence()
