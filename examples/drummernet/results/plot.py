"""A transcription as a picture."""

import io
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from ddsp_drums._atomic import write_whole

if TYPE_CHECKING:
    from drummernet.transcription import Transcription

__all__ = ["plot_transcription"]

_ROWS_S = {20: 2, 30: 5, 60: 5, 120: 10, 300: 30, 600: 60, 1800: 300}  # what a row may hold, and from tick to tick
_MOST_ROWS = 8  # of up to four hours
_WIDTH, _WAVE, _LANE, _SPACE = 9.0, 0.5, 0.16, 0.5  # inches
_POINTS = 1600  # of a row's outline: about the pixels of its width
_LARGEST = 50.0  # area of the hardest hit, in square points, where a row is 10 s or less


def plot_transcription(
    path: str | Path, pieces: Iterable[Tensor], transcription: "Transcription", *, sample_rate: float, title: str
) -> None:
    """Draw rows of the waveform, with a lane for each instrument below it: hits are larger the harder they are.

    A row holds 20 seconds to half an hour, so that there are at most eight of up to four hours.

    Args:
        path: The PNG file.
        pieces: What was transcribed, (T,) in pieces of any length.
        transcription: What was heard in it.
        sample_rate: Of the pieces, in Hz.
        title: Stands above.
    """
    length_s = max(transcription.duration_s, 1e-3)
    row_s = next((each for each in _ROWS_S if each * _MOST_ROWS >= length_s), max(_ROWS_S))
    n_rows = max(1, int(np.ceil(length_s / row_s)))
    shown_s = length_s if n_rows == 1 else row_s
    known = transcription.taxonomy.by_id
    present = {event.instrument for event in transcription.events}
    lanes = [name for name in reversed(transcription.instruments) if name in present]
    lane_height = max(len(lanes), 1) * _LANE
    figure = Figure(figsize=(_WIDTH, 0.4 + n_rows * (_WAVE + lane_height + _SPACE)), layout="constrained")
    axes = figure.subplots(2 * n_rows, 1, squeeze=False, height_ratios=[_WAVE, lane_height] * n_rows)[:, 0]
    step = max(1, round(shown_s * sample_rate / _POINTS))
    low, high = _outline(pieces, step)
    seconds = np.arange(len(low)) * step / sample_rate
    loudest = max(float(np.abs([low, high]).max(initial=0.0)), 1e-9)
    sizes = _LARGEST * min(1.0, (10 / shown_s) ** 0.5)
    for row in range(n_rows):
        wave, roll = axes[2 * row : 2 * row + 2]
        start_s, end_s = row * shown_s, (row + 1) * shown_s
        here = (seconds >= start_s) & (seconds <= end_s)
        wave.fill_between(seconds[here], low[here], high[here], color="#8a94a0", linewidth=0)
        wave.set(yticks=[], xlim=(start_s, end_s), ylim=(-loudest, loudest))
        wave.tick_params(labelbottom=False, bottom=False)
        for number, name in enumerate(lanes):
            hits = [
                event for event in transcription.events if event.instrument == name and start_s <= event.onset_s < end_s
            ]
            roll.scatter(
                [hit.onset_s for hit in hits],
                [number] * len(hits),
                s=[3 + sizes * (hit.velocity / 127) ** 2 for hit in hits],
                color=known[name].colour,
                linewidth=0,
                clip_on=False,  # the first hit may lie on the edge
            )
        roll.set(yticks=range(len(lanes)), ylim=(-0.7, max(len(lanes), 1) - 0.3), xlim=(start_s, end_s))
        roll.set_yticklabels([known[name].name for name in lanes], fontsize=7)
        if n_rows > 1:
            roll.set_xticks(np.arange(start_s, end_s + 1e-6, _ROWS_S[row_s]))
        roll.xaxis.set_major_formatter(lambda second, _: _clock(second))
        roll.tick_params(axis="x", labelsize=8)
        roll.grid(axis="x", alpha=0.3)
        roll.set_axisbelow(True)
        for one in (wave, roll):
            one.spines[["top", "right"]].set_visible(False)
        wave.spines["bottom"].set_visible(False)
    axes[0].set_title(title, fontsize=10, parse_math=False)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a name in a script that the font has not
        figure.savefig(buffer, format="png", dpi=180)
    write_whole(path, buffer.getvalue())


def _outline(pieces: Iterable[Tensor], step: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Tell the lowest and the highest of each `step` samples; of the last ones too, if they are fewer."""
    low, high = [], []
    rest = torch.zeros(0)
    for piece in pieces:
        rest = torch.cat([rest, piece])
        whole = rest.numel() // step * step
        blocks, rest = rest[:whole].reshape(-1, step), rest[whole:]
        low.append(blocks.amin(1))
        high.append(blocks.amax(1))
    if rest.numel():
        low.append(rest.amin()[None])
        high.append(rest.amax()[None])
    return torch.cat(low).numpy(), torch.cat(high).numpy()


def _clock(second: float) -> str:
    """Write seconds as people do: 2.5 s in the first minute, then 1:02.5 and 1:01:02."""
    if second < 60:
        return f"{second:.4g}"
    minutes, rest = divmod(round(second, 3), 60)
    hours, minutes = divmod(int(minutes), 60)
    padded = f"{rest:04.1f}".removesuffix(".0") if rest % 1 else f"{int(rest):02d}"
    return f"{hours}:{minutes:02d}:{padded}" if hours else f"{minutes}:{padded}"
