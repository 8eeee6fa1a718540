"""The kinds of callees as data: what each does with a call. A new kind is a row of this table."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class By(StrEnum):
    """How a key reaches the caller."""

    EVENTS = "events"
    """Telephone events in RTP (RFC 4733)."""
    INFO = "info"
    """A SIP INFO with application/dtmf-relay."""
    TONES = "tones"
    """Two tones in the audio."""


@dataclass(frozen=True, slots=True)
class Say:
    """Speak: a voice's name without its language, or a sound of sipp/tones.py."""

    what: str


@dataclass(frozen=True, slots=True)
class Listen:
    """Listen for so long; a slow callee takes longer, a quick one less."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Press:
    """Press a key."""

    digit: str
    by: By = By.EVENTS


@dataclass(frozen=True, slots=True)
class HangUp:
    """Hang up. A callee that does not stays until the caller hangs up."""


Step = Say | Listen | Press | HangUp


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of callee.

    ring_s: from 180 to the answer or refusal; None: refuses without ringing. early: heard before the answer,
    with 183. status: what answers the INVITE, `200 OK` or a refusal; empty: rings until it is cancelled.
    steps: what happens after the answer. variants: how many of PACES take turns.
    """

    name: str
    gloss: str
    status: str = "200 OK"
    ring_s: float | None = 2.0
    early: str = ""
    steps: tuple[Step, ...] = ()
    variants: int = 4

    @property
    def answers(self) -> bool:
        """Whether somebody or something picks up."""
        return self.status.startswith("200")

    @property
    def uses_tones(self) -> bool:
        """Whether its keys are tones in the audio, as behind an exchange that knows no telephone events."""
        return any(isinstance(step, Press) and step.by is By.TONES for step in self.steps)


def _person(name: str, gloss: str, *steps: Step, ring_s: float = 2.0, early: str = "") -> Kind:
    """Return a person, who is heard 0.8 s after the answer."""
    return Kind(name, gloss, ring_s=ring_s, early=early, steps=(Listen(0.8), Say("human"), *steps))


def _brief(name: str, gloss: str, *steps: Step) -> Kind:
    """Return a callee of load tests, who answers soon and says nothing."""
    return Kind(name, gloss, ring_s=1.0, steps=(Listen(1.5), *steps), variants=2)


HEARD = Listen(6.5)
"""Long enough for a verdict (≤ 4 s after the answer) and for some of the message."""

TABLE = (
    _person("human1", "a person who listens and presses 1", HEARD, Press("1")),
    _person("human2", "a person who listens and presses 2", HEARD, Press("2")),
    _person("human3", "a person who listens and presses 3", HEARD, Press("3")),
    _person("human9", "a person who listens and presses 9", HEARD, Press("9")),
    _person("human_repeat", "a person who presses 0, listens and presses 1", HEARD, Press("0"), HEARD, Press("1")),
    _person("human_wrong", "a person who presses 5, which means nothing, then 1", HEARD, Press("5"), HEARD, Press("1")),
    _person("human_silent", "a person who presses nothing"),
    _person("human_hangup", "a person who hangs up during the greeting", Listen(3.5), HangUp()),
    _person("human_hangup_menu", "a person who hangs up during the menu", Listen(10.0), HangUp()),
    _person("human_info", "a person whose 1 comes as SIP INFO", HEARD, Press("1", By.INFO)),
    _person("human_inband", "a person whose 1 is a tone in the audio", HEARD, Press("1", By.TONES)),
    _person("human_early_media", "ring-back in early media, then a person who presses 1", HEARD, Press("1"),
            early="ringback"),
    Kind("human_quick", "a person who presses 1 before saying anything", steps=(Listen(1.2), Press("1"))),
    _brief("brief1", "a person in a hurry, who presses 1 as soon as the message begins", Press("1")),
    _brief("brief2", "a person in a hurry, who presses 2 as soon as the message begins", Press("2")),
    _brief("brief9", "a person in a hurry, who presses 9 as soon as the message begins", Press("9")),
    _brief("brief_hangup", "a person in a hurry, who hangs up as soon as the message begins", HangUp()),
    _brief("brief_silent", "a person who answers soon, says and presses nothing"),
    Kind(
        "human_ringback",
        "answered by an exchange that goes on ringing for 5 s, then a person who presses 1",
        steps=(Say("ringback"), Say("human"), HEARD, Press("1")),
    ),
    Kind("machine", "an answering machine: a long greeting, a beep, silence",
         steps=(Listen(0.6), Say("machine"), Listen(0.4), Say("beep"), Listen(8.0))),
    Kind("fax", "a fax: 2100 Hz", steps=(Say("fax"), Listen(3.0), Say("fax"))),
    Kind("silence", "a line that is answered and says nothing", steps=(Listen(8.0),)),
    Kind("noanswer", "rings until the caller gives up", status=""),
    Kind("busy", "busy", status="486 Busy Here", ring_s=None),
    Kind("reject", "declined after ringing", status="603 Decline", ring_s=3.0),
    Kind("unreachable", "switched off or out of coverage", status="480 Temporarily Unavailable", ring_s=None),
    Kind("invalid", "no such number", status="404 Not Found", ring_s=None),
    Kind("early_reject", "no such number, said in early media", status="404 Not Found", ring_s=3.0,
         early="announcement"),
    Kind("congestion", "no capacity", status="503 Service Unavailable", ring_s=None),
    Kind("server_error", "the carrier's fault", status="500 Server Internal Error", ring_s=None),
    Kind("forbidden", "the carrier refuses the caller", status="403 Forbidden", ring_s=None),
)  # fmt: skip

KINDS = {kind.name: kind for kind in TABLE}


@dataclass(frozen=True, slots=True)
class Pace:
    """A variant of a kind, so that callees neither speak nor press in chorus.

    factor: of every waiting time. languages: voices to choose from, in turn.
    """

    factor: float
    voices: tuple[tuple[str, str], ...]

    def voice(self, what: str) -> str:
        """Return the voice's file name for what is said, or the sound's own name."""
        return dict(self.voices).get(what, what)


PACES = (
    Pace(0.85, (("human", "human_ru"), ("machine", "machine_ru"), ("announcement", "announcement_ru"))),
    Pace(1.0, (("human", "human_ru_2"), ("machine", "machine_ru_2"), ("announcement", "announcement_ru"))),
    Pace(1.1, (("human", "human_en"), ("machine", "machine_en"), ("announcement", "announcement_ru"))),
    Pace(1.25, (("human", "human_ru_3"), ("machine", "machine_ru"), ("announcement", "announcement_ru"))),
)


def keys_of(kind: Kind) -> str:
    """Return the keys this kind presses when nobody hangs up on it."""
    return "".join(step.digit for step in kind.steps if isinstance(step, Press))


def described(kinds: Iterable[Kind] = TABLE) -> str:
    """Return the table for people."""
    return "\n".join(f"{kind.name:<18} {kind.status or 'no answer':<28} {kind.gloss}" for kind in kinds)
