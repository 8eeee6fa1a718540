"""When to stop listening: the bars a probability must cross, and the longest waits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bars:
    """Learnt together with the network and kept in its file."""

    silence_ms: float = 420
    """A person has ended after so much silence when a machine is out of the question …"""
    doubt_ms: float = 450
    """… plus so much at an even chance, in proportion."""
    certain: float = 0.97
    """A machine's probability right after the onset …"""
    certain_falls: float = 0.04
    """… which may be lower by so much for every second of the greeting, …"""
    certain_least: float = 0.8
    """… down to this."""
    earliest_ms: float = 900
    """No speech is a machine's sooner than this after its onset."""
    even: float = 0.6
    """At the longest wait, from here on it is a machine."""
    unreachable: float = 20.0
    """Before the answer, the log-odds from which on a voice announces that the callee can't be reached."""


@dataclass(frozen=True, slots=True)
class Waits:
    """The longest waits, in milliseconds of audio since the answer."""

    nothing_ms: int = 3000
    """Nothing heard for so long: unsure."""
    longest_ms: int = 3700
    """The message must begin within 4 s of the answer."""


WAITS = Waits()
