"""Learning from calls that people listened to: read from the panel's download, and never at the cost of the rest."""

import zipfile
from datetime import UTC, datetime

import numpy as np
import pytest

from bench.amd import labelled, train
from bench.amd.labelled import NotAnExport
from bench.amd.traces import Recording
from control_panel.amd_export import write_zip
from db.amd_reviews import Detection, Label
from fs_scripts.amd import model
from fs_scripts.amd_audio import keep
from tests.fs_scripts.amd.sounds import silence, voice

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SPOKEN = np.concatenate([silence(400), voice(600), silence(700), voice(1000), silence(1300)])


def detection(attempt_id, label, audio_path):
    return Detection(
        attempt_id, 1, "Spring", "+79160000000", NOW, NOW, None, None, "machine", {}, audio_path, label, "anna", NOW
    )


@pytest.fixture
def export(tmp_path):
    """A download as the panel makes it of what the switch has kept: ten calls, and one whose audio is gone."""
    recordings, found = tmp_path / "recordings", []
    for number in range(10):
        attempt_id = f"00000000-0000-4000-8000-{number:012}"
        tap = tmp_path / f"{attempt_id}.r8"
        tap.write_bytes(SPOKEN.astype("<i2").tobytes())
        label = Label.HUMAN if number % 2 else Label.MACHINE
        found.append(detection(attempt_id, label, keep(tap, recordings, attempt_id)))
    found.append(detection("00000000-0000-4000-8000-000000000099", Label.FAX, None))
    path = tmp_path / "labelled.zip"
    path.write_bytes(write_zip(found, recordings).read())
    return path


def test_what_the_panel_exports_is_what_is_learnt_from(export):
    heard = list(labelled.read(export))
    assert [item.label for item, _ in heard] == ["machine", "human"] * 5
    assert all(np.array_equal(samples, SPOKEN.astype(np.int16)) for _, samples in heard)


def test_who_speaks_when_is_found_by_loudness(export):
    item, _ = next(labelled.read(export))
    assert item.onset == pytest.approx(400, abs=40)
    assert item.greeting_end == pytest.approx(1000, abs=60)
    spoken = item.is_speech(200)
    assert list(spoken[[25, 60, 100]]) == [True, False, True]


def test_every_fifth_call_is_kept_from_learning_in_every_export_alike(export):
    kept = [labelled.is_kept(labelled.item_of(f"call {number}", "human", SPOKEN)) for number in range(1000)]
    assert 150 < sum(kept) < 250
    assert kept == [labelled.is_kept(labelled.item_of(f"call {number}", "machine", SPOKEN)) for number in range(1000)]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"attempt_id,label\n"])
def test_another_file_is_refused(tmp_path, content):
    path = tmp_path / "other.zip"
    path.write_bytes(content)
    with pytest.raises(NotAnExport):
        list(labelled.read(path))


def test_an_archive_without_the_table_or_with_other_audio_is_refused(tmp_path):
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("photo.jpg", "x")
    with pytest.raises(NotAnExport):
        list(labelled.read(path))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("labels.csv", "attempt_id,file,label\n1,a.wav,human\n")
        archive.writestr("a.wav", "no sound")
    with pytest.raises(NotAnExport):
        list(labelled.read(path))


@pytest.mark.parametrize(
    ("candidate", "is_replaced"),
    [
        ((0.97, 0.96), True),
        ((0.95, 0.96), False),  # no better on all
        ((0.951, 0.951), True),  # better on all, and nearly as good on what is made up
        ((0.99, 0.94), False),  # it has unlearnt the rest
    ],
)
def test_the_model_is_replaced_only_by_a_better_one(monkeypatch, tmp_path, export, candidate, is_replaced):
    """in use: 0.95 on all, 0.955 on made-up calls alone."""
    in_use, made_up = model.load(), [Recording(labelled.item_of("made up", "human", SPOKEN), None, None)]
    kept = [Recording(item, None, None) for item, _ in labelled.read(export) if labelled.is_kept(item)]
    target = tmp_path / "model.npz"
    model.save(in_use, target)
    before = target.read_bytes()
    other = in_use._replace(bars=train.Bars(silence_ms=333))
    monkeypatch.setattr(model, "MODEL", target)
    monkeypatch.setattr(train, "heard_by", lambda network, recordings: list(recordings))
    worths = {other.bars: candidate, in_use.bars: (0.95, 0.955)}
    monkeypatch.setattr(train, "worth_of", lambda learnt, heard: worths[learnt.bars][len(heard) == len(made_up)])
    assert train.replace_if_better(other, made_up, kept) == int(not is_replaced)
    assert (target.read_bytes() != before) == is_replaced
