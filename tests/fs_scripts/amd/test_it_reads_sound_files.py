"""The command line: one line a file, whatever the file's rate."""

import json
import sys

import numpy as np
import pytest
import soundfile
import soxr

from fs_scripts.amd import __main__ as command
from tests.fs_scripts.amd.sounds import heard, silence, tone, voice


@pytest.fixture
def run(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["amd", *map(str, arguments)])
        return command.main(), capsys.readouterr()

    return run


def test_a_line_is_path_verdict_time_and_score(tmp_path, run):
    person, machine = tmp_path / "person.wav", tmp_path / "machine.wav"
    soundfile.write(person, heard(silence(300), voice(500)), 8000)
    soundfile.write(machine, heard(silence(300), tone(1400, 500)), 8000)
    code, said = run(person, machine)
    assert code == 0
    lines = [line.split("\t") for line in said.out.splitlines()]
    assert [line[:2] for line in lines] == [[str(person), "human"], [str(machine), "machine"]]
    assert 800 < int(lines[0][2]) < 2200
    assert lines[1][3] == "1.000"


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_other_rates_and_stereo_are_converted(tmp_path, run, rate):
    path = tmp_path / "machine.wav"
    samples = soxr.resample(heard(silence(300), tone(1400, 500)).astype(np.float32) / 32768, 8000, rate)
    soundfile.write(path, np.stack([samples, samples], axis=1), rate)
    assert "\tmachine\t" in run(path)[1].out


def test_json_is_the_evidence(tmp_path, run):
    path = tmp_path / "fax.wav"
    soundfile.write(path, heard(silence(300), tone(2100, 3000)), 8000)
    evidence = json.loads(run("--json", path)[1].out)
    assert (evidence["verdict"], evidence["tone"][:2], evidence["path"]) == ("fax", "21", str(path))
    assert evidence["decision_ms"] == evidence["heard_ms"]


def test_a_file_that_is_no_sound_is_named_and_the_others_are_decided(tmp_path, run):
    broken, silent = tmp_path / "broken.wav", tmp_path / "silent.wav"
    broken.write_text("no sound")
    soundfile.write(silent, heard(), 8000)
    code, said = run(broken, silent)
    assert code == 1
    assert "broken.wav" in said.err
    assert said.out.startswith(f"{silent}\tunsure\t")


def test_the_switch_needs_no_sound_libraries():
    code = "import sys; import fs_scripts.amd.decision; sys.exit(bool({'soundfile', 'soxr'} & set(sys.modules)))"
    import subprocess

    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
