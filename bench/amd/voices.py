"""The voices of the corpus and how each is made to speak; a voice belongs to one part of the corpus only."""

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from bench.amd import packages

Audio = npt.NDArray[np.float32]
RATE = 8000
SPEECH = packages.HOME / "speech"


@dataclass(frozen=True, slots=True)
class Voice:
    """One synthetic speaker. engine: espeak, rhvoice, festival, flite or pico."""

    part: str
    language: str
    engine: str
    name: str

    def __str__(self) -> str:
        """Return the name under which the manifest lists it."""
        return f"{self.engine}:{self.name}"


def _voices(part: str, language: str, engine: str, names: str) -> list[Voice]:
    return [Voice(part, language, engine, name) for name in names.split()]


# One person's recordings stay in one part: slt speaks through three engines, Evgeniy in two languages.
VOICES = [
    *_voices("train", "ru", "espeak", "ru ru+m1 ru+m4 ru+m5 ru+m7 ru+croak ru-lv+m4 ru-lv+m5 ru-lv+m7 ru-lv+croak"),
    *_voices("train", "ru", "espeak", "ru-lv+whisper be+m4 uk+m5 bg+m7"),  # people with an accent
    *_voices("train", "ru", "rhvoice", "anna artemiy irina pavel"),
    *_voices("validation", "ru", "espeak", "ru+f4 ru+m6 ru-lv+m6"),
    *_voices("validation", "ru", "rhvoice", "elena"),
    *_voices("test", "ru", "espeak", "ru+m8 ru-lv+m8 ru+whisper"),
    *_voices("test", "ru", "rhvoice", "yuriy evgeniy-rus"),
    *_voices("train", "en", "espeak", "en-us en-us+m1 en-us+m4 en-us+m5 en-us+m7 en-us+croak en-gb+m4"),
    *_voices("train", "en", "espeak", "en-gb-scotland+m5 en-029+m7 en-gb-x-rp+croak en-gb-scotland+whisper"),
    *_voices("train", "en", "espeak", "en-gb-x-gbclan+m4 en-us-nyc+m5 en-gb-x-gbcwmd+m7 en-029+croak en-gb+m5"),
    *_voices("train", "en", "rhvoice", "bdl slt"),
    *_voices("train", "en", "festival", "ked_diphone us2_mbrola cmu_us_slt_arctic_hts"),
    *_voices("train", "en", "flite", "kal16 slt"),
    *_voices("validation", "en", "espeak", "en-gb+f4 en-us+m6 en-gb-x-rp+m6"),
    *_voices("validation", "en", "festival", "don_diphone"),
    *_voices("test", "en", "espeak", "en-us+m8 en-gb-scotland+m8 en-us+whisper"),
    *_voices("test", "en", "rhvoice", "evgeniy-eng"),
    *_voices("test", "en", "festival", "en1_mbrola"),
    *_voices("test", "en", "pico", "en-US"),
    *_voices("train", "es", "espeak", "es+m1 es+m5"),
    *_voices("validation", "fr", "espeak", "fr+m1 fr+m6"),
    *_voices("test", "de", "pico", "de-DE"),
]
LESS_LIKELY = {"espeak": 0.4, "whisper": 0.3, "festival": 0.6}
"""espeak has the most voices and sounds the least like anybody; few people whisper."""


def one(chance: np.random.Generator, part: str, language: str) -> Voice:
    """Return one of the voices that speak this language in this part."""
    mine = [voice for voice in VOICES if voice.part == part and voice.language == language]
    weights = np.array([LESS_LIKELY.get(v.name.partition("+")[2], LESS_LIKELY.get(v.engine, 1.0)) for v in mine])
    return mine[chance.choice(len(mine), p=weights / weights.sum())]


def say(voice: Voice, text: str, rate: int = 100, pitch: int = 100) -> Audio:
    """Return the text spoken at 8 kHz, without silence at its ends; rate and pitch in per cent of the voice's own.

    Only espeak and RHVoice know a pitch.
    """
    key = hashlib.sha256(f"{voice}|{text}|{rate}|{pitch}".encode()).hexdigest()[:24]
    path = SPEECH / f"{key}.wav"
    if not path.exists():
        SPEECH.mkdir(parents=True, exist_ok=True)
        raw = SPEECH / f"{key}.{os.getpid()}.raw.wav"
        _synthesise(voice, text, rate, pitch, raw)
        done = SPEECH / f"{key}.{os.getpid()}.wav"
        soundfile.write(done, trimmed(load(raw)), RATE)
        done.rename(path)
        raw.unlink()
    return soundfile.read(path, dtype="float32")[0]


def load(path: Path) -> Audio:
    """Return a sound file as mono at 8 kHz."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return soxr.resample(samples.mean(axis=1), rate, RATE).astype(np.float32)


def trimmed(samples: Audio) -> Audio:
    """Return the samples without the silence before and after."""
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max(initial=1e-6))
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples


def _synthesise(voice: Voice, text: str, rate: int, pitch: int, target: Path) -> None:
    out, name = str(target), voice.name
    match voice.engine:
        case "espeak":
            command, typed = (
                ["espeak-ng", "-v", name, "-s", str(175 * rate // 100), "-p", str(pitch // 2), "-w", out, text],
                "",
            )
        case "rhvoice":
            command, typed = ["RHVoice-test", "-p", name, "-r", str(rate), "-t", str(pitch), "-o", out], text
        case "festival":
            stretch = f"(Parameter.set 'Duration_Stretch {100 / rate:.2f})"
            command = ["festival", "--libdir", f"{packages.ROOT}/usr/share/festival", "--pipe"]
            speech = f'(set! said (utt.synth (Utterance Text "{text}")))'
            typed = f'(voice_{name}) {stretch} {speech} (utt.save.wave said "{out}" \'riff)'
        case "flite":
            stretch = f"duration_stretch={100 / rate:.2f}"
            command, typed = ["flite", "-voice", name, "--setf", stretch, "-t", text, "-o", out], ""
        case _:
            marked = f'<speed level="{rate}">{text}</speed>'
            command, typed = ["pico2wave", "-l", name, "-w", out, marked], ""
    done = subprocess.run(
        command, input=typed, text=True, capture_output=True, cwd=packages.ROOT / "usr", env=packages.environment()
    )
    if not target.exists():
        raise RuntimeError(f"{voice} did not say {text!r}: {done.stderr[-300:]}")
