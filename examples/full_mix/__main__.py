"""Teach the shipped network to hear drums inside music, and show what it keeps: `python -m full_mix`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from drummernet import Transcriber
from drummernet.evaluation.datasets import Track, find_tracks
from drummernet.training.data import Recordings, Rendered, load_performances
from drummernet.training.rhythm import random_performance
from drummernet.training.train import Trainer, train
from drummernet.weights import load_weights
from rich.console import Console

from ddsp_drums.audio import write_audio
from ddsp_drums.events import write_midi
from ddsp_drums.kits import Kit, load_kit, procedural_kit, render
from full_mix.mix import Accompanied, write_music
from full_mix.score import System, draw, score, table

_PIECES, _PIECE_S = 60, 16.0
_LEARNING_RATE = 4e-4
_SEGMENT_S = 2.0
_HELD_OUT = 1000  # the first seed of kits that only score
_TAKE_S = 12.0


def main(
    recordings: Annotated[
        Path | None, typer.Argument(help="Annotated drum recordings to score with. Default: made-up ones.")
    ] = None,
    kits: Annotated[list[Path] | None, typer.Option(help="Sounds to render. Default: synthesised kits.")] = None,
    midi: Annotated[list[Path] | None, typer.Option(help="Performances to render. Default: made up.")] = None,
    music: Annotated[Path | None, typer.Option(help="Music without drums to learn beside. Default: made up.")] = None,
    items: Annotated[int, typer.Option(min=1, help="Segments of 2 s to learn from.")] = 2000,
    out: Annotated[Path, typer.Option(help="Folder of the weights, the table and the picture.")] = Path(
        "runs/full_mix"
    ),
) -> None:
    """Teach the shipped network with music under rendered drums, and score both on drums with other music."""
    console = Console()
    shipped, config = load_weights()
    options = replace(config.train, items=items, segment_s=_SEGMENT_S, learning_rate=_LEARNING_RATE, reconstruction=0.0)
    config = replace(config, name="full_mix", train=options)
    rate = config.model.sample_rate
    console.print(f"music, kits and performances for {items} segments")
    folder = music or write_music(out / "music", pieces=_PIECES, duration_s=_PIECE_S, sample_rate=rate)
    sounds = [load_kit(path, sample_rate=rate) for path in kits or []]
    sounds = sounds or [procedural_kit(sample_rate=rate, seed=seed) for seed in range(24)]
    performances = [hits for path in midi or [] for hits in load_performances(path)]
    trainer = Trainer(config, sounds, performances=performances)
    trainer.model.load_state_dict(shipped.state_dict())
    rendered = Rendered(
        sounds, performances, config.model, segment_s=_SEGMENT_S, items=items, degraded=options.degraded
    )
    trainer.data.rendered = Accompanied(rendered, Recordings(folder, config.model, segment_s=_SEGMENT_S))

    def progress(step: int, losses: dict[str, float]) -> None:
        if step % 25 == 0:
            console.print(f"step {step} of {trainer.total_steps}, loss {losses['cycle']:.4f}")

    weights = train(trainer, out, workers=1, progress=progress)
    tracks = find_tracks(recordings) if recordings else made_up_tracks(out / "takes", takes=8)
    systems = [
        System(f"{name}{', separated first' * separated}", Transcriber(network), separated)
        for name, network in (("shipped", load_weights()), ("taught with music", load_weights(weights)))
        for separated in (False, True)
    ]
    scores = score(systems, tracks, progress=console.print)
    console.print(table(scores))
    draw(scores, out / "full_mix.png")
    console.print(f"wrote {out / 'full_mix.png'}; hear a song with: drummernet transcribe SONG --weights {weights}")


def made_up_tracks(folder: Path, *, takes: int) -> list[Track]:
    """Write takes of synthesised kits that nothing was learned from, with MIDI files of what was played."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(takes):
        rng = np.random.default_rng((4, number))
        kit: Kit = procedural_kit(sample_rate=44_100, seed=_HELD_OUT + number)
        hits = [hit for hit in random_performance(rng, duration_s=_TAKE_S) if hit.instrument in kit.classes]
        audio = render(hits, kit, duration_s=_TAKE_S, rng=rng)
        write_audio(folder / f"{number}.flac", 0.9 * audio / audio.abs().max(), sample_rate=kit.sample_rate)
        write_midi(folder / f"{number}.mid", hits)
    return find_tracks(folder)


if __name__ == "__main__":
    typer.run(main)
