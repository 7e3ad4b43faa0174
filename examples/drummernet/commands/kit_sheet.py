"""A kit as a picture: a row a class, with the spectrograms and waveforms of its sounds."""

import io
import math
import warnings
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure

from ddsp_drums import log_mel
from ddsp_drums._atomic import write_whole
from ddsp_drums.kits import TAXONOMY, Drum, Kit, Taxonomy

__all__ = ["plot_kit"]

_COLUMNS = 8
_SHOWN_S = 0.6  # of each sound, so that decays can be compared
_WINDOW_S = 0.064
_GREY = "#7f7f7f"
_POINTS = 300  # of a waveform's outline
_NAME = 27  # letters that fit below a sound


def plot_kit(path: str | Path, kit: Kit, *, taxonomy: Taxonomy = TAXONOMY) -> None:
    """Draw a contact sheet: up to eight sounds of each class, spread over its drums and from soft to loud.

    Below each waveform stands the spectrogram, 60 dB deep, on the mel scale up to half of the sample rate. Each sound
    is shown at full scale; all show 0.6 s.

    Args:
        path: The PNG file.
        kit: The sounds.
        taxonomy: Names and colours of the classes; others are grey.
    """
    rows = {name: _chosen(kit.drums[name]) for name in kit.classes}
    columns = max(3, *map(len, rows.values()))
    figure = Figure(figsize=(1.2 + 1.5 * columns, 1.0 + 1.05 * len(rows)), layout="constrained")
    figure.suptitle(_title(kit), fontsize=11, parse_math=False)
    grid = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
    for axes, (name, sounds) in zip(grid, rows.items(), strict=True):
        known = taxonomy.by_id.get(name)
        colour = known.colour if known else _GREY
        hits = sum(len(drum.hits) for drum in kit.drums[name])
        label = f"{known.name if known else name}\n{_count(len(kit.drums[name]), 'drum')}\n{_count(hits, 'hit')}"
        axes.set_ylabel(label, color=_darker(colour, 0.8), rotation=0, ha="right", va="center", parse_math=False)
        axes.set(xlim=(0, columns), ylim=(-0.2, 1.75), xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        for column, (drum, index) in enumerate(sounds):
            _draw(axes, column, drum, index, kit.sample_rate, colour)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a name in a script that the font has not
        figure.savefig(buffer, format="png", dpi=110)
    write_whole(path, buffer.getvalue())


def _title(kit: Kit) -> str:
    drums = [drum for group in kit.drums.values() for drum in group]
    counts = f"{_count(len(drums), 'drum')}, {_count(sum(len(drum.hits) for drum in drums), 'hit')}"
    left_out = f", {_count(len(kit.left_out), 'file')} left out" if kit.left_out else ""
    return f"{kit.name}\n{counts}{left_out}; {kit.sample_rate} Hz; licence {kit.licence or 'unknown'}"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _chosen(drums: tuple[Drum, ...]) -> list[tuple[Drum, int]]:
    """Choose at most eight hits: of each drum the loudest, and softer ones where there is room."""
    some = [drums[index] for index in _spread(len(drums), _COLUMNS)]
    room, more = divmod(_COLUMNS, len(some))
    return [
        (drum, index) for number, drum in enumerate(some) for index in _spread(len(drum.hits), room + (number < more))
    ]


def _spread(count: int, most: int) -> list[int]:
    """At most `most` indices below `count`, evenly spread, the last one always among them."""
    return sorted({count - 1 - index * count // most for index in range(most)} & set(range(count)))


def _draw(axes: Axes, column: int, drum: Drum, index: int, sample_rate: int, colour: str) -> None:
    length = round(_SHOWN_S * sample_rate)
    hit = drum.hits[index] / drum.hits[index].abs().max()
    hit = torch.nn.functional.pad(hit, (0, max(0, length - len(hit))))
    n_fft = 2 ** round(math.log2(_WINDOW_S * sample_rate))
    hop_length = n_fft // 16
    bands = log_mel(hit, sample_rate=sample_rate, n_fft=n_fft, hop_length=hop_length, n_mels=64).numpy()
    bands = bands[:, : 1 + length // hop_length]
    left, right = column + 0.03, column + 0.97
    shades = LinearSegmentedColormap.from_list("", [(0, (1, 1, 1)), (0.5, to_rgb(colour)), (1, _darker(colour, 0.35))])
    axes.imshow(bands, extent=(left, right, 0, 1), origin="lower", aspect="auto", cmap=shades, vmin=0)
    blocks = hit[: length // _POINTS * _POINTS].reshape(_POINTS, -1).numpy()
    seconds = np.linspace(left, right, _POINTS)
    low, high = (1.35 + 0.32 * edge for edge in (blocks.min(1), blocks.max(1)))
    axes.fill_between(seconds, low, high + 0.005, color=_darker(colour, 0.7), linewidth=0)
    name = f"{drum.name}  {index + 1}/{len(drum.hits)}" if len(drum.hits) > 1 else drum.name
    name = name if len(name) <= _NAME else f"…{name[1 - _NAME :]}"
    axes.text(left, -0.05, name, fontsize=6, va="top", color="#444444", parse_math=False)


def _darker(colour: str, by: float) -> tuple[float, float, float]:
    red, green, blue = to_rgb(colour)
    return by * red, by * green, by * blue
