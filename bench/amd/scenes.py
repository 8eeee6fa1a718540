"""What is heard after an answer, before the line spoils it: people and machines of every category."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soxr

from bench.amd import packages, texts, tones, voices
from bench.amd.voices import RATE, Audio

SPEECH_RMS = 0.1
PITCH = {"train": (0.8, 1.24), "validation": (0.88, 1.14), "test": (0.88, 1.14)}
"""Speech is played faster or slower by this, which moves pitch and formants: more speakers than there are voices."""
PROMPT_PARTS = ("train", "validation", "train", "test", "train", "train", "validation", "train", "test", "train")
"""The prompt packages' recordings by their number, modulo ten."""
GREETINGS = 10
SPELT = 0.08
"""So many short answers are a recorded letter or digit: recorded voices are people too."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Audio from its first sound on. first_ms: when the utterance ends that a person would wait behind.

    signal_ms: so long at the beginning it is the network that is heard, no callee. said: where the words are known.
    line: what they were made of.
    """

    samples: Audio
    first_ms: float
    voice: str
    signal_ms: float = 0
    said: tuple["Said", ...] = ()
    line: str = ""


class Said(NamedTuple):
    """A sentence, and when it is heard."""

    begin_ms: float
    end_ms: float
    text: str

    def later(self, ms: float) -> "Said":
        """Return the same, so much later."""
        return Said(self.begin_ms + ms, self.end_ms + ms, self.text)


@dataclass(frozen=True, slots=True)
class Scene:
    """A category: its label, how often it comes, the share of noisy lines."""

    label: str
    weight: int
    make: Callable[[np.random.Generator, str, str], Heard]
    noisy: float = 0.15
    taught: int | None = None
    """The weight in the train part, where it is another: words are learnt, tones are not."""
    drilled: int = 0
    """The weight in the part that teaches more words."""


def _level(samples: Audio, rms: float = SPEECH_RMS) -> Audio:
    return samples * rms / max(float(np.sqrt(np.mean(samples**2))), 1e-6)


class Speaker:
    """One voice with its pitch and pace for one item."""

    def __init__(self, chance: np.random.Generator, part: str, language: str) -> None:
        self._chance = chance
        self._part, self._language = part, language
        speakers = texts.speakers(part)
        self.voice = voices.one(chance, speakers, language)
        self._stretch = float(chance.uniform(*PITCH[speakers]))
        self.said: list[Said] = []
        """The sentences of what was said last, from its begin on."""
        self._rate = int(chance.choice([85, 95, 100, 100, 110, 120]))
        self._pitch = int(chance.choice([75, 90, 100, 100, 110, 125]))
        if self.voice.engine not in {"espeak", "rhvoice"}:
            self._rate = 100  # the others start slowly: keep what they said

    def say(self, line: str, pause: tuple[float, float] = (150, 650), longest_ms: float = 4000) -> Audio:
        """Return the line with pauses (ms) between its sentences; no further sentence after `longest_ms`."""
        text = texts.filled(self._chance, self._part, self._language, line)
        for mark in "!?.":
            text = text.replace(f"{mark} ", f"{mark}\n")
        parts: list[Audio] = []
        self.said, now = [], 0.0
        for sentence in (one.strip() for one in text.replace("|", "\n").split("\n") if any(map(str.isalpha, one))):
            if now > longest_ms:
                break
            spoken = voices.say(self.voice, sentence, self._rate, self._pitch)
            spoken = _level(soxr.resample(spoken, RATE, RATE / self._stretch))
            parts += [spoken, tones.silence(self._chance.uniform(*pause))]
            self.said.append(Said(now, now + _ms(spoken), sentence))
            now += _ms(spoken) + _ms(parts[-1])
        return np.concatenate(parts[:-1])


def _pick(chance: np.random.Generator, lines: list[str]) -> str:
    return lines[chance.integers(len(lines))]


def _ms(samples: Audio) -> float:
    return len(samples) * 1000 / RATE


