"""What is benchmarked: an operation, who provides it, at which points, and what it must reach."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from torch import Tensor

Case = Any  # a frozen dataclass of sizes, one class an operation


def _always_there(device: str) -> str | None:
    return None


@dataclass(frozen=True)
class Provider:
    """One way to compute an operation.

    Attributes:
        name: What tables and plots call it.
        run: Maps a case and its inputs to the output.
        operations: Estimates the multiply-adds of a call from a case and whether it includes the backward pass.
        limit: Multiply-adds beyond which a call takes too long to be measured, on a GPU twenty times as many.
        ours: Whether it is part of this toolkit.
        missing: Tells why it cannot run on a type of device, or None.
        forward: Whether it differs from the other providers without a backward pass.
        on_support: Whether the first input's gradient is defined as zero wherever that input is.
        backends: Names of the providers it chooses from; they run in turns with it.
    """

    name: str
    run: Callable[..., Tensor]
    operations: Callable[[Case, bool], float]
    limit: float = 1e10
    ours: bool = False
    missing: Callable[[str], str | None] = _always_there
    forward: bool = True
    on_support: bool = False
    backends: tuple[str, ...] = ()

    def why_not(self, case: Case, backward: bool, device: str) -> str | None:
        """Tell why this provider is not measured at a point, or None."""
        limit = self.limit * (20 if device == "cuda" else 1)
        if self.operations(case, backward) > limit:
            return f"more than {limit:.2g} multiply-adds"
        return self.missing(device)


@dataclass(frozen=True)
class Sweep:
    """Points that differ from a base in one size."""

    title: str
    base: Case
    axis: str
    label: str
    values: tuple[float, ...]

    def cases(self) -> list[Case]:
        """List the points."""
        return [replace(self.base, **{self.axis: value}) for value in self.values]


@dataclass(frozen=True)
class Goal:
    """How much faster than another provider one must be, forward and backward, and in how many bytes."""

    work: str
    case: Case
    provider: str
    against: str
    ratio: float
    device: str = "cpu"
    peak_bytes: float | None = None


@dataclass(frozen=True)
class Operation:
    """Everything that the harness must know of one operation.

    Attributes:
        name: Identifier.
        title: Heading.
        inputs: Makes the float32 inputs of a case, the same at each call.
        reference: Maps a case and float64 inputs to the output, differentiably.
        tolerance: Largest error allowed, relative to the largest value of a tensor.
        providers: Who computes it.
        sweeps: Where it is measured.
        goals: What must be reached.
        tiny: A case of no cost, with which providers are compiled and tests are run.
    """

    name: str
    title: str
    inputs: Callable[[Case], tuple[Tensor, ...]]
    reference: Callable[..., Tensor]
    tolerance: float
    providers: tuple[Provider, ...]
    sweeps: tuple[Sweep, ...]
    goals: tuple[Goal, ...]
    tiny: Case

    def provider(self, name: str) -> Provider:
        """Find a provider by its name."""
        return next(provider for provider in self.providers if provider.name == name)

    def describe(self, device: str) -> dict[str, Any]:
        """Return what a reader of the results must know, as JSON takes it."""
        return {
            "name": self.name,
            "title": self.title,
            "tolerance": self.tolerance,
            "providers": [{"name": one.name, "ours": one.ours, "backends": one.backends} for one in self.providers],
            "sweeps": [asdict(sweep) for sweep in self.sweeps],
            "goals": [asdict(goal) for goal in self.goals if goal.device == device],
        }

    def quick(self) -> "Operation":
        """Return a version that takes seconds: two tiny points a sweep, and no goal that means anything."""
        sweeps = tuple(
            replace(sweep, base=replace(self.tiny, **_differing(sweep.base, self.sweeps[0].base)), values=values)
            for sweep in self.sweeps
            for values in [tuple(sorted({getattr(self.tiny, sweep.axis), sweep.values[0]}))]
        )
        goals = tuple(replace(goal, case=self.tiny, peak_bytes=None) for goal in self.goals)
        return replace(self, sweeps=sweeps, goals=goals)


def _differing(case: Case, base: Case) -> dict[str, Any]:
    return {name: value for name, value in asdict(case).items() if value != getattr(base, name)}
