"""The `drummernet` command."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from drummernet.batch_cli import batch
from drummernet.kit_cli import app as kit_app
from drummernet.serve_cli import serve
from drummernet.train_cli import train
from drummernet.transcribe_cli import transcribe

if TYPE_CHECKING:
    from collections.abc import Callable

    from ddsp_drums.events import Hit
    from drummernet.transcription import Transcription

__all__ = ["main"]

# Heavy imports stand inside the commands: `drummernet --help` need not wait for torch.
app = typer.Typer(
    help="Drum transcription learned without annotation.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(kit_app, name="kit")
app.command()(transcribe)
app.command()(batch)
app.command()(train)
app.command()(serve)
_AUDIO = (".flac", ".ogg", ".wav")  # what can be written
_out, _err = Console(), Console(stderr=True)

Weights = Annotated[Path | None, typer.Option(help="Trained network. Default: the one in the package.")]
Threshold = Annotated[
    float | None, typer.Option(min=0.0, max=1.0, help="Lower finds softer hits. Default: the network's own.")
]


@app.command()
def demo(
    audio: Annotated[Path | None, typer.Argument(help="A recording. Default: a loop that the project plays.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("demo"),
) -> None:
    """Transcribe a loop, print its hits, and write MIDI, CSV and a picture."""
    from ddsp_drums.audio import read_audio
    from drummernet.api import transcribe
    from drummernet.demo import write_demo_loop

    out.mkdir(parents=True, exist_ok=True)
    if audio is None:
        audio = out / "loop.flac"
        write_demo_loop(audio)
    target = out / audio.stem
    heard = transcribe(audio)
    heard.to_midi(f"{target}.mid", tempo=heard.tempo)
    heard.to_csv(f"{target}.csv")
    heard.plot(f"{target}.png", read_audio(audio, sample_rate=16_000), title=audio.name)
    _out.print(heard.table(audio.name))
    _out.print(f"wrote {target}.mid, {target}.csv and {target}.png", markup=False, highlight=False, soft_wrap=True)


@app.command()
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
    weights: Weights = None,
    threshold: Threshold = None,
) -> None:
    """Score the network on annotated recordings.

    Knows the layouts of IDMT-SMT-Drums, MDB Drums, ENST-Drums, Groove and E-GMD; any other recording needs a .txt, .csv
    or .mid of its name.

    Exit code 0: all scored. 1: some could not be read; the others are scored. 2: none could.
    """
    from rich.progress import track as progress

    from drummernet.baselines import BASELINES
    from drummernet.datasets import find_tracks
    from drummernet.evaluate import evaluate
    from drummernet.evaluation_json import write_json
    from drummernet.report import write_html
    from drummernet.score_tables import score_tables
    from drummernet.transcriber import Transcriber
    from drummernet.weights import SHIPPED

    for option, path in (("--json", json), ("--html", html)):
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            raise ValueError(f"{option} {path}: must be a file in an existing folder")
    names = [name.strip() for name in against.split(",") if name.strip()]
    for name in names:
        if name not in BASELINES:
            raise ValueError(f"--against must be of {', '.join(BASELINES)}, got {name}")
    tracks = find_tracks(folder, split=split)
    systems = {"drummernet": Transcriber(weights or SHIPPED, threshold=threshold, refined=refined).file}
    systems |= {name: BASELINES[name]().file for name in names}
    evaluations = [
        evaluate(
            progress(tracks, name, console=_err, transient=True, disable=not _err.is_terminal),
            _hits_of(transcribe),
            system=name,
            window_s=window_ms / 1000,
        )
        for name, transcribe in systems.items()
    ]
    failures = dict.fromkeys(reason for one in evaluations for reason in one.failures.values())
    for reason in failures:
        _err.print(f"error: {reason}", markup=False, highlight=False, soft_wrap=True)
    if not all(one.results for one in evaluations):
        raise typer.Exit(2)
    for part in score_tables(evaluations):
        _out.print(part, highlight=False)
    if json is not None:
        write_json(json, evaluations)
        _out.print(f"wrote {json}", markup=False, highlight=False, soft_wrap=True)
    if html is not None:
        write_html(html, evaluations)
        _out.print(f"wrote {html}", markup=False, highlight=False, soft_wrap=True)
    if failures:
        raise typer.Exit(1)


@app.command()
def render(
    midi: Annotated[Path, typer.Argument(metavar="FILE.mid", help="Drums as MIDI.", show_default=False)],
    kit: Annotated[
        Path | None, typer.Option(help="A folder of one-shots, an SFZ or a Hydrogen kit. Default: synthesised.")
    ] = None,
    preset: Annotated[str | None, typer.Option(metavar="808|909", help="Which drum machine to synthesise.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="FLAC, OGG or WAV file. Default: FILE.flac beside the MIDI.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Draw drums and one-shots by chance, the same for the same number.")
    ] = None,
    sample_rate: Annotated[int, typer.Option(min=8000, max=192_000, help="Hz.")] = 44_100,
    taxonomy: Annotated[Path | None, typer.Option(metavar="TOML", help="Instruments of your own.")] = None,
) -> None:
    """Play a MIDI file on a kit. Notes that the kit has no sound for are reported; the others play."""
    import numpy as np

    from ddsp_drums.kits import TAXONOMY, load_kit, load_taxonomy, procedural_kit
    from drummernet.render import MAX_HIT_S, play, read_notes, write_normalised

    out = out or midi.with_suffix(".flac")
    if out.suffix.lower() not in _AUDIO or not out.parent.is_dir():
        raise ValueError(f"--out {out}: must be a file in an existing folder that ends in {', '.join(_AUDIO)}")
    if kit and preset:
        raise ValueError("--preset is of the synthesised kit: leave out --kit or --preset")
    classes = load_taxonomy(taxonomy) if taxonomy else TAXONOMY
    hits = read_notes(midi, taxonomy=classes)
    if kit is None:
        sounds = procedural_kit(sample_rate=sample_rate, seed=seed or 0, preset=preset)
    else:
        sounds = load_kit(kit, sample_rate=sample_rate, max_duration_s=MAX_HIT_S, taxonomy=classes)
    played = play(hits, sounds, rng=None if seed is None else np.random.default_rng(seed))
    write_normalised(out, played.audio, sample_rate=sample_rate)
    for name, count in played.left_out.items():
        label = f"{classes.by_id[name].name} ({name})" if name in classes.by_id else name
        line = f"left out: {count} hit{'s' * (count > 1)} of {label}, which kit {sounds.name} has not"
        _err.print(line, markup=False, highlight=False, soft_wrap=True)
    _out.print(f"{midi}: {played.hits} hits -> {out}", markup=False, highlight=False, soft_wrap=True)


@app.command()
def export(
    out: Annotated[Path, typer.Argument(metavar="FILE.onnx", help="File to write.")],
    weights: Weights = None,
) -> None:
    """Write the network as ONNX, for programs without PyTorch: audio in, probabilities and velocities out."""
    from drummernet.export import export_onnx
    from drummernet.weights import SHIPPED, load_weights

    if not out.parent.is_dir() or out.is_dir():
        raise ValueError(f"{out}: must be a file in an existing folder")
    export_onnx(*load_weights(weights or SHIPPED), out)
    _out.print(f"wrote {out}", markup=False, highlight=False, soft_wrap=True)


@app.command()
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

    from drummernet.ablate import VARIANTS, Data, skipped
    from drummernet.ablate import ablate as run
    from drummernet.ablation import compare, read_counts
    from drummernet.ablation_tables import print_tables, write_tables

    data = Data(audio, annotated, tuple(kits or ()), tuple(midi or ()))
    columns = [TextColumn("trainings"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
    with Progress(*columns, console=_err) as bar:
        task = bar.add_task("ablate", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        runs = run(data, out, scale=scale, seeds=seeds, jobs=jobs, progress=progress)
    for reason in skipped(runs):
        _err.print(f"skipped: {reason}", markup=False, highlight=False, soft_wrap=True)
    tracks, counts = read_counts(runs)
    comparisons = compare(counts, VARIANTS)
    n_items = round(scale * VARIANTS["paper"].config.train.items)
    print_tables(_out, comparisons, n_tracks=len(tracks), n_items=n_items)
    write_tables(out, comparisons, tracks=tracks, n_items=n_items)
    _out.print(f"wrote {out / 'ablation'}.txt, .md and .json", markup=False, highlight=False, soft_wrap=True)


def main() -> None:
    """Run the command; what the user can mend is one line on standard error and exit code 2."""
    try:
        app()
    except KeyboardInterrupt:
        _err.print("interrupted")
        sys.exit(130)
    except (ValueError, ImportError, OSError) as error:
        _err.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)


def _hits_of(transcribe: "Callable[[Path], Transcription]") -> "Callable[[Path], list[Hit]]":
    return lambda path: transcribe(path).hits