def _person(kind: str, *, again: bool = True) -> Callable[[np.random.Generator, str, str], Heard]:
    """Speaks once, waits, and asks again."""

    def make(chance: np.random.Generator, part: str, language: str) -> Heard:
        speaker = Speaker(chance, part, language)
        line = _pick(chance, texts.of(part, language, kind))
        if kind == "short" and chance.random() < SPELT:
            return _spelt(chance, part, language)
        if kind == "slow":
            gaps = (250, 750)
            first = np.concatenate([
                part_of for words in line.split("...")
                for part_of in (speaker.say(words.strip(" ,") or "да"), tones.silence(chance.uniform(*gaps)))
            ])  # fmt: skip
            first = voices.trimmed(first)
            speaker.said = []  # the pauses in between are not in it
        else:
            first = speaker.say(line, pause=(80, 350))
        parts = [first]
        if again:
            parts += [tones.silence(chance.uniform(1800, 4000)), first]
        return Heard(np.concatenate(parts), _ms(first), str(speaker.voice), said=tuple(speaker.said), line=line)

    return make


def _spelt(chance: np.random.Generator, part: str, language: str) -> Heard:
    files = _prompts(part, language, "[dlp]*/*.wav")
    said = _level(voices.trimmed(voices.load(files[chance.integers(len(files))])))[: 2 * RATE]
    return Heard(np.concatenate([said, tones.silence(6000)]), _ms(said), f"prompt:{language}")


def _prompts(part: str, language: str, pattern: str = "*.wav") -> list[Path]:
    folder = {"en": "en_US_f_Allison", "ru": "ru_RU_f_IvrvoiceRU", "es": "es_MX_f_Allison", "fr": "fr_CA_f_June"}
    root = packages.ROOT / "usr/share/asterisk/sounds" / folder.get(language, "it_IT_m_Carlo")
    speakers = texts.speakers(part)
    return [file for number, file in enumerate(sorted(root.glob(pattern))) if PROMPT_PARTS[number % 10] == speakers]


def _repeats(chance: np.random.Generator, part: str, language: str) -> Heard:
    speaker = Speaker(chance, part, language)
    line = _pick(chance, texts.of(part, language, "short"))
    said = speaker.say(line.split(",")[0])
    parts: list[Audio] = []
    first = _ms(said)
    for number in range(chance.integers(2, 5)):
        gap = chance.uniform(350, 1500)
        parts += [said, tones.silence(gap)]
        if number == 0 and gap < 700:
            first += gap + _ms(said)
    return Heard(np.concatenate(parts), first, str(speaker.voice), said=tuple(speaker.said), line=line)


def _silent(chance: np.random.Generator, part: str, language: str) -> Heard:  # noqa: ARG001
    breath = chance.normal(0, 0.004, int(chance.uniform(100, 500) * 8)).astype(np.float32)
    return Heard(np.concatenate([breath, tones.silence(6000)]), 0, "none")


def _ring_back(chance: np.random.Generator, part: str, language: str) -> Heard:
    ring = tones.ring_back(chance) * 0.15
    person = _person("short")(chance, part, language)
    before = np.concatenate([ring, tones.silence(chance.uniform(100, 1200))])
    said = tuple(one.later(_ms(before)) for one in person.said)
    return Heard(
        np.concatenate([before, person.samples]), _ms(before) + person.first_ms, person.voice, _ms(before), said,
        person.line,
    )  # fmt: skip


def _digits(chance: np.random.Generator, part: str, language: str) -> Heard:
    keys = tones.digits(chance) * 0.2
    if chance.random() < 0.5:
        return Heard(np.concatenate([keys, tones.silence(4000)]), _ms(keys), "none")
    person = _person("short", again=False)(chance, part, language)
    before = np.concatenate([person.samples, tones.silence(chance.uniform(50, 400)), keys])
    return Heard(before, _ms(before), person.voice)


def _machine(kind: str) -> Callable[[np.random.Generator, str, str], Heard]:
    """Speaks its greeting and beeps; carriers and menus repeat instead."""

    def make(chance: np.random.Generator, part: str, language: str) -> Heard:
        speaker = Speaker(chance, part, language)
        pause = (600, 1300) if kind == "trick" else (150, 650)
        line = _pick(chance, texts.of(part, language, kind))
        said = speaker.say(line, pause)
        parts = [said, tones.silence(chance.uniform(150, 900))]
        if kind in {"carrier", "ivr", "screening"}:
            parts += [said]
        else:
            parts += [tones.beep(chance) * chance.uniform(0.05, 0.25), tones.silence(4000)]
        if kind in {"ivr", "personal"} and chance.random() < 0.15:
            parts.insert(0, _level(tones.music(chance, chance.uniform(300, 1500)), 0.05))
        begin = _ms(parts[0]) if len(parts) and parts[0] is not said else 0.0
        words = tuple(one.later(begin) for one in speaker.said)
        return Heard(np.concatenate(parts), begin + _ms(said), str(speaker.voice), said=words, line=line)

    return make


