"""How a call is measured: its time in turns with others, its memory, its error."""

import ctypes
import gc
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

Result = TypeVar("Result")
Run = Callable[[], object]

_PROC = Path("/proc/self")


def synchronise(device: torch.device) -> None:
    """Wait until the device has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds(run: Run, device: torch.device) -> float:
    """Time one call until the device is done."""
    synchronise(device)
    start = time.perf_counter()
    run()
    synchronise(device)
    return time.perf_counter() - start


def error(actual: Tensor, expected: Tensor) -> float:
    """Return the largest difference relative to the largest value expected, infinite if the shapes differ."""
    if actual.shape != expected.shape:
        return float("inf")
    scale = float(expected.abs().max()) or 1.0
    return float((actual.to(expected.dtype) - expected).abs().max()) / scale


def peak_memory(run: Callable[[], Result], device: torch.device) -> tuple[Result, int | None]:
    """Return what `run` returns and the bytes it needed at its peak beyond what was held before, None if unknown."""
    gc.collect()
    if device.type == "cuda":
        synchronise(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        result = run()
        synchronise(device)
        return result, torch.cuda.max_memory_allocated(device) - before
    if not _forget_peak():
        return run(), None
    before = _resident("VmRSS")
    result = run()
    return result, max(0, _resident("VmHWM") - before)


def _forget_peak() -> bool:
    """Give free memory back to Linux and let the peak start over; tell whether that was possible."""
    try:
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:  # glibc alone keeps what was freed
            trim(0)
        (_PROC / "clear_refs").write_text("5")
    except (OSError, TypeError):
        return False
    return True


def _resident(field: str) -> int:
    lines = (_PROC / "status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(field))


class Turns:
    """Time a target and its opponents in turns, each with inputs of its own: B C A, C B A, and so on.

    `setup` and `target` are what pytest-benchmark calls untimed and timed. A slow moment of the machine falls on
    neighbours, so that the ratio of neighbours is steadier than that of medians. The opponents change places, and two
    rounds count as one, so that nobody always runs on the caches that the same one left: what chose the quicker of two
    ways, but ran after the slower, looked up to 1.14 times as slow as that way.
    """

    def __init__(self, name: str, fresh: Mapping[str, Callable[[], Run]], device: torch.device) -> None:
        self.name, self.fresh, self.device = name, fresh, device
        self.times: dict[str, list[float]] = {name: [] for name in fresh}
        self._opponents = [other for other in fresh if other != name]

    def setup(self) -> tuple[tuple[Run], dict[str, object]]:
        """Run and time the opponents, and make the target's inputs."""
        for name in self._opponents:
            self.times[name].append(seconds(self.fresh[name](), self.device))
        self._opponents.reverse()
        run = self.fresh[self.name]()
        synchronise(self.device)
        return (run,), {}

    def target(self, run: Run) -> None:
        """Run the target."""
        self.times[self.name].append(seconds(run, self.device))

    def ratios(self, other: str) -> list[float]:
        """Return how many times as long as the target another one took, in each two rounds, without the first."""
        theirs, own = _warm(self.times[other]), _warm(self.times[self.name])
        return [sum(theirs[i : i + 2]) / sum(own[i : i + 2]) for i in range(0, max(len(own) - 1, 1), 2)]

    def median(self, name: str) -> float:
        """Return the median time, without the first round."""
        return quartiles(_warm(self.times[name]))[1]


def quartiles(values: list[float]) -> list[float]:
    """Return the lower quartile, the median, and the upper quartile."""
    places = torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64)
    return [float(x) for x in torch.tensor(values, dtype=torch.float64).quantile(places)]


def _warm(values: list[float]) -> list[float]:
    return values[1:] or values
