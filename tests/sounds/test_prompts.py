"""Every prompt that a call flow can name is there in both languages, as the switch plays it."""

import json

import pytest
import soundfile

from sounds.make_prompts import HERE, MADE_FROM, read_prompts

NAMES = {
    "greeting", "menu", "thanks_interested", "thanks_not_interested", "opted_out", "goodbye", "wrong_key", "callback",
    "callback_when", "transfer",
}  # fmt: skip
PROMPTS = list(read_prompts())


def test_both_languages_say_the_same_prompts():
    said = {language: {prompt.name for prompt in PROMPTS if prompt.language == language} for language in ("ru", "en")}
    assert said == {"ru": NAMES, "en": NAMES}


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda prompt: f"{prompt.language}-{prompt.name}")
def test_it_is_8_khz_16_bit_mono_neither_silent_nor_clipped(prompt):
    audio, rate = soundfile.read(prompt.path)
    described = soundfile.info(prompt.path)
    assert (rate, described.channels, described.subtype, described.format) == (8000, 1, "PCM_16", "WAV")
    assert 1.0 < described.duration < 12.0
    assert 0.3 < max(abs(audio)) < 0.95
    assert -25 < 20 * _log10(audio) < -15


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda prompt: f"{prompt.language}-{prompt.name}")
def test_it_was_made_from_the_text_that_is_written_down(prompt):
    made = json.loads(MADE_FROM.read_text(encoding="utf-8"))
    assert made[f"{prompt.language}/{prompt.name}"] == prompt.fingerprint, "run python -m sounds.make_prompts"


def test_no_audio_lies_about_that_nobody_describes():
    files = {path.relative_to(HERE) for path in HERE.rglob("*.wav")}
    assert files == {prompt.path.relative_to(HERE) for prompt in PROMPTS}


def _log10(audio):
    import numpy as np

    return float(np.log10(np.sqrt(np.mean(audio**2))))
