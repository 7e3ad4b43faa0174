"""The `drummernet` command, `python -m drummernet`, and so what `torchrun -m` and `accelerate launch -m` start."""

import atexit
import contextlib
import os
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command, or say how to install what it needs."""
    codes: list[str | int | None] = []
    atexit.register(_leave, codes)  # before anything else is, so that it comes last
    try:
        from drummernet.commands.app import main as run
    except ModuleNotFoundError as error:
        sys.stderr.write(f"error: {error}: pip install 'ddsp_drums[drummernet]'\n")
        sys.exit(2)
    try:
        run()
    except SystemExit as end:
        codes.append(end.code)
        raise


def _leave(codes: list[str | int | None]) -> None:
    """End without PyTorch's own endings, for which 130 MB of its libraries would be read; not after a failure."""
    if codes and not isinstance(codes[0], str):
        with contextlib.suppress(OSError):  # who reads it may have left before
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(codes[0] or 0)


if __name__ == "__main__":
    main()
