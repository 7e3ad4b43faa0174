"""Ctrl-C, when it suits."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["held_back", "ignore"]

_PATIENCE_S = 5.0


@contextmanager
def held_back() -> Iterator[Callable[[], bool]]:
    """Hold Ctrl-C back, and tell when asked whether it came; after five seconds another one comes through.

    Outside the main thread, which alone hears of it, it never comes.
    """
    came_at: list[float] = []

    def note(number: int, frame: FrameType | None) -> None:
        if came_at and time.monotonic() - came_at[0] > _PATIENCE_S:
            raise KeyboardInterrupt
        came_at.append(time.monotonic())

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(came_at)
    finally:
        signal.signal(signal.SIGINT, before)


def ignore(*_: object) -> None:
    """Leave Ctrl-C to the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