def _prompt(chance: np.random.Generator, part: str, language: str) -> Heard:
    usable = [file for file in _prompts(part, language) if file.stat().st_size > 24_000]
    parts: list[Audio] = []
    while sum(map(_ms, parts)) < 6000:
        prompt = voices.trimmed(voices.load(usable[chance.integers(len(usable))]))
        parts += [_level(prompt), tones.silence(chance.uniform(150, 600))]
    return Heard(np.concatenate(parts), _ms(parts[0]), f"prompt:{language}")


def _music(chance: np.random.Generator, part: str, language: str) -> Heard:  # noqa: ARG001
    if chance.random() < 0.4:
        tune = tones.music(chance, 8000)
    else:
        files = sorted((packages.ROOT / "usr/share/asterisk/moh").glob("*.wav"))
        mine = {"train": files[:3], "validation": files[3:4], "test": files[4:]}[part]
        tune = voices.load(mine[chance.integers(len(mine))])
        start = chance.integers(len(tune) - 8 * RATE)
        tune = tune[start : start + 8 * RATE]
    return Heard(_level(tune), 8000, "music")


def _tone(sound: Callable[[np.random.Generator], Audio], tail_ms: float) -> Callable[..., Heard]:
    def make(chance: np.random.Generator, part: str, language: str) -> Heard:
        made = sound(chance) * chance.uniform(0.05, 0.3)
        parts = [made, tones.silence(tail_ms)]
        if sound is tones.sit:
            parts += [_machine("carrier")(chance, part, language).samples]
        return Heard(np.concatenate(parts), _ms(made), "none")

    return make


@cache
def greeting(part: str, number: int) -> Audio:
    """Return one of the GREETINGS we say ourselves, from 100 ms after the answer on: its echo comes back to us."""
    chance = np.random.default_rng([8, number])
    speaker = Speaker(chance, part, "ru")
    said = [speaker.say(_pick(chance, texts.of(part, "ru", "ivr"))) for _ in range(2)]
    return (np.concatenate([tones.silence(100), *said]) / SPEECH_RMS).astype(np.float32)


@cache
def babble(part: str) -> Audio:
    """Return twenty lines of different people one after another, for the noise of a crowd."""
    chance = np.random.default_rng(7)
    return np.concatenate(
        [Speaker(chance, part, "ru").say(_pick(chance, texts.of(part, "ru", "personal"))) for _ in range(20)]
    )


SCENES = {
    "short": Scene("human", 250, _person("short"), taught=200, drilled=80),
    "company": Scene("human", 170, _person("company"), taught=230, drilled=330),
    "talks": Scene("human", 60, _person("talks"), taught=170, drilled=340),
    "repeated": Scene("human", 90, _repeats, taught=70),
    "noisy": Scene("human", 130, _person("short"), noisy=1.0, taught=90, drilled=60),
    "slow": Scene("human", 80, _person("slow"), taught=80, drilled=60),
    "silent": Scene("human", 40, _silent, taught=20),
    "ring_back": Scene("human", 50, _ring_back, taught=30),
    "digits": Scene("human", 40, _digits, taught=5),
    "personal": Scene("machine", 220, _machine("personal"), noisy=0.3, taught=280, drilled=280),
    "carrier": Scene("machine", 140, _machine("carrier"), noisy=0.3, taught=190, drilled=130),
    "screening": Scene("machine", 30, _machine("screening"), noisy=0.3, taught=70, drilled=100),
    "ivr": Scene("machine", 140, _machine("ivr"), noisy=0.3, taught=190, drilled=260),
    "prompt": Scene("machine", 70, _prompt, noisy=0.3, taught=50),
    "brief": Scene("machine", 80, _machine("brief"), taught=140, drilled=150),
    "trick": Scene("machine", 40, _machine("trick"), taught=50, drilled=30),
    "music": Scene("machine", 80, _music, taught=60),
    "beep": Scene("machine", 45, _tone(tones.beep, 5000), taught=5),
    "sit": Scene("machine", 45, _tone(tones.sit, 300), taught=5),
    "busy": Scene("machine", 40, _tone(tones.busy, 100), taught=5),
    "fax": Scene("fax", 50, _tone(tones.fax, 100), taught=5),
}
SPEECH = frozenset(texts.PERSON + texts.MACHINE) | {"repeated", "noisy", "ring_back", "prompt", "music"}
"""Categories in which whatever sounds after `signal_ms` is the callee; music counts as its voice."""
