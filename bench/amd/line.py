"""The telephone line between the mouth and the detector: level, noise, band, codec and lost packets."""

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from bench.amd.voices import RATE, Audio

CODECS = (
    ("ALAW",), ("ALAW",), ("ALAW",), ("ALAW",), ("ULAW",), ("ULAW",), ("GSM610",), ("GSM610", "ALAW"),
    ("GSM610", "GSM610"),
)  # fmt: skip
"""The passes of a call; twice through a mobile codec is about what a narrow one leaves."""
ROOM = 0.25
"""So many speak from some way off the microphone, in a room."""
ECHO_DB = -20.0
PACKET = 160


def band(samples: Audio, low: float, high: float) -> Audio:
    """Keep what a telephone lets through."""
    taps = np.arange(-64, 65)

    def low_pass(hertz: float) -> Audio:
        return 2 * hertz / RATE * np.sinc(2 * hertz / RATE * taps) * np.hamming(len(taps))

    return np.convolve(samples, low_pass(high) - low_pass(low), mode="same").astype(np.float32)


def noise(chance: np.random.Generator, kind: str, count: int, babble: Audio) -> Audio:
    """Return `count` samples of noise with an RMS of 1. babble: speech of other people."""
    made: npt.NDArray[Any]
    white = chance.normal(0, 1, count).astype(np.float32)
    if kind == "babble":
        made = np.zeros(count, np.float32)
        for _ in range(5):
            made += np.resize(np.roll(babble, int(chance.integers(len(babble)))), count)
    elif kind == "street":
        swell = 1 + 0.7 * np.sin(np.arange(count) / RATE * chance.uniform(1, 4) + chance.uniform(0, 6))
        made = swell * np.convolve(white, np.ones(12), mode="same")
    elif kind == "hum":
        mains = sum(np.sin(2 * np.pi * 50 * n * np.arange(count) / RATE) / n for n in (1, 2, 3, 6, 7, 9))
        made = mains + 0.3 * white
    elif kind == "pink":
        made = np.convolve(white, 1 / np.sqrt(np.arange(1, 65)), mode="same")
    else:
        made = white
    return (made / max(float(np.sqrt(np.mean(made**2))), 1e-6)).astype(np.float32)


def carried(
    chance: np.random.Generator, samples: Audio, snr_db: float, kind: str, babble: Audio, echo: Audio | None = None
) -> Audio:
    """Return the samples as they come off the line, full scale 1. echo: of what we say, as loud as we say it."""
    loud = samples[np.abs(samples) > 0.05 * max(float(np.abs(samples).max(initial=0)), 1e-6)]
    rms = float(np.sqrt(np.mean(loud**2))) if len(loud) else 1.0
    mixed = samples / rms + 10 ** (-snr_db / 20) * noise(chance, kind, len(samples), babble)
    mixed = tilted(mixed, chance.uniform(-0.5, 0.35))
    if echo is not None:
        mixed[: len(echo)] += echo[: len(mixed)] * 10 ** (ECHO_DB / 20)
    heard = band(mixed, chance.uniform(200, 330), chance.uniform(3200, 3500))
    heard *= 10 ** (chance.uniform(-38, -14) / 20)
    for codec in CODECS[chance.integers(len(CODECS))]:
        heard = coded(np.clip(heard, -1, 1), codec)
    return lossy(chance, heard, float(chance.choice([0, 0, 0, 0.01, 0.03, 0.06])))


def roomy(chance: np.random.Generator, samples: Audio) -> Audio:
    """Return the samples with a room's echo: noise that dies away within 0.1 to 0.5 s, 4 to 20 dB below the voice."""
    decay_s = chance.uniform(0.1, 0.5)
    at = np.arange(int(decay_s * RATE)) / RATE
    tail = chance.normal(0, 1, len(at)) * 10 ** (-3 * at / decay_s)
    tail[: int(chance.uniform(20, 120))] = 0
    size = 1 << (len(samples) + len(tail)).bit_length()
    echoed = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)[: len(samples)]
    loud = float(np.sqrt(np.mean(samples**2))) / max(float(np.sqrt(np.mean(echoed**2))), 1e-9)
    return (samples + echoed * loud * 10 ** (-chance.uniform(4, 20) / 20)).astype(np.float32)


def tilted(samples: Audio, by: float) -> Audio:
    """Return the samples as a duller (by > 0) or brighter handset gives them."""
    out = samples.copy()
    out[1:] += by * samples[:-1]
    return out / float(np.sqrt(1 + by * by))


def coded(samples: Audio, codec: str) -> Audio:
    """Return the samples after one pass through a codec."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, RATE, format="WAV", subtype=codec)
    buffer.seek(0)
    return soundfile.read(buffer, dtype="float32")[0][: len(samples)]


def lossy(chance: np.random.Generator, samples: Audio, share: float) -> Audio:
    """Lose packets of 20 ms: half the time they become silence, else the last one is repeated."""
    out, repeats = samples.copy(), chance.random() < 0.5
    for start in range(PACKET, len(out) - PACKET, PACKET):
        if chance.random() < share:
            out[start : start + PACKET] = out[start - PACKET : start] * 0.7 if repeats else 0
    return out
