"""The `drummernet transcribe` command."""

import json as jsonlib
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drummernet.commands.terminal import ERRORS, say, warn

if TYPE_CHECKING:
    from drummernet.results.files import Outcome, Request, Source

__all__ = ["transcribe"]


def transcribe(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT...", help="Recordings, folders, patterns, or - for standard input."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the results, laid out as the folders they come from. Default: beside each file."),
    ] = None,
    format: Annotated[
        str,
        typer.Option(
            help="Of mid, csv, json, jams, png (a picture), wav (left the recording, right what was heard, played on a "
            "kit) and stems (a folder of instruments and of what they leave of the recording)."
        ),
    ] = "mid,csv",
    threshold: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBERS",
            help="0 to 1; lower finds softer hits. One for all, or KD=.2,HH=.4. Default: the network's own.",
        ),
    ] = None,
    classes: Annotated[
        int, typer.Option(help="3: kick, snare, hi-hat; 6: and toms, cymbals, other; 11: all that the network has.")
    ] = 11,
    tempo: Annotated[
        str,
        typer.Option(
            metavar="BPM", help="auto, about how many beats a minute, or none, which writes 120 whatever is played."
        ),
    ] = "auto",
    meter: Annotated[str, typer.Option(help="4/4 or 3/4, which is not estimated.")] = "4/4",
    quantize: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="How far hits in MIDI files move to the sixteenths.")
    ] = 0.0,
    swing: Annotated[
        float, typer.Option(min=0.5, max=0.75, help="Where the second sixteenth of each eighth is.")
    ] = 0.5,
    kit: Annotated[
        Path | None, typer.Option(help="What wav and stems are played on: a folder, SFZ or Hydrogen kit.")
    ] = None,
    refined: Annotated[
        bool, typer.Option("--refined/--fast", help="Hear each recording again with its own sounds, or only once.")
    ] = True,
    weights: Annotated[Path | None, typer.Option(help="Trained network. Default: the one in the package.")] = None,
    device: Annotated[str, typer.Option(help="Where the network runs, such as cuda.")] = "cpu",
    batch_size: Annotated[int, typer.Option(min=1, help="Chunks of eight seconds that it hears at a time.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="Recordings at a time, in a process each.")] = 1,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Make results again that are there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    json_lines: Annotated[bool, typer.Option("--json-lines", help="Print a line of JSON for each recording.")] = False,
) -> None:
    """Write the drum hits of recordings as MIDI, tables, pictures and sound.

    A recording whose results are all there is skipped.

    Exit code 0: all are done. 1: some could not be; the others are done. 2: nothing could be done.
    """
    from drummernet.hearing.thresholds import parse_thresholds
    from drummernet.results.files import FORMATS, Request, find_sources
    from drummernet.weights import SHIPPED

    formats = tuple(dict.fromkeys(name.strip() for name in format.split(",")))
    for name in formats:
        if name not in FORMATS:
            raise ValueError(f"--format must be of {', '.join(FORMATS)}, got {name!r}")
    if classes not in (3, 6, 11):
        raise ValueError(f"--classes must be 3, 6 or 11, got {classes}")
    if meter not in ("4/4", "3/4"):
        raise ValueError(f"--meter must be 4/4 or 3/4, got {meter!r}")
    if out is not None:
        if out.exists() and not out.is_dir():
            raise ValueError(f"--out {out}: is a file, not a folder")
        out.mkdir(parents=True, exist_ok=True)
    request = Request(
        formats=formats,
        weights=weights or SHIPPED,
        refined=refined,
        threshold=None if threshold is None else parse_thresholds(threshold),
        device=device,
        batch_size=batch_size,
        classes=classes,
        tempo=_tempo(tempo),
        beats_per_bar=int(meter[0]),
        strength=quantize,
        swing=swing,
        kit=kit,
        overwrite=overwrite,
    )
    sources, failed = find_sources(inputs, out)
    if sources:
        _ = request.transcriber, request.sounds  # what is wrong with them is wrong for all
    counts: Counter[str] = Counter()
    hits = 0
    for outcome in _with_progress(request, sources, failed, jobs=jobs, hidden=quiet or json_lines):
        counts[outcome.status] += 1
        hits += outcome.hits
        _tell(outcome, quiet=quiet, json_lines=json_lines)
    if sum(counts.values()) > 1 and not quiet and not json_lines:
        parts = [f"{counts[status]} {status}" for status in ("done", "skipped", "failed") if counts[status]]
        ERRORS.print(f"{', '.join(parts)}; {hits} hits", highlight=False)
    if counts["failed"]:
        raise typer.Exit(1 if counts["done"] + counts["skipped"] else 2)


def _tempo(text: str) -> str | float:
    if text in ("auto", "none"):
        return text
    try:
        bpm = float(text)
    except ValueError:
        bpm = 0.0
    if not 30 <= bpm <= 300:
        raise ValueError(f"--tempo must be auto, none, or 30 to 300 beats a minute, got {text!r}")
    return bpm


def _with_progress(
    request: "Request", sources: "list[Source]", failed: "list[Outcome]", *, jobs: int, hidden: bool
) -> "Iterator[Outcome]":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    yield from failed
    columns = [TextColumn("recordings"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    hidden = hidden or not ERRORS.is_terminal or len(sources) < 2
    with Progress(*columns, console=ERRORS, transient=True, disable=hidden) as bar:
        task = bar.add_task("", total=len(sources))
        with closing(_outcomes(request, sources, jobs)) as outcomes:
            for outcome in outcomes:
                bar.advance(task)
                yield outcome


def _outcomes(request: "Request", sources: "list[Source]", jobs: int) -> "Generator[Outcome]":
    """Transcribe here, or in several processes, whose outcomes come as they are ready."""
    if jobs == 1 or len(sources) < 2:
        yield from map(request.run, sources)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool

    from drummernet.results.files import STANDARD_INPUT, Outcome

    context = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    here = [source for source in sources if source.path == STANDARD_INPUT]  # no process but this one has it
    yield from map(request.run, here)
    pool = ProcessPoolExecutor(min(jobs, len(sources)), context, initializer=_begin, initargs=(request,))
    try:
        waiting = {pool.submit(_run, source): source for source in sources if source not in here}
        for future in as_completed(waiting):
            try:
                yield future.result()
            except BrokenProcessPool:
                path = waiting[future].path
                yield Outcome(path, "failed", error=f"{path}: its process was ended, perhaps for want of memory")
    finally:
        pool.shutdown(cancel_futures=True)


_request: "Request | None" = None  # of a process that transcribes


def _begin(request: "Request") -> None:
    import torch

    global _request
    torch.set_num_threads(1)
    _request = request


def _run(source: "Source") -> "Outcome":
    if _request is None:
        raise RuntimeError("a process that transcribes must begin with _begin")
    return _request.run(source)


def _tell(outcome: "Outcome", *, quiet: bool, json_lines: bool) -> None:
    if json_lines:
        say(jsonlib.dumps(asdict(outcome)))
    elif outcome.status == "failed":
        warn(f"error: {outcome.error}")
    elif not quiet:
        first, *others = outcome.outputs
        listed = ", ".join([first, *(Path(name).name for name in others)])
        tempo = f", {outcome.bpm:g} beats a minute" if outcome.bpm else ""
        skipped = "skipped, its results are there (--overwrite makes them again):"
        what = skipped if outcome.status == "skipped" else f"{outcome.hits} hits{tempo} ->"
        say(f"{outcome.file}: {what} {listed}")
