"""Turn the rows of all operations into tests, and what they find into JSON."""

import time
from typing import Any

import pytest
import torch

from benchmarks import machine
from benchmarks.harness import measure_row
from benchmarks.operation import Operation
from benchmarks.operations import OPERATIONS
from benchmarks.row import Row, rows

_NOT_RUN = pytest.StashKey[list[dict[str, Any]]]()
_MEASURED = pytest.StashKey[list[Operation]]()
_DEADLINE = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say what to measure, where, whether quickly, and how long."""
    group = parser.getgroup("benchmarks")
    group.addoption("--device", default="cpu", choices=("cpu", "cuda"), help="where to measure")
    group.addoption("--operation", action="append", help="name of what to measure, as often as needed; all by default")
    group.addoption("--quick", action="store_true", help="tiny shapes, to see that everything runs")
    group.addoption("--time-limit", type=float, default=float("inf"), help="seconds after which no row is begun")


def pytest_configure(config: pytest.Config) -> None:
    """Make all providers work under the same conditions."""
    torch.set_num_threads(1)
    torch.backends.cudnn.allow_tf32 = False  # a convolution in float32 is to be one
    config.stash[_NOT_RUN] = []
    config.stash[_MEASURED] = []
    config.stash[_DEADLINE] = time.monotonic() + config.getoption("--time-limit")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each row of the operations."""
    config = metafunc.config
    names = config.getoption("--operation") or [operation.name for operation in OPERATIONS]
    chosen = [operation for operation in OPERATIONS if operation.name in names]
    chosen = [operation.quick() for operation in chosen] if config.getoption("--quick") else chosen
    config.stash[_MEASURED] += chosen
    listed = [row for operation in chosen for row in rows(operation, config.getoption("--device"))]
    metafunc.parametrize("row", [pytest.param(row, id=f"{row.operation.name}-{row}") for row in listed])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the goals, so that no time limit cuts them off."""
    items.sort(key=lambda item: item.callspec.params["row"].goal is None)  # type: ignore[attr-defined]


@pytest.fixture
def measured(row: Row, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Measure a row, or skip it and keep the reason."""
    config = request.config
    device = torch.device(config.getoption("--device"))
    late = time.monotonic() > config.stash[_DEADLINE]
    reason = "the time for the whole run was up" if late else row.why_not(device.type)
    if reason is not None:
        config.stash[_NOT_RUN].append({**row.describe(), "reason": reason})
        pytest.skip(reason)
    benchmark = request.getfixturevalue("benchmark")  # which warns if a skipped row asks for it
    try:
        benchmark.extra_info.update(measure_row(row, benchmark, device))
    except Exception as problem:
        reason = str(problem).strip().partition("\n")[0] or type(problem).__name__
        config.stash[_NOT_RUN].append({**row.describe(), "reason": reason})
        if isinstance(problem, torch.OutOfMemoryError):  # too big for this device, which is no failure
            pytest.skip(reason)
        raise
    return benchmark.extra_info


def pytest_benchmark_generate_machine_info(config: pytest.Config) -> dict[str, Any]:
    """Replace pytest-benchmark's description, which names the machine."""
    return machine.describe(torch.device(config.getoption("--device")))


def pytest_benchmark_generate_commit_info(config: pytest.Config) -> dict[str, Any]:
    """Leave the commit out: it is the one that the results are part of."""
    return {}


def pytest_benchmark_update_json(config: pytest.Config, benchmarks: list[Any], output_json: dict[str, Any]) -> None:
    """Write what the report reads, and nothing else."""
    device = config.getoption("--device")
    found = {
        "machine": output_json["machine_info"],
        "ceilings": machine.ceilings(torch.device(device)),
        "operations": [operation.describe(device) for operation in config.stash[_MEASURED]],
        "rows": [
            {**entry["extra_info"], **{f"{name}_s": entry["stats"][name] for name in ("median", "iqr")}}
            | {"rounds": entry["stats"]["rounds"]}
            for entry in output_json["benchmarks"]
        ],
        "not_run": config.stash[_NOT_RUN],
    }
    output_json.clear()
    output_json.update(found)
