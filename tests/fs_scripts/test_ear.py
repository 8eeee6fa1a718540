"""Listening before the message, and on while it plays."""

import time

import numpy as np
import pytest

from fs_scripts import ear as ear_module
from fs_scripts.amd.detector import FRAME_SAMPLES, Verdict
from fs_scripts.amd.tap import path_for
from fs_scripts.ear import Ear, Wishes
from fs_scripts.listeners import Listeners
from fs_scripts.roles import Waited
from tests.fs_scripts.amd.detectors import Broken, Counting

ATTEMPT = "92694f38-9c3b-4674-a91f-a8aae8325fe6"
SECOND = np.zeros(FRAME_SAMPLES * 50, dtype="<i2").tobytes()


class Channel:
    """Writes a second of audio as soon as it is tapped; the listening thread runs while it waits."""

    def __init__(self):
        self.is_tapped = False
        self.interruptions = 0
        self.thread = Listeners()

    def start_tap(self, path, longest_s=0):
        self.is_tapped, self.longest_s = True, longest_s
        path.write_bytes(SECOND)

    def stop_recording(self, path):
        self.is_tapped = False

    def interrupt(self):
        self.interruptions += 1

    def is_up(self):
        return True

    def has_key(self):
        return False

    def wait(self, duration_ms):
        self.thread.listen()


@pytest.fixture
def channel():
    return Channel()


def ear(channel, tap_dir, verdict, kept=None, wishes=None, decides_at=10):
    kept = [] if kept is None else kept
    detector = Counting(verdict, decides_at if verdict else None)
    return Ear(channel, ATTEMPT, tap_dir, detector, lambda *fact: kept.append(fact), channel.thread, wishes=wishes)


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
    channel.thread.listen()
    assert channel.interruptions == 1
    assert listener.overheard() is verdict
    assert not path_for(tmp_path, ATTEMPT).exists()


def test_a_person_is_not_interrupted(channel, tmp_path):
    listener = ear(channel, tmp_path, Verdict.HUMAN)
    listener.listen_on()
    channel.thread.listen()
    assert listener.overheard() is Verdict.HUMAN
    assert channel.interruptions == 0


def test_it_listens_on_behind_the_first_prompt_until_it_is_told_to_stop(channel, tmp_path):
    listener = ear(channel, tmp_path, None)
    listener.listen_on()
    channel.thread.listen()
    assert listener.overheard() is None
    assert channel.is_tapped
    listener.stop()
    assert not channel.is_tapped
    assert not path_for(tmp_path, ATTEMPT).exists()


def test_only_what_the_campaign_cuts_short_interrupts_the_message(channel, tmp_path):
    wishes = Wishes(cut_short=frozenset({Verdict.FAX}))
    listener = ear(channel, tmp_path, Verdict.MACHINE, wishes=wishes)
    listener.listen_on()
    channel.thread.listen()
    assert listener.overheard() is Verdict.MACHINE
    assert channel.interruptions == 0


def test_audio_that_is_kept_stays_on_the_tap_which_the_switch_ends(channel, tmp_path):
    wishes = Wishes(keeps_audio=True, tap_s=8)
    ear(channel, tmp_path, Verdict.HUMAN, wishes=wishes).decide()
    assert channel.longest_s == 8
    assert path_for(tmp_path, ATTEMPT).read_bytes() == SECOND


class Beeps:
    """Hears a beep's end at one frame; silent from the first one on."""

    def __init__(self, at):
        self.at, self.frames = at, 0

    def hear(self, sound):
        self.frames += 1
        return "beep" if self.frames == self.at else None

    @property
    def silence_ms(self):
        return self.frames * 20


class Patient(Channel):
    """Writes another second of audio whenever it waits, and may press a key or hang up then."""

    def __init__(self, tap_dir, after_waits=10**6, *, is_hang_up=False):
        super().__init__()
        self.path, self.left, self.is_hang_up = path_for(tap_dir, ATTEMPT), after_waits, is_hang_up

    def wait(self, duration_ms):
        self.left -= 1
        self.thread.listen()
        with self.path.open("ab") as file:
            file.write(SECOND)

    def is_up(self):
        return self.left > 0 or not self.is_hang_up

    def has_key(self):
        return self.left <= 0 and not self.is_hang_up


def waits(channel, tmp_path, beep_at, *, kept=None, verdict_at=10):
    kept = [] if kept is None else kept
    listener = Ear(
        channel, ATTEMPT, tmp_path, Counting(Verdict.MACHINE, verdict_at), lambda *fact: kept.append(fact),
        channel.thread, Beeps(beep_at), Wishes(awaits_beep=True),
    )  # fmt: skip
    assert listener.decide() is Verdict.MACHINE
    assert channel.is_tapped, "the beep is still to come"
    heard = listener.wait_for_beep(60_000)
    assert not channel.is_tapped
    return heard


def test_it_waits_for_the_end_of_the_beep_and_keeps_when_that_was(tmp_path):
    kept = []
    assert waits(Patient(tmp_path), tmp_path, 160, kept=kept) is Waited.HEARD
    assert kept[-1][1]["beep_ended_ms"] == 3200
    assert kept[-1][1]["verdict"] is Verdict.MACHINE


def test_a_beep_that_decided_is_the_one_that_was_waited_for(tmp_path):
    assert waits(Patient(tmp_path), tmp_path, 9) is Waited.HEARD


def test_a_beep_long_before_the_verdict_was_another_one(tmp_path):
    assert waits(Patient(tmp_path), tmp_path, 3, verdict_at=50) is Waited.NONE


def test_a_machine_that_has_long_been_silent_will_not_beep(tmp_path):
    channel = Patient(tmp_path)
    assert waits(channel, tmp_path, 10**6) is Waited.NONE
    assert channel.left > 10**6 - 10, "it did not wait for the whole time"


def test_a_key_ends_the_wait_for_the_beep(tmp_path):
    assert waits(Patient(tmp_path, 2), tmp_path, 10**6) is Waited.KEY


def test_a_hang_up_ends_the_wait_for_the_beep(tmp_path):
    assert waits(Patient(tmp_path, 2, is_hang_up=True), tmp_path, 10**6) is Waited.HUNG_UP


def test_who_did_not_listen_has_heard_nothing(channel, tmp_path):
    assert ear(channel, tmp_path, Verdict.MACHINE).overheard() is None


def test_a_detector_that_breaks_is_unsure_which_is_treated_as_a_person(channel, tmp_path):
    kept = []
    listener = Ear(channel, ATTEMPT, tmp_path, Broken("take"), lambda *fact: kept.append(fact), channel.thread)
    assert listener.decide() is Verdict.UNSURE
    assert kept[0][1]["reason"] == "failed"
    assert not channel.is_tapped


def test_a_call_does_not_wait_for_a_listening_thread_that_is_dead(channel, tmp_path, monkeypatch):
    monkeypatch.setattr(ear_module, "LONGEST_S", 0.1)
    channel.wait = lambda duration_ms: time.sleep(duration_ms / 1000)
    assert ear(channel, tmp_path, Verdict.MACHINE).decide() is Verdict.UNSURE


def test_a_key_means_a_person_whatever_is_heard(channel, tmp_path):
    channel.has_key = lambda: True
    assert ear(channel, tmp_path, Verdict.MACHINE).decide() is Verdict.HUMAN


def test_a_hang_up_ends_the_listening(channel, tmp_path):
    channel.is_up = lambda: False
    assert ear(channel, tmp_path, Verdict.MACHINE).decide() is None
    assert not channel.is_tapped
