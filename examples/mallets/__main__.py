"""Learn to write down mallet instruments from nothing but formulas, and show how well: `python -m mallets`."""

import time
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.table import Table
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from ddsp_drums._atomic import write_whole
from ddsp_drums.audio import AudioFileError, read_audio
from ddsp_drums.events import write_midi
from mallets.bars import SAMPLE_RATE
from mallets.held_out import DAMPED, PROGRAMS, FluidSynthError, pieces, play
from mallets.learn import learn
from mallets.model import MalletNet
from mallets.picture import draw
from mallets.score import Score, guessed_ends, score
from mallets.transcribe import transcribe

_WEIGHTS = "mallets.safetensors"
_SHOWN = "prelude"
_SHOWN_S = (0.0, 15.0)
console = Console()
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Folder of the weights, the played pieces and the picture.")] = Path(
        "runs/mallets"
    ),
    items: Annotated[int, typer.Option(min=8, help="Performances of 4 s to learn from.")] = 2400,
    soundfont: Annotated[Path | None, typer.Option(help="A General MIDI soundfont to be scored on.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the initial weights and the performances.")] = 0,
) -> None:
    """Learn, have FluidSynth play pieces on three instruments, transcribe them, print scores and draw a piano roll.

    Weights that OUT holds already are used; remove them to learn anew.
    """
    if context.invoked_subcommand:
        return
    out.mkdir(parents=True, exist_ok=True)
    try:
        _have_them_played(out, soundfont)  # first, so that what is not installed is known before the training
        model = _load(out / _WEIGHTS) if (out / _WEIGHTS).exists() else _learn(out / _WEIGHTS, items, seed)
        _show(model, out)
    except (FluidSynthError, AudioFileError) as error:
        console.print(f"error: {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(2) from error


@app.command("transcribe")
def transcribe_command(
    audio: Annotated[Path, typer.Argument(help="A recording of a mallet instrument.")],
    weights: Annotated[Path, typer.Option(help="What `python -m mallets` learned.")] = Path("runs/mallets") / _WEIGHTS,
    program: Annotated[int, typer.Option(min=1, max=128, help="General MIDI instrument of the result.")] = 12,
) -> None:
    """Write AUDIO's notes, with pitch, duration and velocity, as a MIDI file beside it."""
    try:
        notes = transcribe(_load(weights), read_audio(audio, sample_rate=SAMPLE_RATE))
        write_midi(audio.with_suffix(".mid"), notes, program=program)
    except (AudioFileError, OSError) as error:
        console.print(f"error: {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(2) from error
    console.print(f"{audio.with_suffix('.mid')}: {len(notes)} notes", markup=False, soft_wrap=True)


def _learn(weights: Path, items: int, seed: int) -> MalletNet:
    torch.manual_seed(seed)
    model = MalletNet()
    told_at = began_at = time.monotonic()

    def progress(done: int, losses: dict[str, float]) -> None:
        nonlocal told_at
        if time.monotonic() - told_at > 10:
            told_at = time.monotonic()
            left_s = (told_at - began_at) * (items - done) / done
            shown = ", ".join(f"{name} {loss:.3f}" for name, loss in losses.items())
            console.print(
                f"{done} of {items} performances, {shown}, {left_s / 60:.1f} minutes left", markup=False, soft_wrap=True
            )

    learn(model, items=items, seed=seed, progress=progress)
    write_whole(weights, save(model.state_dict()))
    return model


def _load(weights: Path) -> MalletNet:
    model = MalletNet().eval()
    try:
        model.load_state_dict(load_file(weights))
    except (SafetensorError, RuntimeError) as error:
        raise OSError(f"{weights}: no weights of this network; remove them and run `python -m mallets`") from error
    return model


def _have_them_played(out: Path, soundfont: Path | None) -> None:
    for piece, notes in pieces():
        for instrument, program in PROGRAMS.items():
            midi = out / f"{piece} {instrument}.mid"
            write_midi(midi, notes, program=program)
            play(midi, midi.with_suffix(".wav"), soundfont=soundfont)


def _show(model: MalletNet, out: Path) -> None:
    table = Table("instrument", "piece", "notes", "onset F1", "with offset", "duration off by")
    rolls = []
    for instrument, program in PROGRAMS.items():
        scores: dict[str, list[Score]] = {}
        for piece, reference in pieces():
            recording = out / f"{piece} {instrument}.wav"
            found = transcribe(model, read_audio(recording, sample_rate=SAMPLE_RATE))
            write_midi(out / f"{piece} {instrument} found.mid", found, program=program)
            others = guessed_ends(reference, found) if instrument in DAMPED else {}
            for how, notes in {"mean": found, **others}.items():
                scores.setdefault(how, []).append(score(reference, notes))
            table.add_row(instrument, piece, str(len(reference)), *_cells(scores["mean"][-1], instrument))
            if piece == _SHOWN:
                rolls.append((f"{piece}, {instrument} (FluidSynth)", reference, found))
        for how, each in scores.items():
            mean = Score(*(sum(values) / len(values) for values in zip(*each, strict=True)))
            table.add_row(instrument, how, "", *_cells(mean, instrument), style="bold" if how == "mean" else "dim")
        table.add_section()
    console.print(table)
    draw(out / "mallets.png", rolls, start_s=_SHOWN_S[0], end_s=_SHOWN_S[1])
    console.print(f"{out / 'mallets.png'}: what was played and what was found", markup=False, soft_wrap=True)


def _cells(found: Score, instrument: str) -> list[str]:
    """Lay a score out; what has no damper has no ends to be found."""
    ends = [f"{found.offset:.3f}", f"{found.error_s:.2f} s"] if instrument in DAMPED else ["", ""]
    return [f"{found.onset:.3f}", *ends]


if __name__ == "__main__":
    app()
