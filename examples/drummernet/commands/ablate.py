"""The `drummernet ablate` command."""

import os
from pathlib import Path
from typing import Annotated

import typer

from drummernet.commands.terminal import ERRORS, RESULTS, say, warn

__all__ = ["ablate"]


def ablate(
    audio: Annotated[Path, typer.Argument(metavar="AUDIO_DIR", help="Recordings of drums, for reconstruction.")],
    annotated: Annotated[Path, typer.Option("--eval", metavar="DIR", help="Annotated recordings, for scores only.")],
    kits: Annotated[
        list[Path] | None, typer.Option(metavar="KIT_DIR", help="Sounds; may be repeated. Default: synthesised.")
    ] = None,
    midi: Annotated[
        list[Path] | None, typer.Option(metavar="MIDI_DIR", help="Performances to render. Default: made up.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for trainings and tables; what is finished in it is not repeated.")
    ] = Path("runs/ablation"),
    scale: Annotated[float, typer.Option(min=0.001, help="Times the items of every training.")] = 1.0,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each variant; more may be added later.")] = 2,
    jobs: Annotated[int, typer.Option(min=1, help="Processes, of one thread each.")] = os.cpu_count() or 1,
) -> None:
    """Train the published system, its authors' changes, and ours with one objective less; score and compare them.

    Writes ablation.txt, ablation.md and ablation.json. If it is stopped, the same command goes on.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from drummernet.evaluation.ablate import VARIANTS, Data, skipped
    from drummernet.evaluation.ablate import ablate as run
    from drummernet.evaluation.ablation import compare, read_counts
    from drummernet.evaluation.ablation_tables import print_tables, write_tables

    data = Data(audio, annotated, tuple(kits or ()), tuple(midi or ()))
    columns = [TextColumn("trainings"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
    with Progress(*columns, console=ERRORS) as bar:
        task = bar.add_task("ablate", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        runs = run(data, out, scale=scale, seeds=seeds, jobs=jobs, progress=progress)
    for reason in skipped(runs):
        warn(f"skipped: {reason}")
    tracks, counts = read_counts(runs)
    comparisons = compare(counts, VARIANTS)
    n_items = round(scale * VARIANTS["paper"].config.train.items)
    print_tables(RESULTS, comparisons, n_tracks=len(tracks), n_items=n_items)
    write_tables(out, comparisons, tracks=tracks, n_items=n_items)
    say(f"wrote {out / 'ablation'}.txt, .md and .json")
