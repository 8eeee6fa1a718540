"""What comes of handing one lead to a CRM, in our words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request to the CRM and what came back; never holds its address or a secret. status None: no answer came."""

    method: str
    request: Mapping[str, Any]
    status: int | None = None
    response: Any = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """The CRM has the lead. was_there: an earlier post had arrived, nothing was added now."""

    external_id: str
    exchanges: tuple[Exchange, ...] = ()
    was_there: bool = False


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Nothing was added. wait_s: the CRM asks to wait so long, None: no wish. is_our_pace: no fault of the lead."""

    error: str
    exchanges: tuple[Exchange, ...] = ()
    wait_s: float | None = None
    is_our_pace: bool = False


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The lead may have been added: look it up before adding it again."""

    error: str
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """The CRM refuses this lead for good: a person has to correct something."""

    error: str
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class PauseIntegration:
    """The CRM refuses us, not this lead: deliver nothing until a person has seen to it. Nothing was added."""

    error: str
    exchanges: tuple[Exchange, ...] = ()


Result = Delivered | RetryLater | Ambiguous | Failed | PauseIntegration
