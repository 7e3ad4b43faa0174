"""Files that are whole or not there."""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_number = itertools.count()  # as several may be written at once


def write_whole(path: str | Path, content: bytes) -> None:
    """Write a file beside its place and move it there, so that nobody ever sees half of it."""
    with beside(path) as partial:
        partial.write_bytes(content)


@contextmanager
def beside(path: str | Path) -> Iterator[Path]:
    """Give a path beside a file's place; what was written to it is moved there, unless something went wrong."""
    path = Path(path)
    partial = path.with_name(f".{os.getpid()}.{next(_number)}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
