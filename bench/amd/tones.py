"""The network's and machines' tones, at 8 kHz with an amplitude of 1."""

import numpy as np

from bench.amd.voices import RATE, Audio

DTMF = {
    key: (low, high)
    for low, row in zip((697, 770, 852, 941), ("123A", "456B", "789C", "*0#D"), strict=True)
    for high, key in zip((1209, 1336, 1477, 1633), row, strict=True)
}


def tone(hertz: float | tuple[float, ...], ms: float) -> Audio:
    """Return a tone, or several at once, with edges of 4 ms."""
    at = np.arange(int(ms * RATE / 1000)) / RATE
    several = hertz if isinstance(hertz, tuple) else (hertz,)
    wave = np.sum([np.sin(2 * np.pi * f * at) for f in several], axis=0) / len(several)
    edge = np.minimum(1, np.minimum(np.arange(len(at)), np.arange(len(at))[::-1]) / 32)
    return (wave * edge).astype(np.float32)


def silence(ms: float) -> Audio:
    """Return silence."""
    return np.zeros(int(ms * RATE / 1000), np.float32)


def beep(chance: np.random.Generator) -> Audio:
    """Return a voicemail's beep: 440-2000 Hz, 200-1200 ms."""
    hertz = chance.choice([440, 480, 620, 800, 850, 1000, 1004, 1400, 1500, 2000, chance.uniform(450, 1950)])
    return tone(float(hertz), chance.uniform(200, 1200))


def sit(chance: np.random.Generator) -> Audio:
    """Return the special information tone, with the tolerances of ITU-T E.180: three rising notes."""
    notes = [tone(f + chance.uniform(-25, 25), 330 + chance.uniform(-50, 50)) for f in (950, 1400, 1800)]
    gaps = [silence(chance.uniform(0, 25)) for _ in notes]
    return np.concatenate([part for pair in zip(notes, gaps, strict=True) for part in pair])


def fax(chance: np.random.Generator) -> Audio:
    """Return a fax's answer (2100 Hz) or call (1100 Hz, every 3.5 s)."""
    if chance.random() < 0.6:
        answer = tone(2100 + chance.uniform(-12, 12), chance.uniform(2600, 4000))
        return np.concatenate([answer, silence(75), tone((1650, 1850), 2000)])
    call = np.concatenate([tone(1100 + chance.uniform(-30, 30), 500), silence(3000)])
    return np.tile(call, 2)


def busy(chance: np.random.Generator) -> Audio:
    """Return busy or congestion, as in Russia, America or Britain."""
    kinds: list[tuple[float | tuple[float, ...], int, int]] = [
        (425.0, 350, 350), (425.0, 400, 400), (425.0, 200, 200), ((480.0, 620.0), 500, 500),
        ((480.0, 620.0), 250, 250), (400.0, 375, 375),
    ]  # fmt: skip
    hertz, on, off = kinds[chance.integers(6)]
    return np.tile(np.concatenate([tone(hertz, on), silence(off)]), 12)


def ring_back(chance: np.random.Generator) -> Audio:
    """Return one ring of the callee's own exchange, heard after the answer: Russian, American or British."""
    kind = chance.choice(["ru", "ru", "us", "gb"])
    if kind == "us":
        return tone((440.0, 480.0), chance.uniform(400, 2000))  # what is left of its two seconds
    if kind == "gb":
        return np.concatenate([tone((400.0, 450.0), 400), silence(200), tone((400.0, 450.0), 400)])
    ring = tone(425 + chance.uniform(-5, 5), chance.choice([800, 1000]))
    return ring if chance.random() < 0.5 else np.concatenate([silence(chance.uniform(0, 500)), ring])


def digits(chance: np.random.Generator) -> Audio:
    """Return one to three keys."""
    keys = chance.choice(list(DTMF), chance.integers(1, 4))
    return np.concatenate([part for key in keys for part in
                           (tone(DTMF[key], chance.uniform(80, 250)), silence(chance.uniform(70, 200)))])  # fmt: skip


def music(chance: np.random.Generator, ms: float) -> Audio:
    """Return a made-up tune: notes with overtones, sometimes chords and a beat."""
    beat_ms = chance.uniform(140, 450)
    scale = chance.uniform(180, 400) * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16]) / 12)
    overtones, has_beat = chance.uniform(0, 0.7, 6) / np.arange(1, 7), chance.random() < 0.5
    out = np.zeros(int(ms * RATE / 1000), np.float32)
    start = 0
    while start < len(out):
        length = int(beat_ms * chance.choice([1, 1, 2, 4]) * RATE / 1000)
        at = np.arange(min(length, len(out) - start)) / RATE
        for pitch in chance.choice(scale, chance.choice([1, 1, 3])):
            fading = np.exp(-at * chance.uniform(0.3, 5))
            for number, strength in enumerate(overtones, start=1):
                out[start : start + len(at)] += strength * fading * np.sin(2 * np.pi * pitch * number * at)
        if has_beat:
            out[start : start + len(at)] += 0.3 * chance.normal(0, 1, len(at)) * np.exp(-at * 40)
        start += length
    return out
