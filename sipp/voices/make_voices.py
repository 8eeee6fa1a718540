"""Makes sipp/voices/<name>.wav from voices.toml with espeak-ng: `python -m sipp.voices.make_voices`."""

import tomllib
from pathlib import Path

from sounds.speech import Voice, say, write_wav

HERE = Path(__file__).parent


def main() -> None:
    """Make every voice."""
    for name, said in tomllib.loads((HERE / "voices.toml").read_text(encoding="utf-8")).items():
        audio = say(said["text"], Voice(said["voice"], said["words_per_minute"], said["pitch"]))
        write_wav(HERE / f"{name}.wav", audio)
        print(f"{name}.wav {len(audio) / 8000:.1f} s")


if __name__ == "__main__":
    main()
