"""Detectors that decide by number: what listening does is tried without what is heard."""

from fs_scripts.amd.detector import Verdict
from fs_scripts.amd.spectrum import Analyser
from fs_scripts.amd.together import Block


class Counting:
    """Decides on its nth frame, a multiple of five; gives up as unsure."""

    def __init__(self, verdict=Verdict.MACHINE, decides_at=None):
        self.frames, self.verdict, self.analyser = [], None, Analyser()
        self._block, self._will_be, self._decides_at = Block(), verdict, decides_at

    @property
    def samples(self):
        return self._block.samples.ravel()

    @property
    def is_done(self):
        return self.verdict is not None

    def take(self, frame):
        self.frames.append(frame)
        return self._block.take(frame)

    def analysed(self, sounds):
        assert len(sounds) == 5
        if len(self.frames) == self._decides_at:
            self.verdict = self._will_be

    def understood(self, speech):
        raise AssertionError("nobody listened")

    def give_up(self):
        self.verdict = Verdict.UNSURE
        return self.verdict

    def evidence(self):
        return {"frames": len(self.frames)}


class Broken(Counting):
    """Raises at one step."""

    STEPS = ("take", "analysed", "give_up")

    def __init__(self, step):
        super().__init__()
        setattr(self, step, self._breaks)

    def _breaks(self, *_):
        raise ValueError("a bug")
