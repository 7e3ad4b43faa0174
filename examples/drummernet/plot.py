"""A transcription as a picture."""

import io
import warnings
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from ddsp_drums._atomic import write_whole
from ddsp_drums.kits import BY_ID
from drummernet.transcription import Transcription

__all__ = ["plot_transcription"]

_POINTS = 4000  # of the waveform's outline: more than a screen shows


def plot_transcription(path: str | Path, audio: Tensor, transcription: Transcription, *, title: str) -> None:
    """Draw the waveform, and below it a lane for each instrument with its hits, larger the harder they are.

    Args:
        path: The PNG file.
        audio: What was transcribed (T,).
        transcription: What was heard in it.
        title: Stands above.
    """
    present = {hit.instrument for hit in transcription.hits}
    lanes = [name for name in reversed(transcription.instruments) if name in present]
    width = min(max(6.0, 1.0 * transcription.duration_s), 40.0)
    figure = Figure(figsize=(width, 2.2 + 0.32 * len(lanes)), layout="constrained")
    wave, roll = figure.subplots(2, 1, sharex=True, height_ratios=[1.4, max(len(lanes), 1) * 0.32])
    step = max(1, audio.numel() // _POINTS)
    blocks = audio[: audio.numel() // step * step].reshape(-1, step).numpy()
    seconds = np.arange(len(blocks)) * step / (audio.numel() / transcription.duration_s)
    wave.fill_between(seconds, blocks.min(1), blocks.max(1), color="#8a94a0", linewidth=0)
    wave.set(yticks=[])
    wave.set_title(title, parse_math=False)
    for hit in transcription.hits:
        colour = BY_ID[hit.instrument].colour
        wave.axvline(hit.onset_s, color=colour, alpha=0.5, linewidth=0.8)
    for number, name in enumerate(lanes):
        hits = [hit for hit in transcription.hits if hit.instrument == name]
        roll.scatter(
            [hit.onset_s for hit in hits],
            [number] * len(hits),
            s=[8 + 90 * (hit.velocity / 127) ** 2 for hit in hits],
            color=BY_ID[name].colour,
        )
    roll.set(yticks=range(len(lanes)), xlabel="seconds", ylim=(-0.7, max(len(lanes), 1) - 0.3))
    roll.set_yticklabels([BY_ID[name].name for name in lanes])
    roll.set_xlim(0, transcription.duration_s)
    roll.grid(axis="x", alpha=0.3)
    for axes in (wave, roll):
        axes.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a name in a script that the font has not
        figure.savefig(buffer, format="png", dpi=120)
    write_whole(path, buffer.getvalue())
