"""What most callees of the suite do once they have answered."""

from tests.switch.scenario import hung_up, pause, play
from tests.switch.sounds import digit_capture


def presses(key: str, after_ms: int = 2500) -> tuple[str, ...]:
    """Listen, press one key and wait until the other side hangs up; by default in the middle of the menu."""
    return (pause(after_ms), play(digit_capture(key)), hung_up())
