"""The `drummernet render` command."""

from pathlib import Path
from typing import Annotated

import typer

from drummernet.commands.terminal import say, warn

__all__ = ["render"]

_AUDIO = (".flac", ".ogg", ".wav")  # what can be written


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
        warn(line)
    say(f"{midi}: {played.hits} hits -> {out}")
