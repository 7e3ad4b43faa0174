"""The tables of one operation on one machine."""

from collections import defaultdict

from benchmarks.report import text
from benchmarks.report.headline import ALLOWED
from benchmarks.report.results import Entry, Results, chosen, sweep_cases


def sweep_table(results: Results, operation: Entry, sweep: Entry, backward: bool) -> str:
    """Compare all providers at the points of a sweep, in milliseconds, the fastest in bold, and choices in turns."""
    providers = [
        one["name"]
        for one in operation["providers"]
        if any(results.find(operation["name"], one["name"], case, backward) for case in sweep_cases(sweep))
    ]
    choosing = [one["name"] for one in operation["providers"] if one["backends"] and one["name"] in providers]
    lines = []
    for value, case in zip(sweep["values"], sweep_cases(sweep), strict=True):
        rows = [results.find(operation["name"], name, case, backward) for name in providers]
        fastest = min((row["median_s"] for row in rows if row), default=0.0)
        cells = [_bold(text.ms(row["median_s"]), row["median_s"] == fastest) if row else "not run" for row in rows]
        choices = [row for name, row in zip(providers, rows, strict=True) if name in choosing]
        ratios = [f"{chosen(row).ratio:.2f}" if row and row["against"] else "not run" for row in choices]
        lines.append([f"{value:g}", *cells, *ratios])
    return text.table([sweep["label"], *providers, *(f"{name} / best, in turns" for name in choosing)], lines)


def _bold(cell: str, yes: bool) -> str:
    return f"**{cell}**" if yes else cell


def every_row(results: Results, operation: Entry) -> str:
    """List every row of the sweeps with all that was measured."""
    base = operation["sweeps"][0]["base"]
    measured = [row for row in results.rows if row["operation"] == operation["name"] and row["goal"] is None]
    heads = (
        "point",
        "provider",
        "pass",
        "ms",
        "spread",
        "MB",
        "error",
        "error of gradients",
        "of the ceiling",
        "rounds",
    )
    return text.table(
        heads,
        [
            (
                text.case(row["case"], base),
                row["provider"],
                _pass(row),
                text.ms(row["median_s"]),
                text.percent(row["iqr_s"] / row["median_s"]),
                text.mb(row["peak_bytes"]),
                text.tiny(row["error"]),
                text.tiny(row["gradient_error"]),
                text.percent(results.share(row)),
                str(row["rounds"]),
            )
            for row in measured
        ],
    )


def losses(results: Results, operation: Entry) -> text.Lines:
    """List the points where something else is faster than what the toolkit runs by default."""
    ours = {one["name"] for one in operation["providers"] if one["ours"]}
    choosing = [one["name"] for one in operation["providers"] if one["backends"]]
    default = choosing or [one["name"] for one in operation["providers"] if one["ours"]][:1]
    lines = []
    for row in results.rows:
        if row["operation"] != operation["name"] or row["goal"] is not None or row["provider"] in ours:
            continue
        for name in default:
            own = results.find(operation["name"], name, row["case"], row["backward"])
            if own and own["median_s"] > row["median_s"]:
                lines.append(
                    (
                        text.case(row["case"], operation["sweeps"][0]["base"]),
                        _pass(row),
                        name,
                        text.ms(own["median_s"]),
                        row["provider"],
                        text.ms(row["median_s"]),
                        f"{own['median_s'] / row['median_s']:.2f}",
                    )
                )
    return lines


def choices(results: Results, operation: Entry) -> str:
    """Compare the choice of a backend with the best one at every point, timed in turns."""
    base = operation["sweeps"][0]["base"]
    return text.table(
        ("point", "pass", "chosen by", "ms", "best", "ms", "chosen / best", "quartiles"),
        [
            (
                text.case(row["case"], base),
                _pass(row),
                row["provider"],
                text.ms(row["median_s"]),
                best,
                text.ms(row["against"][best]["median_s"]),
                _bold(f"{ratio:.2f}", ratio > ALLOWED),
                f"{low:.2f} to {high:.2f}",
            )
            for row, best, ratio, low, high in results.choices(operation)
        ],
    )


def not_run(results: Results, operation: Entry) -> str:
    """Say which rows are missing and why, those of one reason together."""
    base = operation["sweeps"][0]["base"]
    grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in results.not_run:
        if row["operation"] == operation["name"]:
            point = (
                f"{text.case(row['case'], base)} ({'both' if row['backward'] else 'forward'}, {row['operations']:.0e})"
            )
            grouped[row["provider"], row["reason"]].append(row["goal"] or point)
    measured = {row["provider"] for row in results.rows if row["operation"] == operation["name"]}
    return text.table(
        ("provider", "reason", "rows", "points (pass, multiply-adds estimated)"),
        [
            (provider, reason, str(len(points)), "; ".join(points) if provider in measured else "everywhere")
            for (provider, reason), points in grouped.items()
        ],
    )


def _pass(row: Entry) -> str:
    return "both" if row["backward"] else "forward"
