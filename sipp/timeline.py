"""Turns a kind's steps into chunks: each begins with something SIPp must do or log, and plays one capture."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sipp import tones
from sipp.capture import RtpStream, read_wav, write_pcap
from sipp.kinds import By, HangUp, Kind, Listen, Pace, Press, Say
from sipp.tones import Samples

VOICES = Path(__file__).parent / "voices"
NOISE_MS = 30_000
"""A listening callee's line is heard this long at most; then it suppresses silence, as mobile networks do."""

PRESSED_MS = 10_000
"""After the last key the line is heard this long."""

SOUNDS = {
    "ringback": lambda: tones.ringback(5000),
    "beep": tones.beep,
    "fax": tones.fax_answer,
    "silence": lambda: tones.noise(1000),
}


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of the call after the answer.

    press: the key it begins with. capture: file to play, empty: none. ms: until the next chunk begins; None:
    until the caller hangs up. hangs_up: the callee hangs up at its end.
    """

    press: Press | None
    capture: str
    ms: int | None
    hangs_up: bool = False


def chunks(kind: Kind, pace: Pace, folder: Path, stem: str) -> list[Chunk]:
    """Write the captures of an answered call into `folder` and return its chunks."""
    made: list[Chunk] = []
    stream = RtpStream()
    press: Press | None = None
    began = 0

    def close(*, last: bool, hangs_up: bool = False) -> None:
        nonlocal began
        capture = f"{stem}_{len(made)}.pcap"
        packets = stream.take()
        if packets:
            write_pcap(folder / capture, [(at - began, packet) for at, packet in packets])
        ms = None if last and not hangs_up else stream.at_ms - began
        made.append(Chunk(press, capture if packets else "", ms, hangs_up))
        began = stream.at_ms

    for step in kind.steps:
        match step:
            case Say(what):
                stream.say(sound(pace.voice(what)))
            case Listen(seconds):
                _listen(stream, round(seconds * pace.factor * 1000))
            case Press(digit, by):
                close(last=False)
                press = step
                _press(stream, digit, by)
            case HangUp():
                close(last=True, hangs_up=True)
                return made
    # Whoever says or pressed something is heard a little longer.
    _listen(stream, PRESSED_MS if press else NOISE_MS)
    close(last=True)
    return made


def early_capture(kind: Kind, pace: Pace, folder: Path, stem: str) -> str:
    """Write what is heard before the answer and return the file's name."""
    name = f"{stem}_early.pcap"
    stream = RtpStream(source=0x51BB0002)
    if kind.early == "announcement":
        stream.say(tones.special_information())
    stream.say(sound(pace.voice(kind.early)))
    write_pcap(folder / name, stream.take())
    return name


def sound(name: str) -> Samples:
    """Return a voice or a computed sound."""
    return SOUNDS[name]() if name in SOUNDS else read_wav(VOICES / f"{name}.wav")


def _listen(stream: RtpStream, ms: int) -> None:
    heard = min(ms, NOISE_MS)
    stream.say(tones.noise(heard))
    if ms > heard:
        stream.wait(ms - heard)


def _press(stream: RtpStream, digit: str, by: By) -> None:
    if by is By.EVENTS:
        stream.press(digit)
    elif by is By.TONES:
        stream.say(np.concatenate([tones.key(digit), tones.noise(100)]))
