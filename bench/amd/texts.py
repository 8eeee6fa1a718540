"""What people and machines say in the corpus: the files in lines/, where every line belongs to one part."""

import re
from functools import cache
from pathlib import Path

import numpy as np

LINES = Path(__file__).with_name("lines")
DRILLS = ("drill", "drill_2", "drill_3")
"""Parts that have only lines of their own; each was written when those before it had been made."""
PARTS = ("train", *DRILLS, "validation", "test")
_SPEAKERS = dict.fromkeys(DRILLS, "train")
OTHER = {"es": "train", "fr": "validation", "de": "test"}
"""Further languages, each spoken in one part only."""
PERSON, MACHINE = ("short", "company", "talks", "slow"), ("personal", "carrier", "screening", "ivr", "brief", "trick")
BORDER = "."
"""Stands between sentences."""
_SENTENCES = re.compile(r"[.!?]+(?:\s+|$)")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_CHOICE = re.compile(r"\[([^\]]+)\]")
_SLOT = re.compile(r"\{(\w+)\}")


@cache
def lines(name: str) -> dict[str, list[str]]:
    """Return the lines of one language by their section's title, from all its files."""
    found: dict[str, list[str]] = {}
    title = ""
    for path in sorted(LINES.glob(f"{name}*.txt")):
        for row in path.read_text(encoding="utf-8").splitlines():
            if row.startswith("== "):
                title = row[3:].strip()
                found.setdefault(title, [])
            elif row and not row.startswith("#"):
                found[title].append(row)
    return found


def of(part: str, language: str, kind: str) -> list[str]:
    """Return the lines of one kind in one language that this part may use."""
    if language in OTHER:
        known = lines("other")
        return known.get(f"{language} {kind}") or known[f"{language} {'short' if kind in PERSON else 'personal'}"]
    return lines(language)[f"{part} {kind}"]


def speakers(part: str) -> str:
    """Return the part whose voices, names and prompts this one uses: one that only has lines of its own uses another's."""
    return _SPEAKERS.get(part, part)


def filled(chance: np.random.Generator, part: str, language: str, line: str) -> str:
    """Return the line with its choices made and its slots filled with this part's names."""

    def choose(found: re.Match[str]) -> str:
        return str(chance.choice(found[1].split("/")))

    def name(found: re.Match[str]) -> str:
        return str(chance.choice("|".join(lines(language)[f"{speakers(part)} {found[1]}"]).split("|")))

    return _SLOT.sub(name, _CHOICE.sub(choose, line))


def words(text: str) -> list[str]:
    """Return the words of a text, with BORDER between its sentences."""
    found: list[str] = []
    for its in (_WORD.findall(sentence) for sentence in _SENTENCES.split(text.lower().replace("|", ". "))):
        found += [BORDER, *its] if found and its else its
    return found
