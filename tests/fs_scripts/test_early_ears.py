"""What comes before the answer, followed for every ringing call at once."""

import numpy as np
import pytest

from fs_scripts.amd.tap import early_path_for, sweep
from fs_scripts.early_ears import EarlyEars

ATTEMPTS = ("92694f38-9c3b-4674-a91f-a8aae8325fe6", "0f8fad5b-d9cb-469f-a165-70867728950e")
RATE = 8000


def tone(hz, ms, level=4000):
    return (np.sin(2 * np.pi * hz * np.arange(RATE * ms // 1000) / RATE) * level).astype("<i2")


def silence(ms):
    return np.random.default_rng(1).integers(-8, 9, RATE * ms // 1000).astype("<i2")


BUSY = np.concatenate([np.concatenate([tone(425, 350), silence(350)]) for _ in range(6)])
RING = np.concatenate([tone(425, 1000), silence(3200)])
UNREACHABLE = np.concatenate([silence(200), tone(950, 330), tone(1400, 330), tone(1800, 330), silence(600)])


class Rig:
    def __init__(self, tap_dir):
        sweep(tap_dir)
        self.tap_dir, self.ended, self.kept, self.jobs = tap_dir, [], [], []
        self.ears = EarlyEars(
            tap_dir, lambda *fact: self.kept.append(fact), self.jobs.append, lambda *fact: self.ended.append(fact)
        )

    def hear(self, attempt_id, samples, pieces=4):
        """Write audio in pieces, the ears listening after each."""
        for piece in np.array_split(samples, pieces):
            with early_path_for(self.tap_dir, attempt_id).open("ab") as file:
                file.write(piece.tobytes())
            self.ears.listen()


@pytest.fixture
def rig(tmp_path):
    return Rig(tmp_path / "tap")


@pytest.mark.parametrize(
    ("samples", "cause", "verdict"),
    [(BUSY, "USER_BUSY", "busy"), (UNREACHABLE, "SUBSCRIBER_ABSENT", "unreachable")],
)
def test_it_ends_a_call_that_nobody_will_answer_once(rig, samples, cause, verdict):
    rig.hear(ATTEMPTS[0], np.concatenate([samples, samples]))
    assert rig.ended == [(ATTEMPTS[0], cause)]
    assert rig.kept == [], "the store is not waited for"
    rig.jobs[0]()
    ((attempt_id, evidence),) = rig.kept
    assert (attempt_id, evidence["verdict"]) == (ATTEMPTS[0], verdict)


def test_it_lets_ring_back_ring(rig):
    rig.hear(ATTEMPTS[0], np.concatenate([RING, RING]))
    assert rig.ended == []


def test_it_follows_each_call_by_itself(rig):
    for number in range(4):
        rig.hear(ATTEMPTS[0], np.array_split(BUSY, 4)[number], 1)
        rig.hear(ATTEMPTS[1], np.array_split(np.concatenate([RING, RING]), 4)[number], 1)
    assert rig.ended == [(ATTEMPTS[0], "USER_BUSY")]


def test_it_forgets_a_call_whose_tap_is_gone(rig):
    rig.hear(ATTEMPTS[0], BUSY[:8000])
    early_path_for(rig.tap_dir, ATTEMPTS[0]).unlink()
    rig.ears.listen()
    assert rig.ears._followed == {}


def test_only_its_owner_may_read_what_is_heard(rig):
    rig.hear(ATTEMPTS[0], RING, 1)
    assert early_path_for(rig.tap_dir, ATTEMPTS[0]).stat().st_mode & 0o777 == 0o600
    assert rig.tap_dir.stat().st_mode & 0o777 == 0o700


def test_it_touches_no_file_that_is_not_an_attempts(rig):
    (rig.tap_dir / "x; rm.early.r8").write_bytes(BUSY.tobytes())
    rig.ears.listen()
    assert rig.ended == []
