"""A process that hears one recording at a time, and can be ended in the middle of one."""

import asyncio
import json
import multiprocessing
import signal
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from pathlib import Path

from drummernet.results.files import FAILURES, reason_of

__all__ = ["AbandonedError", "RefusedError", "Worker"]

_EVERY_S = 0.03  # how often to look for an answer


class RefusedError(ValueError):
    """A recording that cannot be transcribed; the message is a line for its owner."""


class AbandonedError(Exception):
    """Nobody waits for the recording any more."""


class Worker:
    """A process with the network loaded.

    Args:
        weights: A file of weights.
        max_duration_s: Longer recordings are refused.
    """

    def __init__(self, weights: Path, *, max_duration_s: float) -> None:
        self._arguments = weights, max_duration_s
        self._start()

    async def listen(self, path: Path, gone: Callable[[], Awaitable[bool]]) -> bytes:
        """Hear a recording. If this is cancelled, or nobody waits for it any more, the process starts anew.

        Args:
            path: The recording.
            gone: Tells whether nobody waits any more.

        Returns:
            JSON of what :func:`drummernet.serve.listen.listen` returns.

        Raises:
            RefusedError: If the recording cannot be transcribed.
            AbandonedError: If nobody waits any more.
        """
        try:
            self._pipe.send(path)
            while not self._pipe.poll():
                if await gone():
                    raise AbandonedError
                await asyncio.sleep(_EVERY_S)
            accepted, answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            self._restart()
            raise RefusedError("its process was ended, perhaps for want of memory; try a shorter piece") from error
        except BaseException:
            self._restart()
            raise
        if not accepted:
            raise RefusedError(answer)
        return answer

    def stop(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, *self._arguments), daemon=True)
        self._process.start()
        theirs.close()  # so that the end of the process is the end of the pipe

    def _restart(self) -> None:
        self.stop()
        self._start()


def _serve(pipe: Connection, weights: Path, max_duration_s: float) -> None:
    """Hear recordings until the other end of the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    from drummernet.hearing.transcriber import Transcriber
    from drummernet.serve.listen import listen

    transcriber = Transcriber(weights)
    while True:
        try:
            path = pipe.recv()
        except EOFError:
            return
        try:
            answer = json.dumps(listen(transcriber, path, max_duration_s=max_duration_s), allow_nan=False).encode()
        except FAILURES as error:
            pipe.send((False, reason_of(error).removeprefix(f"{path}: ")))
        else:
            pipe.send((True, answer))
