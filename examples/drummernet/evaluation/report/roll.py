"""What was there over what was found, class by class along time."""

import itertools

from markupsafe import Markup

from ddsp_drums.kits import SIX
from drummernet.evaluation.datasets import parent_class
from drummernet.evaluation.evaluate import TrackResult
from drummernet.evaluation.report.svg import chart, element, short, text

__all__ = ["draw_roll"]

_LANE = 34.0
_TOP, _BOTTOM = 5.0, 29.0  # of a lane: where the reference begins, and where the estimate ends
_MISS, _FALSE = 10.0, 24.0  # their middles
_AXIS = 22.0
_WIDTH = 1040.0  # of a short recording
_SCALE = 24.0  # pixels a second, at least
_NEAR = 70.0  # pixels between two labels of the axis, at least
_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60)


def draw_roll(result: TrackResult) -> Markup:
    """Draw the notes of a track: the reference in the upper half of each lane, the estimate in the lower one.

    A pair is a line from one to the other, a miss a ring in the upper half, a false alarm a cross in the lower half.
    Each of the three is one path a lane in which every mark begins with one `M`; times are its absolute coordinates,
    so that a script can stretch time without stretching the marks.

    Args:
        result: The track.

    Returns:
        A `div` with the names of the classes, and the drawing in a `div` that scrolls.
    """
    scale = max(_SCALE, _WIDTH / result.duration_s)
    classes = [name for name in reversed(SIX) if any(result.counts[name])]
    width, height = result.duration_s * scale, len(classes) * _LANE
    total = [sum(numbers) for numbers in zip(*result.counts.values(), strict=True)]
    label = f"{total[0]} hits, {total[2]} misses, {total[1]} false alarms"
    lanes = [_lane(result, name, row * _LANE, scale) for row, name in enumerate(classes)]
    cursor = element("path", class_="cursor", d=f"M0 0V{short(height)}")
    drawing = chart(
        width, height + _AXIS, label, _stripes(len(classes), width), _axis(result, height, scale), *lanes, cursor
    )
    names = [_name(result, name, row * _LANE) for row, name in enumerate(classes)]
    key = chart(64, height + _AXIS, "classes with their F-measures", *names)
    return element("div", key, element("div", drawing, class_="scroll", tabindex="0"), class_="roll")


def _lane(result: TrackResult, name: str, y: float, scale: float) -> Markup:
    paired_there = {i for i, _ in result.pairs}
    paired_found = {j for _, j in result.pairs}
    hits = [
        f"M{short(result.reference[i].onset_s * scale)} {short(y + _TOP)}"
        f"L{short(result.estimate[j].onset_s * scale)} {short(y + _BOTTOM)}"
        for i, j in result.pairs
        if parent_class(result.reference[i].label) == name
    ]
    misses = [
        f"M{short(note.onset_s * scale)} {short(y + _MISS - 4)}a4 4 0 1 0 .01 0z"
        for i, note in enumerate(result.reference)
        if i not in paired_there and parent_class(note.label) == name
    ]
    false_alarms = [
        f"M{short(hit.onset_s * scale)} {short(y + _FALSE)}m-3.5-3.5l7 7m-7 0l7-7"
        for j, hit in enumerate(result.estimate)
        if j not in paired_found and parent_class(hit.instrument) == name
    ]
    kinds = {"hit": hits, "miss": misses, "false": false_alarms}
    return element("g", *(element("path", class_=kind, d="".join(marks)) for kind, marks in kinds.items() if marks))


def _name(result: TrackResult, name: str, y: float) -> Markup:
    counts = result.counts[name]
    score = f"{counts.f1:.2f}".removeprefix("0") if counts.hits + counts.misses else "\N{EN DASH}"
    middle = y + _LANE / 2 + 4
    return Markup("").join([text(0, middle, name, anchor="start"), text(54, middle, score, anchor="end", class_="dim")])


def _stripes(count: int, width: float) -> Markup:
    d = "".join(f"M0 {short(row * _LANE)}h{short(width)}v{short(_LANE)}h-{short(width)}z" for row in range(0, count, 2))
    return element("path", class_="stripe", d=d)


def _axis(result: TrackResult, height: float, scale: float) -> Markup:
    step = next((step for step in _STEPS_S if step * scale >= _NEAR), _STEPS_S[-1])
    seconds = list(
        itertools.takewhile(lambda t: t <= result.duration_s, (step * number for number in itertools.count()))
    )
    lines = "".join(f"M{short(t * scale)} 0V{short(height)}" for t in seconds)
    clock = result.duration_s >= 60
    labels = [
        text(t * scale + 3, height + 15, f"{int(t // 60)}:{t % 60:02.0f}" if clock else f"{t:g} s", anchor="start")
        for t in seconds
        if t * scale < result.duration_s * scale - 24
    ]
    return element("g", element("path", class_="grid", d=lines), *labels, class_="axis")
