"""The sounds of a sentence, as espeak-ng would say it: what the network is taught to hear on its way to words."""

import ctypes
import re
from functools import cache

from bench.amd import packages

SEPARATOR = "_"
SILENT = re.compile(r"[',;:=%|\-!?\s()]|_:|_!")
"""Stress, length and pauses are no sounds of their own."""
RETRIEVAL, UTF8 = 1, 1
VOICES = {"ru": b"ru", "en": b"en-us", "es": b"es", "fr": b"fr", "de": b"de"}
LIBRARIES = ("libpcaudio.so.0", "libsonic.so.0", "libespeak-ng.so.1")


@cache
def _library() -> ctypes.CDLL:
    folder = packages.ROOT / "usr/lib/x86_64-linux-gnu"
    for name in LIBRARIES:
        library = ctypes.CDLL(str(folder / name), ctypes.RTLD_GLOBAL)
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    if library.espeak_Initialize(RETRIEVAL, 0, str(folder).encode(), 0) < 0:
        raise RuntimeError("espeak-ng found none of its data")
    return library


def of(text: str, language: str) -> list[str]:
    """Return the sounds of a text, one name each."""
    library = _library()
    library.espeak_SetVoiceByName(VOICES[language])
    buffer = ctypes.create_string_buffer(text.encode())
    left = ctypes.c_void_p(ctypes.addressof(buffer))
    found: list[str] = []
    while left.value:
        clause = library.espeak_TextToPhonemes(ctypes.byref(left), UTF8, ord(SEPARATOR) << 8)
        for word in (clause or b"").decode().split():
            found += filter(None, (SILENT.sub("", sound) for sound in word.split(SEPARATOR)))
    return found
