"""What the detector knows every 100 ms of every recording: rows for training, and for replaying the stopping rule."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from fs_scripts.amd.detector import FRAME_MS, FRAME_SAMPLES, Verdict
from fs_scripts.amd.signals import Signals
from fs_scripts.amd.spectrum import FRAMES, Analyser
from fs_scripts.amd.timeline import FEATURES, Timeline

LONGEST_MS = 4000


@dataclass(frozen=True, slots=True)
class Trace:
    """One recording. rows: features at `at_ms`; the signal's verdict, if one, and when."""

    at_ms: npt.NDArray[np.int64]
    since_ms: npt.NDArray[np.int64]
    trailing_ms: npt.NDArray[np.int64]
    rows: npt.NDArray[np.float32]
    last_ring_ms: int
    signal: Verdict | None
    signal_ms: int


def trace(path: Path) -> Trace:
    """Follow a recording to LONGEST_MS, or to a tone that decides."""
    samples = soundfile.read(path, dtype="int16")[0][: LONGEST_MS * 8]
    analyser, signals, timeline = Analyser(), Signals(), Timeline()
    times: list[tuple[int, int, int]] = []
    rows: list[list[float]] = []
    verdict, step = None, FRAMES * FRAME_SAMPLES
    heard = 0
    for start in range(0, len(samples) - step + 1, step):
        heard += FRAMES * FRAME_MS
        for sound in analyser.analyse(samples[start : start + step]):
            verdict = verdict or signals.hear(sound)
            timeline.hear(sound, is_signal=signals.is_ring_back(sound))
        if verdict:
            break
        if timeline.onset is not None:
            times.append((heard, timeline.since_onset_ms(), timeline.trailing_ms()))
            rows.append(timeline.features())
    at, since, trailing = np.array(times, np.int64).reshape(-1, 3).T
    features = np.array(rows, np.float32).reshape(-1, len(FEATURES))
    return Trace(at, since, trailing, features, signals.last_ring_ms, verdict, heard if verdict else 0)
