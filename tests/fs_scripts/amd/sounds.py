"""Made-up sounds for the detector: tones, and syllables with a pitch and overtones like a voice's."""

import numpy as np

from fs_scripts.amd.decision import AnswerDetector
from fs_scripts.amd.detector import FRAME_SAMPLES, Verdict

RATE = 8000


def silence(ms):
    return np.random.default_rng(ms).normal(0, 6, ms * 8)


def tone(hertz, ms, level=3000):
    at = np.arange(ms * 8) / RATE
    several = hertz if isinstance(hertz, tuple) else (hertz,)
    return sum(np.sin(2 * np.pi * f * at) for f in several) * level / len(several)


def voice(ms, pitch=130, level=3000, seed=1):
    """Return syllables of 160 ms with gaps of 40 ms; each has its own vowel and a falling pitch."""
    chance = np.random.default_rng(seed)
    parts, at = [], np.arange(160 * 8) / RATE
    for _ in range(-(-ms // 200)):
        phase = 2 * np.pi * np.cumsum(pitch * chance.uniform(0.9, 1.15) * np.linspace(1.05, 0.95, len(at))) / RATE
        formants = chance.uniform((350, 900), (800, 2300))
        made = np.zeros(len(at))
        for number in range(1, 25):
            near = min(abs(number * pitch - formant) for formant in formants)
            made += np.sin(phase * number) * np.exp(-near / 250)
        parts += [made * np.hanning(len(at)), np.zeros(320)]
    made = np.concatenate(parts)[: ms * 8]
    return made * level / np.sqrt(np.mean(made**2)) + silence(ms)[: len(made)]


def heard(*parts):
    """Return the parts one after another as int16, with silence to the end of 8 s."""
    samples = np.concatenate([*parts, silence(8000)])[: 8 * RATE]
    return np.clip(samples, -32768, 32767).astype(np.int16)


def decide(samples):
    """Return the verdict and when it came, in ms; that of giving up when the audio ends first."""
    detector = AnswerDetector()
    for start in range(0, len(samples) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        verdict = detector.feed(samples[start : start + FRAME_SAMPLES])
        if verdict is not None:
            return verdict, detector.heard_ms
    return detector.give_up(), detector.heard_ms


def is_called_machine(verdict):
    return verdict in {Verdict.MACHINE, Verdict.FAX}
