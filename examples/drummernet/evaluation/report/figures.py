"""The small drawings of the page, each from plain numbers."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike, NDArray

from ddsp_drums.metrics import Interval
from drummernet.evaluation.report.svg import chart, element, short, text

__all__ = ["draw_bars", "draw_boxes", "draw_interval", "draw_offsets", "draw_velocities"]

_PLOT = 190.0  # height of the box plots without labels
_BIN = 8  # MIDI velocities in a bubble


def draw_interval(interval: Interval, colour: int, *, low: float, high: float) -> Markup:
    """Draw a score as a dot and its interval as a line, where there are any, on an axis from `low` to `high`."""
    width, middle = 110.0, 7.0

    def x(value: float) -> float:
        return 4 + (width - 8) * (value - low) / (high - low)

    zero = element("path", class_="grid", d=f"M{short(x(0))} 0v14") if low < 0 else ""
    line = "" if np.isnan(interval.low) else f"M{short(x(interval.low))} {short(middle)}H{short(x(interval.high))}"
    dot = "" if np.isnan(interval.value) else element("circle", cx=x(interval.value), cy=middle, r=3.5)
    drawn = element("g", element("path", d=line), dot, class_=f"s{colour} interval")
    ground = element("path", class_="grid", d=f"M4 {short(middle)}h{short(width - 8)}")
    return chart(width, 2 * middle, "", ground, zero, drawn, class_="strip")


def draw_bars(values: Sequence[float]) -> Markup:
    """Draw a bar from 0 to 1 for each system, below each other; NaN has none."""
    height = 8.0 * len(values) + 2
    grid = element("path", class_="grid", d="".join(f"M{x} 0V{short(height)}" for x in (0, 25, 50, 75, 100)))
    bars = [
        element("rect", class_=f"s{colour}", x=0.0, y=8.0 * colour + 2, width=100 * value, height=6.0)
        for colour, value in enumerate(values)
        if not np.isnan(value)
    ]
    size = {"viewBox": f"0 0 100 {short(height)}", "height": short(height), "preserveAspectRatio": "none"}
    return element("svg", grid, *bars, class_="bars", aria_hidden="true", **size)


def draw_boxes(scores: Mapping[str, Sequence[Sequence[float]]], *, label: str) -> Markup:
    """Draw box plots side by side: of each class, for each system, the scores of tracks.

    The box spans the quartiles, its line is the median, the diamond the mean; whiskers reach the last score within 1.5
    times the box, and every score is a dot.

    Args:
        scores: For each class one list of scores in [0, 1] a system; a list may be empty.
        label: What it shows.
    """
    left, top, step = 30.0, 8.0, 24.0
    n_systems = max(map(len, scores.values()))
    slot = n_systems * step + 26
    width = left + slot * len(scores)

    def y(value: float) -> float:
        return top + _PLOT * (1 - value)

    ticks = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    grid = element("path", class_="grid", d="".join(f"M{short(left)} {short(y(t))}H{short(width)}" for t in ticks))
    drawn = [grid, *(text(left - 6, y(tick) + 4, f"{tick:g}", anchor="end") for tick in ticks)]
    for number, (name, systems) in enumerate(scores.items()):
        start = left + slot * number
        drawn.append(text(start + slot / 2, top + _PLOT + 17, name, class_="name"))
        counts = [len(values) for values in systems]
        drawn.append(text(start + slot / 2, top + _PLOT + 31, f"n = {max(counts)}", class_="dim"))
        for colour, values in enumerate(systems):
            if values:
                x = start + 13 + step * (colour + 0.5)
                drawn.append(element("g", *_box(x, np.sort(values), y), class_=f"s{colour} box"))
    return chart(width, top + _PLOT + 38, label, *drawn)


def _box(x: float, values: NDArray[np.float64], y: Callable[[float], float]) -> list[Markup]:
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    reach = 1.5 * (high - low)
    within = values[(values >= low - reach) & (values <= high + reach)]
    whiskers = f"M{short(x)} {short(y(within[0]))}V{short(y(low))}M{short(x)} {short(y(high))}V{short(y(within[-1]))}"
    shapes = [
        element("path", d=whiskers),
        element("rect", x=x - 8, y=y(high), width=16.0, height=max(y(low) - y(high), 0.5)),
        element("path", class_="median", d=f"M{short(x - 8)} {short(y(middle))}h16"),
    ]
    dots = [element("circle", cx=x, cy=y(value), r=2.5) for value in values]
    mean = element("path", class_="mean", d=f"M{short(x)} {short(y(values.mean()) - 4)}l4 4l-4 4l-4-4z")
    return [*(shapes if len(values) > 1 else []), *dots, *([mean] if len(values) > 1 else [])]


def draw_offsets(counts: NDArray[np.int64], centres_s: NDArray[np.float64], colour: int, *, label: str) -> Markup:
    """Draw how many pairs lie how far off."""
    width, height, bottom = 360.0, 110.0, 22.0
    step = width / len(counts)
    bars = [
        element("rect", x=step * number + 1, y=height - size, width=step - 2, height=size)
        for number, size in enumerate((height - 8) * counts / max(counts.max(), 1))
        if size > 0
    ]
    middle = width / 2
    half_ms = 500 * centres_s[-1]
    marks = [
        text(middle + (width - step) / 4 * side, height + 15, f"{sign}{half_ms:g}")
        for side, sign in ((-1, "\N{MINUS SIGN}"), (1, "+"))
    ]
    grid = element("path", class_="grid", d=f"M{short(middle)} 0V{short(height)}M0 {short(height)}H{short(width)}")
    zero = text(middle, height + 15, "0 ms")
    return chart(width, height + bottom, label, grid, element("g", *bars, class_=f"s{colour} offsets"), *marks, zero)


def draw_velocities(there: ArrayLike, found: ArrayLike, colour: int, *, label: str) -> Markup:
    """Draw velocities, reference to the right, estimate upwards; the area of a bubble is the number of notes."""
    size, left, top = 112.0, 24.0, 4.0
    cells, counts = np.unique(np.stack([there, found], -1).astype(int) // _BIN, axis=0, return_counts=True)
    radii = 6.5 * np.sqrt(counts / counts.max())
    unit = size / 128
    bubbles = [
        element("circle", cx=left + (i + 0.5) * _BIN * unit, cy=top + size - (j + 0.5) * _BIN * unit, r=max(r, 0.8))
        for (i, j), r in zip(cells.tolist(), radii.tolist(), strict=True)
    ]
    frame = element("rect", class_="frame", x=left, y=top, width=size, height=size)
    diagonal = element("path", class_="grid", d=f"M{short(left)} {short(top + size)}l{short(size)} {short(-size)}")
    ticks = [text(left + value * unit, top + size + 13, f"{value}") for value in (0, 64, 127)]
    ticks += [text(left - 4, top + size - value * unit + 4, f"{value}", anchor="end") for value in (64, 127)]
    drawn = element("g", *bubbles, class_=f"s{colour} bubbles")
    return chart(left + size + 12, top + size + 18, label, frame, diagonal, drawn, *ticks)
