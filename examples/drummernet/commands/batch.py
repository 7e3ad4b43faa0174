"""The `drummernet batch` command."""

from pathlib import Path
from typing import Annotated

import typer

from drummernet.commands.terminal import say, warn

__all__ = ["batch"]


def batch(
    inputs: Annotated[list[Path], typer.Argument(metavar="INPUT...", help="Recordings, and folders of them.")],
    out: Annotated[Path, typer.Option(help="A .jsonl file, or a .parquet folder; what has a row in it is skipped.")],
    engine: Annotated[str, typer.Option(help="local, or ray: all cores, or the cluster at RAY_ADDRESS.")] = "local",
    threshold: Annotated[
        str | None, typer.Option(metavar="NUMBERS", help="One for all, or KD=.2,HH=.4. Default: the network's own.")
    ] = None,
    refined: Annotated[
        bool, typer.Option("--refined/--fast", help="Hear each recording again with its own sounds, or only once.")
    ] = True,
    weights: Annotated[Path | None, typer.Option(help="Trained network. Default: the one in the package.")] = None,
) -> None:
    """Transcribe thousands of recordings into one table, a row each. Stopped, the same command goes on.

    Exit code 0: all have their hits. 1: some could not be read; their rows say why. 2: nothing could be done.
    """
    from drummernet.hearing.thresholds import parse_thresholds
    from drummernet.results.batch import transcribe_many
    from drummernet.results.files import find_recordings
    from drummernet.weights import SHIPPED

    paths = [path for each in inputs for path in (find_recordings(each) if each.is_dir() else [each])]
    summary = transcribe_many(
        paths,
        out,
        engine=engine,
        weights=weights or SHIPPED,
        threshold=None if threshold is None else parse_thresholds(threshold),
        refined=refined,
    )
    for reason in summary.failed.values():
        warn(f"error: {reason}")
    counts = f"{summary.done} done, {summary.skipped} skipped, {len(summary.failed)} failed"
    say(f"{counts} -> {out}")
    if summary.failed:
        raise typer.Exit(1 if summary.done + summary.skipped else 2)
