"""Before the answer: when what the network makes of a voice is enough to end the call, and when it is not."""

import numpy as np
import pytest

from fs_scripts.amd import announcement, model, network
from fs_scripts.amd.detector import FRAME_MS, FRAME_SAMPLES
from fs_scripts.amd.early_media import EarlyMedia, EarlyVerdict
from fs_scripts.amd.network import Listening
from tests.fs_scripts.amd.sounds import silence, tone, voice

RING = (tone(425, 1000), silence(3000))
HIGH, LOW = 99.0, -99.0


@pytest.fixture
def told(monkeypatch):
    """Let the network say what the test wants, step by step; return how many steps each voice was listened to."""
    odds, heard = [], []

    class Told(Listening):
        def __init__(self, network):
            super().__init__(network)
            heard.append(0)

    def hear(some, inputs):
        for one in some:
            heard[-1] += 1
            one.unreachable = odds[min(heard[-1], len(odds)) - 1]
        return [[]] * len(some)

    monkeypatch.setattr(announcement, "Listening", Told)
    monkeypatch.setattr(network, "hear", hear)
    return lambda *steps: odds.extend(steps) or heard


def verdict_on(*parts):
    """Return the verdict, what decided, and when."""
    samples = np.clip(np.concatenate(parts), -32768, 32767).astype(np.int16)
    detector = EarlyMedia()
    for start in range(0, len(samples) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        if verdict := detector.feed(samples[start : start + FRAME_SAMPLES]):
            return verdict, detector.kind, (start // FRAME_SAMPLES + 1) * FRAME_MS
    return None


def test_a_voice_that_is_sure_to_announce_it_is_unreachable(told):
    told(HIGH)
    verdict, kind, at_ms = verdict_on(*RING, voice(4000))
    assert (verdict, kind) == (EarlyVerdict.UNREACHABLE, "announcement")
    assert 4000 + announcement.EARLIEST_MS <= at_ms <= 4000 + announcement.EARLIEST_MS + 500


def test_ring_back_and_quiet_are_not_listened_to(told):
    heard = told(HIGH)
    assert verdict_on(*RING, *RING, silence(3000)) is None
    assert heard == []


def test_a_moment_of_certainty_is_not_enough(told):
    told(*[LOW] * 20, *[HIGH] * (announcement.STEPS - 1), LOW)
    assert verdict_on(*RING, voice(6000)) is None


def test_what_is_just_below_the_bar_lets_it_ring(told):
    told(model.load().bars.unreachable - 0.01)
    assert verdict_on(*RING, voice(6000)) is None


def test_who_talks_on_and_on_is_no_announcement_until_after_a_pause(told):
    heard = told(*[LOW] * (announcement.LONGEST_MS // announcement.STEP_MS), HIGH)
    assert verdict_on(voice(12_000)) is None
    assert verdict_on(voice(8000), silence(2000), voice(1000)) is None
    assert len(heard) == 3, "a voice after a pause is listened to from its beginning"


@pytest.mark.parametrize("pitch", [110, 210])
def test_syllables_without_words_decide_nothing(pitch):
    assert verdict_on(*RING, voice(9000, pitch=pitch)) is None
