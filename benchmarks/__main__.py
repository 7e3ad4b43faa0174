"""Run all benchmarks, write this machine's results, and draw the page: `python -m benchmarks`."""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.machine import file_name
from benchmarks.operations import OPERATIONS
from benchmarks.report import keep_others, load_results, save_results, summary, write_page

_ROOT = Path(__file__).resolve().parent


def main() -> int:
    """Do what the command line says; return the exit status."""
    options = _parse()
    out: Path | None = options.out or (Path("runs/benchmarks") if options.quick else None)
    results, docs = (out, out) if out else (_ROOT / "results", _ROOT.parent / "docs")
    status = 0
    if not options.draw:
        status, found = _run(options)
        if found is None:
            return status or 1
        path = results / file_name(found["machine"])
        save_results(keep_others(found, path) if options.only else found, path)
    everything = sorted(map(load_results, results.glob("*.json")), key=lambda found: found.machine["device"])
    if not everything:
        sys.exit(f"no results in {results}: run without --draw first")
    write_page(everything, docs / "benchmarks.md")
    for each in everything:
        print(summary(each), end="\n\n")
    return status


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    default = "cuda" if torch.cuda.is_available() else "cpu"
    parser.add_argument("--device", choices=("cpu", "cuda"), default=default, help="where to measure")
    names = [operation.name for operation in OPERATIONS]
    parser.add_argument("--only", nargs="+", choices=names, help="what to measure; the rest keeps its results")
    parser.add_argument("--quick", action="store_true", help="tiny shapes, to see that everything runs")
    parser.add_argument("--draw", action="store_true", help="measure nothing, draw the page from the results there are")
    parser.add_argument("--time-limit", type=float, default=3600, help="seconds after which no row is begun")
    parser.add_argument("--out", type=Path, help="folder for results and page [benchmarks/results and docs]")
    return parser.parse_args()


def _run(options: argparse.Namespace) -> tuple[int, dict[str, Any] | None]:
    """Run the tests of this folder; return pytest's status and what they found, None if they did not get that far."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "found.json"
        arguments = [str(_ROOT / "test_operations.py"), f"--rootdir={_ROOT.parent}"]
        arguments += ["-q", "--benchmark-quiet", f"--benchmark-json={path}"]
        arguments += ["-W", "default"]  # what a peer warns of is no failure
        arguments += [f"--operation={name}" for name in options.only or ()]
        arguments += [f"--device={options.device}", f"--time-limit={options.time_limit}"]
        status = pytest.main(arguments + ["--quick"] * options.quick)
        written = path.exists() and path.stat().st_size
        return int(status), json.loads(path.read_text()) if written else None


if __name__ == "__main__":
    sys.exit(main())
