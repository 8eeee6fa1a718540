"""Makes what comes next while the caller is still busy with what came before."""

import contextlib
import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

LOOK_S = 0.2
"""How often a maker that waits for room looks whether anybody still wants its things."""


def ahead(things: Iterable[T], most: int = 2) -> Iterator[T]:
    """Yield `things`, made by another thread that is up to `most` ahead; what making raises is raised here.

    For a caller that waits elsewhere (for PostgreSQL, say) while the things are computed. Leaving the loop early ends
    the thread.
    """
    made: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(most)
    left = threading.Event()

    def put(thing: T | None, error: BaseException | None) -> None:
        while not left.is_set():
            with contextlib.suppress(queue.Full):
                made.put((thing, error), timeout=LOOK_S)
                return

    def make() -> None:
        try:
            for thing in things:
                put(thing, None)
                if left.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 - it is raised by the thread that asked
            put(None, error)
        else:
            put(None, StopIteration())

    maker = threading.Thread(target=make, name="ahead", daemon=True)
    maker.start()
    try:
        while True:
            thing, error = made.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield thing  # type: ignore[misc]  # None only comes with an error
    finally:
        left.set()
        maker.join()
