"""Says who answered in sound files: `python -m fs_scripts.amd [--json] FILE.wav…`, one line a file.

Tab-separated: path, verdict, decision_ms, score. A file begins at the answer; one that ends before a verdict is
taken for a call that ended, and decided on what was heard.
"""

import argparse
import json
import sys
from pathlib import Path

from fs_scripts.amd.decision import AnswerDetector
from fs_scripts.amd.detector import FRAME_SAMPLES, Frame
from fs_scripts.amd.sound_file import Unreadable, read


def decide(samples: Frame) -> AnswerDetector:
    """Return a detector that has decided on these samples (8 kHz)."""
    detector = AnswerDetector()
    for start in range(0, len(samples) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        if detector.feed(samples[start : start + FRAME_SAMPLES]) is not None:
            return detector
    detector.give_up()
    return detector


def main() -> int:
    """Decide on every file; 1 when one could not be read."""
    parser = argparse.ArgumentParser(prog="python -m fs_scripts.amd", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the evidence, one JSON object a line")
    parser.add_argument("files", nargs="+", metavar="FILE.wav", type=Path)
    options = parser.parse_args()
    failed = 0
    for path in options.files:
        try:
            detector = decide(read(path))
        except Unreadable as why:
            sys.stderr.write(f"{path}: {why}\n")
            failed = 1
            continue
        evidence = detector.evidence()
        if options.json:
            line = json.dumps({"path": str(path), "decision_ms": detector.heard_ms, **evidence}, ensure_ascii=False)
        else:
            line = f"{path}\t{detector.verdict}\t{detector.heard_ms}\t{detector.score:.3f}"
        sys.stdout.write(line + "\n")
    return failed


if __name__ == "__main__":
    sys.exit(main())
