"""Puts received audio where its RTP timestamps say, and gives it back gap-free, 20 ms a turn."""

FRAME_SAMPLES = 160
FRAME_BYTES = 2 * FRAME_SAMPLES
SILENCE = bytes(FRAME_BYTES)
CUSHION_SAMPLES = FRAME_SAMPLES  # waits one frame, so that a packet late by less than 20 ms makes no hole
FARTHEST_AHEAD = 4000  # a jump of more than 500 ms is a new stream, not a loss
LONGEST_BYTES = 10 * FRAME_BYTES  # buffered audio beyond 200 ms is cut, as a switch flushes its socket's backlog


class Timeline:
    """16-bit audio at 8 kHz between the network and whoever listens. Holds 20 to 200 ms."""

    def __init__(self) -> None:
        self._pcm = bytearray()
        self._next = 0  # RTP timestamp of the first sample in _pcm
        self._anchored = False
        self._last_sequence = -1

    def push(self, sequence: int, timestamp: int, pcm: bytes) -> None:
        """Lay down the audio of one packet; late by reordering is dropped, late by delay moves the whole timeline."""
        ahead = _signed32(timestamp - self._next)
        if not self._anchored or ahead > FARTHEST_AHEAD or ahead < -FARTHEST_AHEAD:
            ahead = self._anchor(timestamp)
        elif ahead < 0:
            if _signed16(sequence - self._last_sequence) < 0:
                return
            ahead = self._anchor(timestamp)
        self._last_sequence = sequence
        start = 2 * ahead
        if len(self._pcm) < start:
            self._pcm.extend(bytes(start - len(self._pcm)))
        self._pcm[start : start + len(pcm)] = pcm

    def pull(self) -> bytes:
        """Take the next 320 bytes; where nothing came there is silence."""
        if len(self._pcm) > LONGEST_BYTES:
            self._drop(len(self._pcm) - 2 * FRAME_BYTES)
        if not self._pcm:
            if self._anchored:
                self._next = (self._next + FRAME_SAMPLES) & 0xFFFFFFFF
            return SILENCE
        frame = bytes(self._pcm[:FRAME_BYTES])
        self._drop(FRAME_BYTES)
        return frame if len(frame) == FRAME_BYTES else frame + bytes(FRAME_BYTES - len(frame))

    def _anchor(self, timestamp: int) -> int:
        """Make the timestamp follow what is still buffered, or the cushion; return its distance from the start."""
        ahead = max(len(self._pcm) // 2, CUSHION_SAMPLES)
        self._next = (timestamp - ahead) & 0xFFFFFFFF
        self._anchored = True
        return ahead

    def _drop(self, count: int) -> None:
        del self._pcm[:count]
        self._next = (self._next + count // 2) & 0xFFFFFFFF


def _signed32(difference: int) -> int:
    return ((difference + 0x80000000) & 0xFFFFFFFF) - 0x80000000


def _signed16(difference: int) -> int:
    return ((difference + 0x8000) & 0xFFFF) - 0x8000
