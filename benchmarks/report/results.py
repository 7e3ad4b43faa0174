"""What a run found, and where to find it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

Entry = dict[str, Any]


class Choice(NamedTuple):
    """What a provider took that chooses, over what the `best` of its choices took in turns with it; with quartiles."""

    row: Entry
    best: str
    ratio: float
    low: float
    high: float


@dataclass(frozen=True)
class Results:
    """The results of one run on one machine."""

    machine: Entry
    ceilings: dict[str, float]
    operations: list[Entry]
    rows: list[Entry]
    not_run: list[Entry]

    @property
    def name(self) -> str:
        """Name the device."""
        return str(self.machine["name"])

    def find(self, operation: str, provider: str, case: Entry, backward: bool) -> Entry | None:
        """Find a row of a sweep."""
        wanted = (operation, provider, case, backward)
        return next((row for row in self.rows if row["goal"] is None and _key(row) == wanted), None)

    def why_not(self, operation: str, provider: str, case: Entry, backward: bool) -> str:
        """Tell why there is no such row."""
        wanted = (operation, provider, case, backward)
        return next((str(row["reason"]) for row in self.not_run if _key(row) == wanted), "not asked for")

    def goal(self, operation: str, work: str) -> Entry | None:
        """Find the row of a goal."""
        rows = (row for row in self.rows if row["operation"] == operation and row["goal"] == work)
        return next(rows, None)

    def share(self, row: Entry) -> float:
        """Return the least time that the machine's ceilings allow, as a share of the time taken."""
        copied = row["bytes"] / self.ceilings["bytes_per_s"]
        calculated = row["operations"] / self.ceilings["operations_per_s"]
        return float(max(copied, calculated) / row["median_s"])

    def choices(self, operation: Entry) -> Iterator[Choice]:
        """Walk over the rows of providers that choose."""
        for row in self.rows:
            if row["operation"] == operation["name"] and row["goal"] is None and row["against"]:
                yield chosen(row)


def chosen(row: Entry) -> Choice:
    """Compare what a row chose with the best that there was to choose from."""
    best = min(row["against"], key=lambda name: row["against"][name]["ratio"])
    low, ratio, high = (1 / row["against"][best][name] for name in ("high", "ratio", "low"))
    return Choice(row, best, ratio, low, high)


def _key(row: Entry) -> tuple[Any, ...]:
    return row["operation"], row["provider"], row["case"], row["backward"]


def sweep_cases(sweep: Entry) -> list[Entry]:
    """List the points of a sweep."""
    return [{**sweep["base"], sweep["axis"]: value} for value in sweep["values"]]


def load_results(path: Path) -> Results:
    """Read the results of a run."""
    return Results(**json.loads(path.read_text()))


def save_results(found: Entry, path: Path) -> None:
    """Write what a run found, a line a row so that two runs can be compared line by line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = []
    for name, value in found.items():
        lines = ",\n".join(json.dumps(_rounded(item)) for item in value) if isinstance(value, list) else None
        parts.append(f'"{name}": ' + (f"[\n{lines}\n]" if lines is not None else json.dumps(_rounded(value))))
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def keep_others(found: Entry, path: Path) -> Entry:
    """Add to what was found what the file holds of other operations."""
    if not path.exists():
        return found
    before = json.loads(path.read_text())
    measured = {operation["name"] for operation in found["operations"]}
    names = [operation["name"] for operation in before["operations"]]
    kept = {
        "operations": [operation for operation in before["operations"] if operation["name"] not in measured],
        "rows": [row for row in before["rows"] if row["operation"] not in measured],
        "not_run": [row for row in before["not_run"] if row["operation"] not in measured],
    }
    together = {name: kept[name] + found[name] if name in kept else value for name, value in found.items()}
    order = [*names, *(name for name in sorted(measured) if name not in names)]
    together["operations"] = sorted(together["operations"], key=lambda operation: order.index(operation["name"]))
    return together


def _rounded(value: Any) -> Any:
    """Keep four digits, beyond which nothing is measured."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value
