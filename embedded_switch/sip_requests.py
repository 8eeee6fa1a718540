"""Reads what a callee sends during a call: digits in INFO, causes in Reason."""

import re

from aiosipua import SipMessage

from embedded_switch.causes import cause_of_q850

KEYS = "0123456789*#ABCD"
SIGNAL = re.compile(r"Signal=\s*([0-9]+|[*#A-D])", re.IGNORECASE)
DURATION = re.compile(r"Duration=\s*(\d+)", re.IGNORECASE)
REASON = re.compile(r"^\s*([\w.]+)\s*;.*?\bcause=(\d+)", re.IGNORECASE)
TRUSTED_REASONS = ("q.850", "freeswitch")
DEFAULT_DIGIT_MS = 250


def digit_in(message: SipMessage) -> tuple[str, int] | None:
    """Return (key, milliseconds) from an INFO's application/dtmf-relay or application/dtmf body."""
    kind = (message.content_type or "").partition(";")[0].strip().lower()
    text = message.text.strip()
    if kind == "application/dtmf-relay":
        signal = SIGNAL.search(text)
        if not signal:
            return None
        duration = DURATION.search(text)
        key = _key(signal[1])
        return (key, int(duration[1]) if duration else DEFAULT_DIGIT_MS) if key else None
    if kind == "application/dtmf":
        key = _key(text)
        return (key, DEFAULT_DIGIT_MS) if key else None
    return None


def cause_in(message: SipMessage) -> str:
    """Return the hangup cause a Reason header names, if FreeSWITCH would believe it; else nothing."""
    for value in message.headers.get("reason"):
        match = REASON.match(value)
        if match and match[1].lower() in TRUSTED_REASONS and int(match[2]):
            return cause_of_q850(int(match[2]))
    return ""


def _key(signal: str) -> str:
    """Turn a key or an event number (10 star, 11 pound, 12-15 A-D) into the key."""
    if signal.isdigit():
        return KEYS[int(signal)] if int(signal) < len(KEYS) else ""
    return signal.upper() if signal.upper() in KEYS else ""
