"""Write what an ablation found as text, Markdown and JSON."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table

from ddsp_drums._atomic import write_whole
from ddsp_drums.kits import THREE
from ddsp_drums.metrics import Interval
from drummernet.evaluation.ablation import Comparison

__all__ = ["print_tables", "write_tables"]

_RULE = """\
Tracks: {tracks}. Trainings of each variant: {seeds}, on {items} segments each.
mean, sum and published are the F1 that `drummernet evaluate` prints, averaged
over the seeds. [low high] is a 95 % bootstrap interval over tracks and seeds:
both are drawn anew with replacement, the same for all variants, so that a
change is measured on pairs. With few seeds it is too narrow, and with one it is
over tracks alone. "paper" is Choi and Cho, ISMIR 2019, mean of three data sets,
after six million segments. "confirmed" is yes where the whole interval of the
change lies on the paper's side of zero, no where it lies on the other, and open
where it holds zero. The paper's variants stand on the log-mel encoder of
`default` at 125 frames a second in place of the waveform U-net, and train on
batches of four with a cosine schedule; classes, level, gate, heads, losses and
peak picking are the paper's."""


class _Grid(NamedTuple):
    """A table: a title, names of the columns, and rows of as many cells."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def print_tables(console: Console, comparisons: Sequence[Comparison], *, n_tracks: int, n_items: int) -> None:
    """Print the scores, what each change did, and the rules.

    Args:
        console: Where to.
        comparisons: All variants.
        n_tracks: How many tracks they were scored on.
        n_items: How many segments each was trained on.
    """
    for grid in _grids(comparisons):
        table = Table(
            title=grid.title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
        )
        for number, column in enumerate(grid.columns):
            table.add_column(column, justify="right" if number else "left", no_wrap=True)
        for row in grid.rows:
            table.add_row(*row)
        console.print(table, highlight=False)
    console.print(_rule(comparisons, n_tracks, n_items), highlight=False, markup=False, soft_wrap=True)


def write_tables(folder: Path, comparisons: Sequence[Comparison], *, tracks: Sequence[str], n_items: int) -> None:
    """Write `ablation.txt`, `ablation.md` and `ablation.json`.

    The JSON has `tracks`, their names; `items`, the segments of a training; and `variants`, a list of the attributes
    of :class:`Comparison` with `confirmed`, where scores with an interval are value, low and high, and `null` stands
    for "no such number".

    Args:
        folder: Where to.
        comparisons: All variants.
        tracks: Names of the tracks they were scored on.
        n_items: How many segments each was trained on.
    """
    with (folder / "ablation.txt").open("w", encoding="utf-8") as file:
        print_tables(Console(file=file, width=80), comparisons, n_tracks=len(tracks), n_items=n_items)
    parts = []
    for grid in _grids(comparisons):
        lines = [grid.columns, ("---", *("---:" for _ in grid.columns[1:])), *grid.rows]
        parts += [f"**{grid.title}**", "\n".join(f"| {' | '.join(line)} |" for line in lines)]
    parts.append(_rule(comparisons, len(tracks), n_items))
    write_whole(folder / "ablation.md", ("\n\n".join(parts) + "\n").encode())
    variants = [_plain(asdict(one) | {"confirmed": one.confirmed or None}) for one in comparisons]
    content = {"tracks": list(tracks), "items": n_items, "variants": variants}
    write_whole(folder / "ablation.json", (json.dumps(content, indent=1, allow_nan=False) + "\n").encode())


def _grids(comparisons: Sequence[Comparison]) -> list[_Grid]:
    scores = [
        (one.name, _interval(one.mean), *map(_number, (one.sum.value, one.published.value, *one.classes)))
        for one in comparisons
    ]
    changes = [
        (
            one.name,
            one.against or "",
            "" if one.change is None else _interval(one.change, "+"),
            "" if one.paper is None else _number(one.paper),
            "" if one.paper_change is None else _number(one.paper_change, "+"),
            one.confirmed,
        )
        for one in comparisons
    ]
    return [
        _Grid("F1 of KD, SD and HH within 50 ms", ("variant", "mean", "sum", "published", *THREE), scores),
        _Grid(
            "What each change did to the mean",
            ("variant", "against", "change", "paper", "its change", "confirmed"),
            changes,
        ),
    ]


def _rule(comparisons: Sequence[Comparison], n_tracks: int, n_items: int) -> str:
    return _RULE.format(tracks=n_tracks, seeds=comparisons[0].seeds, items=n_items)


def _number(value: float, sign: str = "") -> str:
    return "-" if math.isnan(value) else f"{value:{sign}.3f}".replace("0.", ".", 1)


def _interval(interval: Interval, sign: str = "") -> str:
    value, *ends = (_number(number, sign) for number in interval)
    return value if math.isnan(interval.low) else f"{value} [{' '.join(ends)}]"


def _plain(value: Any) -> Any:
    """Replace NaN, which JSON has not, by null."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value
