"""Where a prompt's audio is."""

from functools import lru_cache
from pathlib import Path

from dialer.errors import DialerError
from dialer.prompt import Prompt, PromptKind


class PromptMissing(DialerError):
    """A prompt's file is not there: put it back, or upload the audio again."""


def path_of(prompt: Prompt, language: str, sounds_dir: Path, audio_dir: Path) -> Path:
    """Return the absolute path of a prompt's file; raise PromptMissing when there is none."""
    path = _path_of(prompt, language, sounds_dir, audio_dir)
    if not path.is_file():
        raise PromptMissing(f"there is no audio file {path}")
    return path


@lru_cache(maxsize=1024)
def _path_of(prompt: Prompt, language: str, sounds_dir: Path, audio_dir: Path) -> Path:
    if prompt.kind is PromptKind.BUILTIN:
        return (sounds_dir / language / f"{prompt.name}.wav").absolute()
    return (audio_dir / prompt.name).absolute()
