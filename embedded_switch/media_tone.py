"""tone_stream: makes tones from a teletone script such as `%(1000,4000,425);loops=2`."""

import re
from dataclasses import dataclass

import numpy as np

RATE = 8000
DEFAULT_LEVEL_DB = -7.0
FULL_SCALE_DB = 3.14 + 3.02  # what the switch calls 0 dBm0 lies so far below full scale
FOREVER = -1
TONE = re.compile(r"%\(\s*([\d.]+)\s*,\s*([\d.]+)\s*((?:,\s*[\d.]+\s*)*)\)")
SETTING = re.compile(r"(loops|l|v|d|w)\s*=\s*(-?[\d.]+)", re.IGNORECASE)
DTMF = {
    key: (row, column)
    for row, keys in ((697, "123A"), (770, "456B"), (852, "789C"), (941, "*0#D"))
    for key, column in zip(keys, (1209, 1336, 1477, 1633), strict=True)
}
DTMF_ON_MS, DTMF_OFF_MS = 250, 50


class BadToneScript(ValueError):
    """A tone_stream script no teletone would play; the message names the part that is wrong."""


@dataclass(frozen=True, slots=True)
class Tones:
    """One pass of a script as 16-bit samples, and how often it is played (FOREVER or 1…)."""

    samples: np.ndarray
    loops: int


def parse_tones(script: str) -> Tones:
    """Make the audio of a script. Raises BadToneScript."""
    level, on_ms, off_ms, loops = DEFAULT_LEVEL_DB, DTMF_ON_MS, DTMF_OFF_MS, 1
    parts: list[np.ndarray] = []
    for part in filter(None, (piece.strip() for piece in script.split(";"))):
        if match := TONE.fullmatch(part):
            hertz = [float(value) for value in match[3].split(",") if value.strip()]
            parts += [_tone(float(match[1]), hertz, level), _silence(float(match[2]))]
        elif match := SETTING.fullmatch(part):
            name, value = match[1].lower(), float(match[2])
            match name:
                case "loops" | "l":
                    loops = int(value)
                case "v":
                    level = value
                case "d":
                    on_ms = int(value)
                case "w":
                    off_ms = int(value)
        elif all(key in DTMF for key in part.upper()):
            for key in part.upper():
                parts += [_tone(on_ms, DTMF[key], level), _silence(off_ms)]
        else:
            raise BadToneScript(f"{part!r} is neither a tone, a setting nor digits")
    if not parts:
        raise BadToneScript(f"no tone in {script!r}")
    return Tones(np.concatenate(parts), FOREVER if loops < 0 else max(loops, 1))


def _tone(milliseconds: float, hertz: list[float] | tuple[int, int], level_db: float) -> np.ndarray:
    time = np.arange(int(milliseconds * RATE / 1000)) / RATE
    amplitude = 10 ** ((level_db - FULL_SCALE_DB) / 20) * 32767 * 2**0.5
    wave = sum((np.sin(2 * np.pi * value * time) for value in hertz), np.zeros_like(time))
    return np.clip(wave * amplitude, -32768, 32767).astype("<i2")


def _silence(milliseconds: float) -> np.ndarray:
    return np.zeros(int(milliseconds * RATE / 1000), dtype="<i2")
