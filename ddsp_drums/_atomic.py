"""Files that are whole or not there."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(path: str | Path, content: bytes) -> None:
    """Write a file beside its place and move it there, so that nobody ever sees half of it."""
    with beside(path) as partial:
        partial.write_bytes(content)


@contextmanager
def beside(path: str | Path) -> Iterator[Path]:
    """Give a path beside a file's place; what was written to it is moved there, unless something went wrong."""
    path = Path(path)
    partial = partial_path(path)
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def partial_path(path: Path) -> Path:
    """Name what will be moved to a path once it is whole; nobody else has that name, on no machine."""
    return path.with_name(f".{uuid.uuid4().hex}.partial")
