"""Makes sounds/<language>/<name>.wav from sounds/prompts.toml: `python -m sounds.make_prompts`."""

import hashlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from sounds.speech import Voice, say, write_wav

HERE = Path(__file__).parent
MADE_FROM = HERE / "made_from.json"
"""Which text and voice each file was made from, so that a test notices a text that was changed alone."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One file to make."""

    language: str
    name: str
    text: str
    voice: Voice

    @property
    def path(self) -> Path:
        """Return where the audio belongs."""
        return HERE / self.language / f"{self.name}.wav"

    @property
    def fingerprint(self) -> str:
        """Return what changes whenever the audio must be made again."""
        spoken = json.dumps([self.text, asdict(self.voice)], ensure_ascii=False)
        return hashlib.sha256(spoken.encode()).hexdigest()[:16]


def read_prompts(path: Path = HERE / "prompts.toml") -> Iterator[Prompt]:
    """Yield every prompt of every language."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    for language, settings in table.pop("voices").items():
        voice = Voice(settings["voice"], settings["words_per_minute"], settings["pitch"])
        for name, text in table[language].items():
            yield Prompt(language, name, text, voice)


def main() -> None:
    """Make every prompt."""
    made = {}
    for prompt in read_prompts():
        audio = say(prompt.text, prompt.voice)
        write_wav(prompt.path, audio)
        made[f"{prompt.language}/{prompt.name}"] = prompt.fingerprint
        print(f"{prompt.path.relative_to(HERE)} {len(audio) / 8000:.1f} s")  # noqa: T201
    MADE_FROM.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
