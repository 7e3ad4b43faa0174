"""Print evaluations as tables that fit a terminal of 80 columns."""

from collections.abc import Iterator, Sequence

import numpy as np
from rich import box
from rich.console import RenderableType
from rich.table import Column, Table
from rich.text import Text

from ddsp_drums.kits import SIX, THREE
from ddsp_drums.metrics import Interval, OnsetCounts, mean_f1, sum_f1
from drummernet.evaluation.evaluate import Evaluation
from drummernet.evaluation.scores import PROTOCOL, STRICT_S, Summary, difference, headline, summarise

__all__ = ["score_tables"]

_SCORES = ("mean", "sum", "published")
_BARS = " ▁▂▃▄▅▆▇█"


def score_tables(evaluations: Sequence[Evaluation]) -> Iterator[RenderableType]:
    """Give what there is to say about systems on the same tracks, the first in most detail.

    Args:
        evaluations: One for each system, each with at least one scored track.

    Yields:
        Tables and text: the tracks, the data sets, and of the first system classes, confusions and timing.
    """
    first = evaluations[0]
    window_ms = 1000 * first.window_s
    yield _tracks(first, f"{first.system}, F1 of each track, {window_ms:g} ms")
    yield _sets(evaluations, f"KD, SD and HH within {window_ms:g} ms")
    if first.window_s > STRICT_S:
        strict = [evaluation.rescored(window_s=STRICT_S) for evaluation in evaluations]
        yield _sets(strict, f"KD, SD and HH within {1000 * STRICT_S:g} ms")
    if len(evaluations) > 1:
        yield _differences(evaluations)
    summary = summarise(first)
    yield _classes(summary, f"{first.system}, each class in all tracks, {window_ms:g} ms")
    yield _confusion(summary, f"{first.system}, found (columns) for what was there (rows)")
    if summary.offsets_s.size:
        yield _timing(summary)
    yield Text(PROTOCOL)


def _table(title: str, *columns: Column) -> Table:
    return Table(
        *columns, title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )


def _right(*names: str) -> list[Column]:
    return [Column(name, justify="right", no_wrap=True, min_width=4) for name in names]


def _tracks(evaluation: Evaluation, title: str) -> Table:
    table = _table(title, Column("track", no_wrap=True, overflow="ellipsis"), *_right(*SIX, "mean", "sum"))
    for name, group in evaluation.groups().items():
        table.add_row(Text(name, style="bold"))
        for result in group.results:
            counts = np.array([[result.counts[six] for six in SIX]])
            three = counts[:, [SIX.index(three) for three in THREE]]
            by_class = mean_f1(counts)
            known = mean_f1(three)
            known = known[~np.isnan(known)]
            mean = known.mean() if known.size else float("nan")
            numbers = map(_number, [*by_class, mean, float(sum_f1(three))])
            table.add_row(Text(f"  {result.track.name}"), *numbers)
    return table


def _sets(evaluations: Sequence[Evaluation], title: str) -> Table:
    table = _table(title, Column("tracks"), *_right(*_SCORES))
    groups = [one.groups() | {"all": one} for one in evaluations]
    names = list(groups[0])
    for name in names if len(names) > 2 else names[:1]:
        if name == "all":
            table.add_section()
        n_tracks = len(groups[0][name].results)
        label = f"{name} ({n_tracks})"
        if len(evaluations) > 1:
            table.add_row(Text(label, style="bold"))
        for group in (of_system[name] for of_system in groups if name in of_system):
            if len(evaluations) > 1:
                fewer = f" ({len(group.results)})" if len(group.results) != n_tracks else ""
                label = f"  {group.system}{fewer}"
            scores = headline(group)
            table.add_row(Text(label), *(_interval(getattr(scores, column)) for column in _SCORES))
    return table


def _differences(evaluations: Sequence[Evaluation]) -> Table:
    first, *others = evaluations
    table = _table(f"{first.system} less the others, on the tracks of both", Column(""), *_right(*_SCORES))
    for other in others:
        scores = difference(first, other)
        table.add_row(Text(other.system), *(_interval(getattr(scores, name), sign="+") for name in _SCORES))
    return table


def _classes(summary: Summary, title: str) -> Table:
    columns = ("notes", "F1 (mean)", "F1 (sum)", "prec.", "recall", "vel. error", "vel. r")
    table = _table(title, Column("class", no_wrap=True), *_right(*columns))
    for name, score in summary.classes.items():
        velocity = score.velocity
        error = "-" if not velocity.n_pairs else f"{velocity.error:.0f} ({velocity.bias:+.0f})"
        table.add_row(name, *_counted(score.counts, score.f1), error, _number(velocity.correlation))
    table.add_section()
    total = sum((score.counts for score in summary.classes.values()), start=OnsetCounts(0, 0, 0))
    table.add_row("all six", *_counted(total, summary.headline.mean_six))
    return table


def _counted(counts: OnsetCounts, mean: Interval) -> list[str]:
    pooled = counts.f1 if any(counts) else float("nan")
    return [f"{counts.hits + counts.misses}", _interval(mean), *map(_number, (pooled, counts.precision, counts.recall))]


def _confusion(summary: Summary, title: str) -> Table:
    table = _table(title, Column(""), *_right(*SIX, "missed"))
    for row, name in enumerate([*SIX, "made up"]):
        cells = [f"{count}" if count else "·" for count in summary.confusion[row]]
        if row == len(SIX):
            table.add_section()
            cells[-1] = ""
        table.add_row(name, *(Text(cell, style="bold" if column == row else "") for column, cell in enumerate(cells)))
    return table


def _timing(summary: Summary) -> Text:
    counts, centres_s = summary.histogram
    bars = "".join(_BARS[-(-8 * count // counts.max())] for count in counts.tolist())
    low, middle, high = 1000 * np.quantile(summary.offsets_s, [0.1, 0.5, 0.9])
    reach = f"{1000 * centres_s[-1]:g}"
    return Text(
        f"Onsets are {abs(middle):.1f} ms {'late' if middle >= 0 else 'early'} (median; 80 % within {low:+.1f} and "
        f"{high:+.1f} ms)\n-{reach} |{bars}| +{reach} ms\n"
    )


def _number(value: float, sign: str = "") -> str:
    if np.isnan(value):
        return "-"
    return f"{value:{sign}.2f}" if abs(value) > 0.9995 else f"{value:{sign}.3f}".replace("0.", ".", 1)


def _interval(interval: Interval, sign: str = "") -> str:
    ends = "" if np.isnan(interval.low) else f" [{_number(interval.low, sign)} {_number(interval.high, sign)}]"
    return f"{_number(interval.value, sign)}{ends}"
