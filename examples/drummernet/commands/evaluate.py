"""The `drummernet evaluate` command."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drummernet.commands.terminal import ERRORS, RESULTS, say, warn

if TYPE_CHECKING:
    from ddsp_drums.events import Hit
    from drummernet.transcription import Transcription

__all__ = ["evaluate"]


def evaluate(
    folder: Annotated[Path, typer.Argument(help="Annotated recordings: a data set as published, or files by name.")],
    json: Annotated[Path | None, typer.Option(help="Write everything, note by note, as JSON.")] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page for a browser: scores, errors, piano rolls and sound.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Only this split, such as test. Default: all.")] = None,
    window_ms: Annotated[float, typer.Option(min=1.0, help="How far off a hit may be.")] = 50.0,
    against: Annotated[str, typer.Option(metavar="NAMES", help="Baselines to score as well: flux, nmfd.")] = "",
    refined: Annotated[
        bool, typer.Option("--refined/--fast", help="Hear each recording again with its own sounds, or only once.")
    ] = True,
    weights: Annotated[Path | None, typer.Option(help="Trained network. Default: the one in the package.")] = None,
    threshold: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBERS",
            help="0 to 1; lower finds softer hits. One for all, or KD=.2,HH=.4. Default: the network's own.",
        ),
    ] = None,
) -> None:
    """Score the network on annotated recordings.

    Knows the layouts of IDMT-SMT-Drums, MDB Drums, ENST-Drums, Groove and E-GMD; any other recording needs a .txt, .csv
    or .mid of its name, and is named and left out if there is none.

    Exit code 0: all scored. 1: some could not be read; the others are scored. 2: none could.
    """
    from rich.progress import track as progress

    from drummernet.evaluation.baselines import BASELINES
    from drummernet.evaluation.datasets import find_tracks, find_unannotated
    from drummernet.evaluation.evaluate import evaluate
    from drummernet.evaluation.json import write_json
    from drummernet.evaluation.report import write_html
    from drummernet.evaluation.tables import score_tables
    from drummernet.hearing.thresholds import parse_thresholds
    from drummernet.hearing.transcriber import Transcriber
    from drummernet.weights import SHIPPED

    for option, path in (("--json", json), ("--html", html)):
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            raise ValueError(f"{option} {path}: must be a file in an existing folder")
    names = [name.strip() for name in against.split(",") if name.strip()]
    for name in names:
        if name not in BASELINES:
            raise ValueError(f"--against must be of {', '.join(BASELINES)}, got {name}")
    tracks = find_tracks(folder, split=split)
    if split is None and (alone := [str(path.relative_to(folder)) for path in find_unannotated(folder)]):
        others = f" and {len(alone) - 3} more" if len(alone) > 3 else ""
        warn(f"left out, as there is no annotation: {', '.join(alone[:3])}{others}")
    asked = None if threshold is None else parse_thresholds(threshold)
    systems: dict[str, Callable[[Path], Transcription]] = {
        "drummernet": Transcriber(weights or SHIPPED, threshold=asked, refined=refined).file
    }
    systems |= {name: BASELINES[name]().file for name in names}
    evaluations = [
        evaluate(
            progress(tracks, name, console=ERRORS, transient=True, disable=not ERRORS.is_terminal),
            _hits_of(transcribe),
            system=name,
            window_s=window_ms / 1000,
        )
        for name, transcribe in systems.items()
    ]
    failures = dict.fromkeys(reason for one in evaluations for reason in one.failures.values())
    for reason in failures:
        warn(f"error: {reason}")
    if not all(one.results for one in evaluations):
        raise typer.Exit(2)
    for part in score_tables(evaluations):
        RESULTS.print(part, highlight=False)
    if json is not None:
        write_json(json, evaluations)
        say(f"wrote {json}")
    if html is not None:
        write_html(html, evaluations)
        say(f"wrote {html}")
    if failures:
        raise typer.Exit(1)


def _hits_of(transcribe: "Callable[[Path], Transcription]") -> "Callable[[Path], list[Hit]]":
    return lambda path: transcribe(path).hits
