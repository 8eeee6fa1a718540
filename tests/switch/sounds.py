"""The suite's audio: short prompts for the switch, and captures of keys and voices for the callees."""

import functools
import tempfile
import wave
from pathlib import Path
from typing import Any

import numpy as np

import sipp
from sipp import tones
from sipp.capture import RtpStream, read_wav, write_digit_capture, write_pcap, write_pcma_capture
from sipp.tones import Samples

VOICES = Path(sipp.__file__).parent / "voices"
PROMPTS_MS = {
    "greeting": 1200, "menu": 600, "thanks_interested": 400, "thanks_not_interested": 400, "opted_out": 400,
    "goodbye": 400, "wrong_key": 400, "callback": 400, "callback_when": 400, "transfer": 400, "long": 30000,
    "voicemail": 1500, "six_seconds": 6000,
}  # fmt: skip


@functools.cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="dialer-switch-suite-"))


def make_prompts(sounds_dir: Path) -> None:
    """Write every built-in prompt as a soft tone, short, so that the suite is not spent on listening."""
    for language in ("ru", "en"):
        (sounds_dir / language).mkdir(parents=True)
        for name, duration_ms in PROMPTS_MS.items():
            _write_wav(sounds_dir / language / f"{name}.wav", tones.tone([300], duration_ms, 0.1))


def prompt(name: str) -> dict[str, Any]:
    """Return a built-in prompt as a flow spells it."""
    return {"kind": "builtin", "name": name}


def long_prompt() -> dict[str, Any]:
    """Return a prompt of thirty seconds, as a flow spells it."""
    return prompt("long")


def digit_capture(key: str) -> Path:
    """Return a capture of one key as telephone events (RFC 4733)."""
    path = _folder() / f"key_{ord(key)}.pcap"
    if not path.exists():
        write_digit_capture(key, path)
    return path


def two_keys_capture(first: str, pause_ms: int, second: str) -> Path:
    """Return a capture of two keys in one RTP stream, as one telephone sends them."""
    path = _folder() / f"keys_{ord(first)}_{ord(second)}.pcap"
    stream = RtpStream()
    stream.press(first)
    stream.wait(pause_ms)
    stream.press(second)
    write_pcap(path, stream.take())
    return path


def inband_capture(key: str) -> Path:
    """Return a capture of one key as a tone of 200 ms in the audio, between silence."""
    return _capture(f"inband_{ord(key)}", np.concatenate([tones.noise(200), tones.key(key), tones.noise(500)]))


def ringback_capture() -> Path:
    """Return a capture of a second of ring-back tone, 425 Hz."""
    return _capture("ringback", tones.ringback(1000))


def ringback_after_answer_capture() -> Path:
    """Return a capture of a line that goes on ringing after the answer."""
    return _capture("ringback_after_answer", tones.ringback(6000))


def hello_capture() -> Path:
    """Return a capture of a person's short greeting."""
    return _voice("human_ru")


def machine_capture() -> Path:
    """Return a capture of an answering machine's long greeting."""
    return _voice("machine_ru")


def announced_machine_capture() -> Path:
    """Return a capture of a carrier's mailbox, which says by a tone what it is: it is a machine to every detector."""
    return _capture("mailbox", _mailbox_greeting())


def voicemail_capture() -> Path:
    """Return a capture of such a mailbox's greeting, its beep, and the silence it then records."""
    samples = np.concatenate([_mailbox_greeting(), tones.noise(600), tones.beep(), tones.noise(8000)])
    return _capture("voicemail", samples)


def mute_machine_capture() -> Path:
    """Return a capture of such a mailbox's greeting that no beep follows, only silence."""
    return _capture("no_beep", np.concatenate([_mailbox_greeting(), tones.noise(12000)]))


def _mailbox_greeting() -> Samples:
    return np.concatenate([tones.special_information(), read_wav(VOICES / "machine_ru.wav")])


def fax_capture() -> Path:
    """Return a capture of a fax that answers."""
    return _capture("fax", tones.fax_answer())


def line_capture(seconds: int) -> Path:
    """Return a capture of a line on which nobody speaks."""
    return _capture(f"line_{seconds}", tones.noise(1000 * seconds))


def busy_capture(seconds: int) -> Path:
    """Return a capture of the busy tone: 425 Hz, 0.35 s on and 0.35 s off."""
    once = np.concatenate([tones.tone([425], 350, 0.1), tones.noise(350)])
    return _capture(f"busy_{seconds}", np.resize(once, tones.RATE * seconds))


def unreachable_capture() -> Path:
    """Return a capture of the network's announcement: the special information tone, then speech, twice."""
    once = np.concatenate([tones.special_information(), read_wav(VOICES / "announcement_ru.wav"), tones.noise(1000)])
    return _capture("unreachable", np.concatenate([once, once]))


def announcement_capture() -> Path:
    """Return a capture of somebody who speaks instead of ring-back."""
    return _voice("announcement_ru")


def _voice(name: str) -> Path:
    return _capture(name, read_wav(VOICES / f"{name}.wav"))


def _capture(name: str, samples: Samples) -> Path:
    path = _folder() / f"{name}.pcap"
    if not path.exists():
        write_pcma_capture(samples, path)
    return path


def _write_wav(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(tones.RATE)
        out.writeframes(samples.astype("<i2").tobytes())
