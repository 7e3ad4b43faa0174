"""Plots of one operation on one machine: time against each swept size, and the roofline."""

from pathlib import Path
from typing import Any

from benchmarks.report.results import Entry, Results, sweep_cases

# Okabe and Ito's colours, which people with any colour vision can tell apart, without the yellow that fades on white.
_COLOURS = ("#0072B2", "#D55E00", "#CC79A7", "#000000", "#777777", "#E69F00", "#009E73", "#56B4E9")
_MARKERS = "osD^vXP*"
_STYLE = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False}


def draw_sweeps(results: Results, operation: Entry, backward: bool, path: Path) -> None:
    """Draw a panel a sweep with a line a provider."""
    plt = _pyplot()
    sweeps = operation["sweeps"]
    columns = 4 if len(sweeps) % 4 == 0 else min(3, len(sweeps))
    rows = -(-len(sweeps) // columns)
    with plt.rc_context(_STYLE):
        figure, axes = plt.subplots(
            rows, columns, figsize=(3.1 * columns, 2.7 * rows + 0.6), squeeze=False, layout="constrained"
        )
        for panel, sweep in zip(axes.flat, sweeps, strict=False):
            _draw_sweep(panel, results, operation, sweep, backward)
        for panel in axes.flat[len(sweeps) :]:
            panel.set_visible(False)
        for panel in axes[:, 0]:
            panel.set_ylabel("milliseconds")
        _legend(figure, axes)
        _save(figure, path)


def _draw_sweep(panel: Any, results: Results, operation: Entry, sweep: Entry, backward: bool) -> None:
    from matplotlib.ticker import LogLocator

    for place, provider in enumerate(operation["providers"]):
        found = [results.find(operation["name"], provider["name"], case, backward) for case in sweep_cases(sweep)]
        points = [(row["case"][sweep["axis"]], 1e3 * row["median_s"]) for row in found if row]
        if points:
            panel.plot(*zip(*points, strict=True), **_look(place, provider))
    panel.set(xscale="log", yscale="log", title=sweep["title"], xlabel=sweep["label"])
    panel.set_xticks(sweep["values"], [f"{value:g}" for value in sweep["values"]])
    panel.minorticks_off()
    panel.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    panel.yaxis.set_major_formatter(lambda value, place: f"{value:g}")
    panel.axvline(sweep["base"][sweep["axis"]], color="#dddddd", linewidth=5, zorder=0)
    panel.grid(which="major", color="#eeeeee")


def draw_roofline(results: Results, path: Path) -> None:
    """Draw the operations a second of each row against those it needs a byte, under the machine's ceilings."""
    plt = _pyplot()
    with plt.rc_context(_STYLE):
        figure, axes = plt.subplots(
            1,
            len(results.operations),
            figsize=(4.8 * len(results.operations), 4.6),
            squeeze=False,
            layout="constrained",
        )
        for panel, operation in zip(axes.flat, results.operations, strict=True):
            _draw_roof(panel, results, operation)
            panel.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
        axes[0, 0].set_ylabel("multiply-adds a second")
        _save(figure, path)


def _draw_roof(panel: Any, results: Results, operation: Entry) -> None:
    lows: list[float] = []
    highs: list[float] = []
    for place, provider in enumerate(operation["providers"]):
        rows = [
            row
            for row in results.rows
            if row["operation"] == operation["name"] and row["provider"] == provider["name"] and row["backward"]
        ]
        intensity = [row["operations"] / row["bytes"] for row in rows]
        if rows:
            lows, highs = [*lows, min(intensity)], [*highs, max(intensity)]
            rates = [row["operations"] / row["median_s"] for row in rows]
            panel.plot(intensity, rates, **{**_look(place, provider), "linestyle": "none"})
    bandwidth, peak = results.ceilings["bytes_per_s"], results.ceilings["operations_per_s"]
    ridge = peak / bandwidth
    ends = (min(lows, default=ridge) / 4, max([*highs, ridge]) * 4)
    roof = [ends[0], ridge, ends[1]]
    panel.plot(roof, [min(peak, bandwidth * x) for x in roof], color="black", linewidth=1.2, label="ceiling")
    panel.set(xscale="log", yscale="log", title=operation["title"], xlabel="multiply-adds a byte of inputs and outputs")
    panel.minorticks_off()
    panel.grid(which="major", color="#eeeeee")


def _look(place: int, provider: Entry) -> dict[str, Any]:
    chooses = bool(provider["backends"])
    return {
        "label": ("ours: " if provider["ours"] else "") + provider["name"],
        "color": _COLOURS[place % len(_COLOURS)],
        "marker": _MARKERS[place % len(_MARKERS)],
        "markersize": 7 if chooses else 4,
        "markerfacecolor": "none" if chooses else None,  # so that the chosen one is seen inside
        "linestyle": "--" if chooses else "-" if provider["ours"] else ":",
        "linewidth": 1.3,
        "alpha": 0.9,
    }


def _legend(figure: Any, axes: Any) -> None:
    named: dict[str, Any] = {}
    for panel in axes.flat:
        for line, label in zip(*panel.get_legend_handles_labels(), strict=True):
            named.setdefault(label, line)
    figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=4)


def _pyplot() -> Any:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130, metadata={"Software": None})
    _pyplot().close(figure)
