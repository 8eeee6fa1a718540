"""Digits from RFC 4733 telephone-events: one press each, whatever was doubled, reordered or lost."""

from aiortp.dtmf import EVENT_TO_DIGIT, DtmfEvent

SAMPLES_PER_MS = 8


class EventReader:
    """Reads telephone-event payloads of one stream.

    A press counts when its first end packet arrives, as in FreeSWITCH: any of the three does, and a press none of
    whose end packets arrives is no digit. Packets of a press share one timestamp, which tells doubles apart.
    """

    def __init__(self) -> None:
        self._ended: int | None = None

    def read(self, timestamp: int, payload: bytes) -> tuple[str, int] | None:
        """Return (digit, milliseconds) when this packet completes a press."""
        if len(payload) < 4 or timestamp == self._ended:
            return None
        event = DtmfEvent.parse(payload)
        digit = EVENT_TO_DIGIT.get(event.event)
        if digit is None or not event.end:
            return None
        self._ended = timestamp
        return digit, event.duration // SAMPLES_PER_MS
