"""What must be reached, beside what was measured."""

from benchmarks.report import text
from benchmarks.report.results import Entry, Results

HEADS = (
    "forward and backward",
    "at least",
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
        choices = list(results.choices(operation))
        if choices:
            row, worst, best = max(choices, key=lambda choice: choice[1])
            beyond = sum(ratio > 1.1 for _, ratio, _ in choices)
            own, their = row["median_s"], row["against"][best]["median_s"]
            lines.append(
                (
                    f"{operation['title']}: the chosen backend at each of {len(choices)} swept rows, worst",
                    "1.1 of the best",
                    f"{worst:.2f}",
                    text.ms(own),
                    text.ms(their),
                    text.mb(row["peak_bytes"]),
                    text.mb(row["against"][best]["peak_bytes"]),
                    text.percent(results.share(row)),
                    "yes" if beyond == 0 else f"no, {beyond} beyond",
                )
            )
    return lines


def _goal(results: Results, operation: Entry, goal: Entry) -> tuple[str, ...]:
    work, least = f"{operation['title']}: {goal['work']}", f"{goal['ratio']:g}x"
    if goal["peak_bytes"] is not None:
        least += f" in {text.mb(goal['peak_bytes'])} MB"
    row = results.goal(operation["name"], goal["work"])
    if row is None:
        return work, least, *["-"] * 6, "not run"
    other = row["against"][goal["against"]]
    reached = other["ratio"] >= goal["ratio"]
    if goal["peak_bytes"] is not None:
        reached = reached and row["peak_bytes"] is not None and row["peak_bytes"] <= goal["peak_bytes"]
    return (
        work,
        least,
        f"**{text.times(other['ratio'])}**",
        text.ms(row["median_s"]),
        text.ms(other["median_s"]),
        text.mb(row["peak_bytes"]),
        text.mb(other["peak_bytes"]),
        text.percent(results.share(row)),
        "yes" if reached else "no",
    )
