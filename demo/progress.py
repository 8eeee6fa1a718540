"""Shows how far the campaign is: a bar that redraws itself on a terminal, a line now and then elsewhere."""

import sys
import time

from db.campaigns import Progress

BAR_WIDTH = 30
LINE_EVERY_S = 5.0


class ProgressBar:
    """Draws Progress values as they come."""

    def __init__(self) -> None:
        self._is_terminal = sys.stdout.isatty()
        self._last_line_at = 0.0

    def show(self, progress: Progress) -> None:
        """Draw one state."""
        if self._is_terminal:
            print(f"\r\x1b[K{line(progress)}", end="", flush=True)
        elif time.monotonic() - self._last_line_at >= LINE_EVERY_S:
            self._last_line_at = time.monotonic()
            print(line(progress), flush=True)

    def end(self) -> None:
        """Leave the bar's line."""
        if self._is_terminal:
            print(flush=True)


def line(progress: Progress) -> str:
    """Return one state as a line."""
    ended = progress.concluded + progress.blocked
    filled = BAR_WIDTH * ended // max(progress.contacts, 1)
    return (
        f"[{'█' * filled}{'·' * (BAR_WIDTH - filled)}] {ended}/{progress.contacts}"
        f"  on the line {progress.dialing}  to retry {progress.retry}  calls {progress.attempts}"
        f"  leads {progress.leads_delivered}/{progress.leads}"
    )
