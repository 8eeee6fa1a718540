"""The loop between the growing recording and the detector."""

import numpy as np
import pytest

from fs_scripts.amd import listening
from fs_scripts.amd.detector import FRAME_SAMPLES, Verdict
from fs_scripts.amd.tap import Tap, path_for, sweep


class Waiting:
    """A line on which only the time passes; `script` maps the wait's number to what happens then."""

    def __init__(self, script=None):
        self.now_s = 0.0
        self.waits = 0
        self.keys = False
        self.up = True
        self.script = script or {}

    def is_up(self):
        return self.up

    def has_key(self):
        return self.keys

    def wait(self, duration_ms):
        self.waits += 1
        self.now_s += duration_ms / 1000
        self.script.get(self.waits, lambda line: None)(self)


class Counting:
    """A detector that decides on its nth frame."""

    def __init__(self, decides_at=None):
        self.frames = []
        self.decides_at = decides_at

    def feed(self, frame):
        self.frames.append(frame)
        return Verdict.MACHINE if len(self.frames) == self.decides_at else None

    def give_up(self):
        return Verdict.UNSURE

    def evidence(self):
        return {}


def written(count, value=1):
    return np.full(count, value, dtype="<i2").tobytes()


def listen(line, detector, tap):
    return listening.listen(line, detector, tap, clock=lambda: line.now_s)


def test_it_feeds_whole_frames_of_a_file_that_appears_late_and_grows(tmp_path):
    tap = Tap(tmp_path / "a.r8")
    line = Waiting(
        {
            5: lambda line: tap.path.write_bytes(written(FRAME_SAMPLES * 3 + 10)),
            6: lambda line: tap.path.open("ab").write(written(FRAME_SAMPLES - 10, 2)),
        }
    )
    detector = Counting(decides_at=4)
    assert listen(line, detector, tap) is Verdict.MACHINE
    assert [len(frame) for frame in detector.frames] == [FRAME_SAMPLES] * 4
    assert list(detector.frames[3][:11]) == [1] * 10 + [2]
    assert line.waits == 6


def test_a_key_means_a_person_whatever_is_heard(tmp_path):
    tap = Tap(tmp_path / "a.r8")
    tap.path.write_bytes(written(FRAME_SAMPLES * 2))
    line = Waiting({1: lambda line: setattr(line, "keys", True)})
    assert listen(line, Counting(decides_at=3), tap) is Verdict.HUMAN


def test_a_hang_up_ends_it(tmp_path):
    line = Waiting({2: lambda line: setattr(line, "up", False)})
    assert listen(line, Counting(), Tap(tmp_path / "a.r8")) is None


def test_it_gives_up_before_the_message_is_late(tmp_path):
    line = Waiting()
    assert listen(line, Counting(), Tap(tmp_path / "a.r8")) is Verdict.UNSURE
    assert line.now_s == pytest.approx(listening.LONGEST_MS / 1000, abs=listening.POLL_MS / 1000)


def test_the_sweep_makes_a_private_folder_and_empties_it(tmp_path):
    folder = tmp_path / "taps"
    assert sweep(folder) == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    path_for(folder, "b").write_bytes(b"")
    assert sweep(folder) == 1
    assert list(folder.iterdir()) == []
