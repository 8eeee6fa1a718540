"""FreeSWITCH's way of splitting strings: quotes and escapes vanish one level at each split."""

import re

UNESCAPED = {"n": "\n", "r": "\r", "t": "\t", "s": " "}


class ParseError(ValueError):
    """A bracket is never closed; FreeSWITCH logs `Parse Error!` and fails the whole originate."""


def separate(text: str, delimiter: str, limit: int = 1024) -> list[str]:
    """Split at a delimiter outside '…' and not after a backslash, then strip one level of quotes, escapes, spaces.

    A text that begins with `^^:` is split at `:` instead. No more than `limit` parts: the last keeps the rest.
    """
    if text.startswith("^^") and len(text) > 3:
        delimiter, text = text[2], text[3:]
    cut = _cut_at_blanks(text, limit) if delimiter == " " else _cut(text, delimiter, limit)
    return [_clean(part, "" if delimiter == " " else delimiter) for part in cut]


def brackets(text: str, opening: str, closing: str) -> tuple[dict[str, str], str]:
    """Read `{a=b,c='d'}rest` into ({a: b, c: d}, rest); several brackets in a row are read one after the other.

    Parts without `=` or without a value are skipped, as FreeSWITCH does. Raises ParseError.
    """
    found: dict[str, str] = {}
    while text.startswith(opening):
        end = _end_of_bracket(text, opening, closing)
        found.update(_pairs(text[1:end]))
        text = text[end + 1 :].lstrip(" ")
    return found, text


def _pairs(inner: str) -> dict[str, str]:
    pairs = (separate(part, "=", 2) for part in separate(inner, ","))
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def _end_of_bracket(text: str, opening: str, closing: str) -> int:
    depth = 0
    for match in re.finditer(f"[{re.escape(opening + closing)}]", text):
        depth += 1 if match[0] == opening else -1
        if not depth:
            return match.start()
    raise ParseError("Parse Error!")


def _cut(text: str, delimiter: str, limit: int) -> list[str]:
    parts: list[str] = []
    start = at = 0
    quoted = False
    while at < len(text) and len(parts) < limit - 1:
        char = text[at]
        if char == "\\":
            at += 1
        elif char == "'" and (quoted or "'" in text[at + 1 :]):
            quoted = not quoted
        elif char == delimiter and not quoted:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    if start < len(text):  # a delimiter at the very end opens no further part
        parts.append(text[start:])
    return parts


def _cut_at_blanks(text: str, limit: int) -> list[str]:
    parts: list[str] = []
    start = at = len(text) - len(text.lstrip(" "))
    quoted = False
    while at < len(text) and len(parts) < limit - 1:
        char = text[at]
        if char == "\\":
            at += 1
        elif char == "'":
            quoted = not quoted
        elif char == " " and not quoted:
            parts.append(text[start:at])
            while at + 1 < len(text) and text[at + 1] == " ":
                at += 1
            start = at + 1
        at += 1
    if start < len(text):
        parts.append(text[start:])
    return parts


def _clean(part: str, delimiter: str) -> str:
    part = part.lstrip(" ")
    out: list[str] = []
    kept = 0  # how much of `out` is not trailing space
    quoted = False
    at = 0
    while at < len(part):
        char = part[at]
        following = part[at + 1 : at + 2]
        if char == "\\" and following and (following in "'\"\\" or following == delimiter or following in UNESCAPED):
            special = following in "'\"\\" or following == delimiter
            out.append(following if special else UNESCAPED[following])
            kept = len(out)
            at += 2
            continue
        if char == "'" and (quoted or "'" in part[at + 1 :]):
            quoted = not quoted
            if quoted:
                kept = len(out)
        else:
            out.append(char)
            if char != " " or quoted:
                kept = len(out)
        at += 1
    return "".join(out[:kept])
