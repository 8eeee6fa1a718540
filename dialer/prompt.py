"""A prompt as a flow names it: one piece of audio, built in or uploaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from dialer.errors import InvalidFlow


class PromptKind(StrEnum):
    """Where a prompt's audio comes from."""

    BUILTIN = "builtin"
    """A file of `sounds/<language>/<name>.wav`."""
    AUDIO = "audio"
    """An uploaded file, named by its id and its path below the audio folder."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One piece of audio. `name`: the built-in's name, or the uploaded file's path below the audio folder."""

    kind: PromptKind
    name: str
    audio_id: int | None = None


def parse_prompt(definition: Any, where: str) -> Prompt:
    """Read `{kind, name}`; raise InvalidFlow naming `where` it stands."""
    if not isinstance(definition, Mapping) or "kind" not in definition or "name" not in definition:
        raise InvalidFlow(f"{where} needs {{kind, name}}, kind one of {', '.join(PromptKind)}")
    try:
        kind = PromptKind(definition["kind"])
    except ValueError as error:
        raise InvalidFlow(f"{where}.kind is one of {', '.join(PromptKind)}") from error
    name = str(definition["name"])
    if not name or name.startswith("/") or ".." in name or any(c in name for c in "${}'\"\\\n\r"):
        raise InvalidFlow(f"{where}.name {name!r} is no plain relative file name")
    return Prompt(kind, name, definition.get("audio_id"))


def parse_whole(definition: Mapping[str, Any], name: str, low: int, high: int, where: str = "") -> int:
    """Read a whole number from `low` to `high`; raise InvalidFlow naming the field."""
    value = definition.get(name)
    if type(value) is not int or not low <= value <= high:
        raise InvalidFlow(f"{where}{name} is a whole number from {low} to {high}, not {value!r}")
    return value
