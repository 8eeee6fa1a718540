"""Listening before the message, and on while it plays."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from fs_scripts.amd.detector import FRAME_SAMPLES, Verdict
from fs_scripts.amd.tap import path_for
from fs_scripts.ear import Ear

ATTEMPT = "92694f38-9c3b-4674-a91f-a8aae8325fe6"
SECOND = np.zeros(FRAME_SAMPLES * 50, dtype="<i2").tobytes()


class Channel:
    """Writes a second of audio as soon as it is tapped."""

    def __init__(self):
        self.is_tapped = False
        self.interrupted = threading.Event()

    def start_tap(self, path):
        self.is_tapped = True
        path.write_bytes(SECOND)

    def stop_recording(self, path):
        self.is_tapped = False

    def interrupt(self):
        self.interrupted.set()

    def is_up(self):
        return True

    def has_key(self):
        return False

    def wait(self, duration_ms):
        raise AssertionError("the verdict lies in what was written")


def detector(verdict, at=10):
    state = SimpleNamespace(frames=0)

    def feed(frame):
        state.frames += 1
        return verdict if state.frames == at else None

    return SimpleNamespace(feed=feed, give_up=lambda: Verdict.UNSURE, evidence=lambda: {"frames": state.frames})


@pytest.fixture
def channel():
    return Channel()


def ear(channel, tap_dir, verdict, kept=None):
    kept = [] if kept is None else kept
    return Ear(channel, ATTEMPT, tap_dir, detector(verdict), lambda *fact: kept.append(fact))


def test_it_keeps_the_evidence_and_leaves_no_tap_behind(channel, tmp_path):
    kept = []
    assert ear(channel, tmp_path, Verdict.HUMAN, kept).decide() is Verdict.HUMAN
    ((verdict, evidence),) = kept
    assert verdict is Verdict.HUMAN
    assert evidence["frames"] == 10
    assert not channel.is_tapped
    assert not path_for(tmp_path, ATTEMPT).exists()


@pytest.mark.parametrize("verdict", [Verdict.MACHINE, Verdict.FAX])
def test_a_machine_interrupts_the_message(channel, tmp_path, verdict):
    listener = ear(channel, tmp_path, verdict)
    listener.listen_on()
    assert channel.interrupted.wait(5)
    assert listener.decide_on_what_was_heard() is verdict
    assert not path_for(tmp_path, ATTEMPT).exists()


def test_a_person_is_not_interrupted(channel, tmp_path):
    listener = ear(channel, tmp_path, Verdict.HUMAN)
    listener.listen_on()
    while listener._watch._thread.is_alive():
        listener._watch._thread.join(5)
    assert listener.decide_on_what_was_heard() is Verdict.HUMAN
    assert not channel.interrupted.is_set()


def test_the_end_of_the_message_ends_the_listening_undecided(channel, tmp_path):
    listener = ear(channel, tmp_path, None)
    listener.listen_on()
    assert listener.decide_on_what_was_heard() is None
    assert not channel.is_tapped


def test_who_did_not_listen_has_heard_nothing(channel, tmp_path):
    assert ear(channel, tmp_path, Verdict.MACHINE).decide_on_what_was_heard() is None


def test_a_detector_that_breaks_treats_whoever_answered_as_a_person(channel, tmp_path):
    def feed(frame):
        raise ValueError("a bug")

    listener = Ear(channel, ATTEMPT, tmp_path, SimpleNamespace(feed=feed), lambda *fact: None)
    listener.listen_on()
    assert listener.decide_on_what_was_heard() is None
