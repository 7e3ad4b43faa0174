"""Gated sparsemax: ours in one pass, and two sparsemaxes and a product with whose sparsemax one would take."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.operation import Goal, Operation, Provider, Sweep
from benchmarks.operations.missing import without
from ddsp_drums import gated_sparsemax, sparsemax
from ddsp_drums.ops.gated_sparsemax.reference import gated_sparsemax_by_parts

_MARGIN = 1e-4


@dataclass(frozen=True)
class Case:
    """Sizes; `scale` is the standard deviation of the logits, and the larger, the fewer activations are not zero."""

    batch: int = 8
    instruments: int = 11
    frames: int = 2000
    window: int = 64
    scale: float = 3.0


def make_inputs(case: Case) -> tuple[Tensor]:
    """Draw logits from a normal distribution, and move those aside that lie within rounding of a threshold.

    There the gradient jumps, so that two correct float32 results may differ by as much as the gradient is large.
    """
    generator = torch.Generator().manual_seed(0)
    logits = case.scale * torch.randn(case.batch, case.instruments, case.frames, generator=generator)
    padding = -case.frames % case.window
    near = torch.ones(1, dtype=torch.bool)
    while near.any():
        windows = F.pad(logits.double(), (0, padding)).unflatten(-1, (-1, case.window))
        over_time = _from_threshold(windows, -1).flatten(-2)[..., : case.frames]
        near = (over_time.abs() < _MARGIN) | (_from_threshold(logits.double(), -2).abs() < _MARGIN)
        logits = torch.where(near, logits - 3 * _MARGIN, logits)
    return (logits,)


def _from_threshold(logits: Tensor, dim: int) -> Tensor:
    largest = logits.amax(dim, keepdim=True)
    return logits - (largest - sparsemax(logits, dim=dim).amax(dim, keepdim=True))


def reference(case: Case, logits: Tensor) -> Tensor:
    """Follow the specification."""
    return gated_sparsemax_by_parts(logits, case.window, 2.0, False)


def ours(case: Case, logits: Tensor) -> Tensor:
    """Call the toolkit."""
    return gated_sparsemax(logits, window=case.window)


def by_entmax(case: Case, logits: Tensor) -> Tensor:
    """Take entmax's sparsemax."""
    import entmax

    return _twice(entmax.sparsemax, case, logits)


def by_liger(case: Case, logits: Tensor) -> Tensor:
    """Take Liger-Kernel's sparsemax."""
    from liger_kernel.ops.sparsemax import LigerSparsemaxFunction

    return _twice(LigerSparsemaxFunction.apply, case, logits)


def _twice(sparsemax_along: Callable[[Tensor, int], Tensor], case: Case, logits: Tensor) -> Tensor:
    windows = F.pad(logits, (0, -case.frames % case.window)).unflatten(-1, (-1, case.window))
    over_time = sparsemax_along(windows, -1).flatten(-2)[..., : case.frames]
    return sparsemax_along(logits, 1) * over_time


def operations(case: Case, backward: bool) -> float:
    """Estimate the comparisons of two sorts, or as many steps towards a threshold."""
    elements = float(case.batch * case.instruments * case.frames)
    return (3 if backward else 1) * elements * (math.log2(case.instruments + 1) + math.log2(case.window + 1))


OURS = Provider("fused", ours, operations, ours=True)
BY_PARTS = Provider("in plain PyTorch", reference, operations)
ENTMAX = Provider("entmax, twice", by_entmax, operations)
LIGER = Provider("Liger-Kernel, twice", by_liger, operations, missing=without({"cuda": "liger_kernel.ops.sparsemax"}))

_BASE = Case()
_START, _TRAINED = Case(batch=32, scale=0.1), Case(batch=32, scale=3.0)

OPERATION = Operation(
    name="gated_sparsemax",
    title="Gated sparsemax",
    inputs=make_inputs,
    reference=reference,
    tolerance=1e-4,
    providers=(OURS, BY_PARTS, ENTMAX, LIGER),
    sweeps=(
        Sweep("Batch", _BASE, "batch", "items B", (1, 2, 8, 32, 128)),
        Sweep("Instruments", _BASE, "instruments", "instruments K", (3, 11, 32, 128)),
        Sweep("Frames", _BASE, "frames", "frames N", (250, 500, 2000, 8000, 32000)),
        Sweep("Window", _BASE, "window", "frames a window", (16, 64, 256, 1024)),
        Sweep("Sparsity", _BASE, "scale", "standard deviation of logits", (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)),
    ),
    goals=(
        Goal("fused, dense logits (deviation 0.1)", _START, OURS.name, ENTMAX.name, 2.5),
        Goal("fused, trained-like logits (deviation 3)", _TRAINED, OURS.name, ENTMAX.name, 6),
        Goal("fused, dense logits (deviation 0.1)", _START, OURS.name, ENTMAX.name, 10, "cuda"),
        Goal("fused, trained-like logits (deviation 3)", _TRAINED, OURS.name, ENTMAX.name, 10, "cuda"),
    ),
    tiny=Case(2, 3, 21, 8, 1.0),
)
