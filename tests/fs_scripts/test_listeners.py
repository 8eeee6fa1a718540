"""The thread that listens to all calls: between their growing recordings and their detectors."""

import threading

import numpy as np
import pytest

from fs_scripts import listeners
from fs_scripts.amd.detector import FRAME_SAMPLES, Verdict
from fs_scripts.amd.tap import Tap, path_for, sweep
from fs_scripts.listeners import Listener, Listeners
from tests.fs_scripts.amd.detectors import Broken, Counting


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def thread(clock):
    """Return all that the listening thread does, to be run step by step."""
    return Listeners(clock)


def written(count, value=1):
    return np.full(count, value, dtype="<i2").tobytes()


def started(thread, path, detector, told=None):
    listener = Listener(Tap(path), detector)
    thread.start(listener, told)
    return listener


def test_it_feeds_whole_frames_of_a_file_that_appears_late_and_grows(thread, tmp_path):
    path, detector = tmp_path / "a.r8", Counting(decides_at=5)
    listener = started(thread, path, detector)
    thread.listen()
    path.write_bytes(written(FRAME_SAMPLES * 4 + 10))
    thread.listen()
    assert listener.verdict is None
    with path.open("ab") as file:
        file.write(written(FRAME_SAMPLES - 10, 2))
    thread.listen()
    assert listener.verdict is Verdict.MACHINE
    assert [len(frame) for frame in detector.frames] == [FRAME_SAMPLES] * 5
    assert list(detector.frames[4][:11]) == [1] * 10 + [2]


def test_each_call_is_decided_by_what_was_said_on_it(thread, tmp_path):
    calls = []
    for name, decides_at in (("a", 5), ("b", 10), ("c", None)):
        (tmp_path / name).write_bytes(written(FRAME_SAMPLES * 12))
        calls.append(started(thread, tmp_path / name, Counting(decides_at=decides_at)))
    thread.listen()
    assert [one.verdict for one in calls] == [Verdict.MACHINE, Verdict.MACHINE, None]
    assert [one.frames for one in calls] == [5, 10, 10]


def test_what_comes_after_the_verdict_is_left_for_the_beep(thread, tmp_path):
    (tmp_path / "a").write_bytes(written(FRAME_SAMPLES * 12))
    listener = started(thread, tmp_path / "a", Counting(decides_at=5))
    thread.listen()
    listener.hear_beeps()
    assert listener.frames == 12


def test_it_gives_up_before_the_message_is_late(thread, clock, tmp_path):
    listener = started(thread, tmp_path / "a", Counting())
    clock.now_s += listeners.LONGEST_S - 0.01
    thread.listen()
    assert listener.verdict is None
    clock.now_s += 0.01
    thread.listen()
    assert listener.verdict is Verdict.UNSURE


def test_it_tells_of_a_verdict_once(thread, tmp_path):
    told = []
    (tmp_path / "a").write_bytes(written(FRAME_SAMPLES * 12))
    started(thread, tmp_path / "a", Counting(decides_at=5), told.append)
    thread.listen()
    thread.listen()
    assert told == [Verdict.MACHINE]


def test_a_call_that_is_not_listened_to_any_more_is_fed_nothing(thread, tmp_path):
    listener = started(thread, tmp_path / "a", Counting(decides_at=5))
    assert thread.stop(listener) is None
    (tmp_path / "a").write_bytes(written(FRAME_SAMPLES * 12))
    thread.listen()
    assert (listener.frames, listener.verdict) == (0, None)


@pytest.mark.parametrize("step", Broken.STEPS)
def test_a_detector_that_breaks_is_unsure_and_disturbs_no_other(thread, clock, tmp_path, step):
    (tmp_path / "a").write_bytes(written(FRAME_SAMPLES * 12))
    broken, sound = (started(thread, tmp_path / "a", one) for one in (Broken(step), Counting(decides_at=10)))
    thread.listen()
    clock.now_s += listeners.LONGEST_S
    thread.listen()
    assert (broken.verdict, sound.verdict) == (Verdict.UNSURE, Verdict.MACHINE)
    assert broken.evidence() == {"reason": "failed"}


def test_who_fails_to_be_told_disturbs_no_other(thread, tmp_path):
    def fails(verdict):
        raise RuntimeError("the call is gone")

    (tmp_path / "a").write_bytes(written(FRAME_SAMPLES * 12))
    calls = [started(thread, tmp_path / "a", Counting(decides_at=5), fails) for _ in range(2)]
    thread.listen()
    assert [one.verdict for one in calls] == [Verdict.MACHINE] * 2


def test_the_thread_listens_to_whoever_comes(tmp_path):
    told, thread = threading.Event(), Listeners()
    threading.Thread(target=thread.run, daemon=True).start()
    for name in ("a", "b"):
        told.clear()
        (tmp_path / name).write_bytes(written(FRAME_SAMPLES * 12))
        started(thread, tmp_path / name, Counting(decides_at=5), lambda verdict: told.set())
        assert told.wait(5), name


def test_the_sweep_makes_a_private_folder_and_empties_it(tmp_path):
    folder = tmp_path / "taps"
    assert sweep(folder) == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    path_for(folder, "b").write_bytes(b"")
    assert sweep(folder) == 1
    assert list(folder.iterdir()) == []
