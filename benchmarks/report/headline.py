"""What must be reached, beside what was measured."""

from benchmarks.report import text
from benchmarks.report.results import Entry, Results

ALLOWED = 1.1  # times as long as the best backend, where one is chosen

HEADS = (
    "forward and backward",
    "to reach",
    "measured",
    "ours, ms",
    "theirs, ms",
    "ours, MB",
    "theirs, MB",
    "of the ceiling",
    "reached",
)


def headline(results: Results) -> list[tuple[str, ...]]:
    """List the goals of a device, and how well the choice of a backend does at all points."""
    lines = []
    for operation in results.operations:
        lines += [_goal(results, operation, goal) for goal in operation["goals"]]
        lines += _worst_choice(results, operation)
    return lines


def _goal(results: Results, operation: Entry, goal: Entry) -> tuple[str, ...]:
    work, least = f"{operation['title']}: {goal['work']}", f"{goal['ratio']:g}x"
    if goal["peak_bytes"] is not None:
        least += f" in {text.mb(goal['peak_bytes'])} MB"
    row = results.goal(operation["name"], goal["work"])
    if row is None:
        return work, least, *["-"] * 6, "not run"
    other = row["against"][goal["against"]]
    measured = f"**{text.times(other['ratio'])}** ({text.times(other['low'])} to {text.times(other['high'])})"
    reached = other["ratio"] >= goal["ratio"]
    if goal["peak_bytes"] is not None:
        reached = reached and row["peak_bytes"] is not None and row["peak_bytes"] <= goal["peak_bytes"]
    return work, least, measured, *_both(results, row, other), "yes" if reached else "no"


def _worst_choice(results: Results, operation: Entry) -> list[tuple[str, ...]]:
    choices = list(results.choices(operation))
    if not choices:
        return []
    worst = max(choices, key=lambda choice: choice.ratio)
    beyond = sum(choice.ratio > ALLOWED for choice in choices)
    work = f"{operation['title']}: the chosen backend against the best, worst of {len(choices)} swept rows"
    measured = _both(results, worst.row, worst.row["against"][worst.best])
    reached = "yes" if beyond == 0 else f"no, {beyond} beyond"
    return [(work, f"at most {ALLOWED:g} of its time", f"**{worst.ratio:.2f}**", *measured, reached)]


def _both(results: Results, row: Entry, other: Entry) -> tuple[str, ...]:
    times = text.ms(row["median_s"]), text.ms(other["median_s"])
    return *times, text.mb(row["peak_bytes"]), text.mb(other["peak_bytes"]), text.percent(results.share(row))
