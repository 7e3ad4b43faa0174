"""The running median along both axes of a spectrogram: sorting networks, and windows laid out one by one."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from benchmarks.operation import Goal, Operation, Provider, Sweep
from ddsp_drums import median_filter
from ddsp_drums.ops.median_filter import layout, torch_kernels
from ddsp_drums.ops.median_filter.reference import median_by_unfolding


@dataclass(frozen=True)
class Case:
    """Sizes of a batch of spectrograms, and the samples in a window."""

    batch: int = 4
    bins: int = 513
    frames: int = 126
    kernel_size: int = 31


def make_inputs(case: Case) -> tuple[Tensor]:
    """Draw magnitudes."""
    generator = torch.Generator().manual_seed(0)
    return (torch.randn(case.batch, case.bins, case.frames, generator=generator).abs(),)


def reference(case: Case, x: Tensor) -> Tensor:
    """Follow the specification along both axes, and add."""
    return median_by_unfolding(x, case.kernel_size, -2) + median_by_unfolding(x, case.kernel_size, -1)


def ours(case: Case, x: Tensor) -> Tensor:
    """Call the toolkit, which compiles kernels where it can."""
    return median_filter(x, kernel_size=case.kernel_size, dim=-2) + median_filter(x, kernel_size=case.kernel_size)


def in_plain_pytorch(x: Tensor, *, kernel_size: int, dim: int = -1) -> Tensor:
    """Do as :func:`ddsp_drums.median_filter` on (..., N, M) where neither numba nor Triton is installed."""
    along = x.movedim(dim, -2) if dim == -1 else x
    filtered = _Plain.apply(along.reshape(-1, *along.shape[-2:]), kernel_size).view(along.shape)
    return filtered.movedim(-2, dim) if dim == -1 else filtered


class _Plain(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel_size: int) -> Tensor:
        medians = torch_kernels.medians(layout.to_phases(x, kernel_size), kernel_size)
        median = layout.from_phases(medians, x.shape[1])
        ctx.save_for_backward(x, median)
        ctx.kernel_size = kernel_size
        return median

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        x, median = ctx.saved_tensors
        handed = torch_kernels.spread(
            gradient.contiguous(), layout.mirror(x, ctx.kernel_size), median.contiguous(), ctx.kernel_size
        )
        return layout.fold(handed, ctx.kernel_size), None


def plain(case: Case, x: Tensor) -> Tensor:
    """Filter along both axes without compilers."""
    return in_plain_pytorch(x, kernel_size=case.kernel_size, dim=-2) + in_plain_pytorch(x, kernel_size=case.kernel_size)


def by_unfolding(case: Case, x: Tensor) -> Tensor:
    """Mirror the edges, lay every window out, take its median."""
    return unfolded_median(x, case.kernel_size) + unfolded_median(x.mT, case.kernel_size).mT


def unfolded_median(x: Tensor, kernel_size: int) -> Tensor:
    """Take the running median along the last axis as one would write it."""
    radius = kernel_size // 2
    position = torch.arange(-radius, x.shape[-1] + radius, device=x.device) % (2 * x.shape[-1])
    mirrored = x.index_select(-1, torch.minimum(position, 2 * x.shape[-1] - 1 - position))
    return mirrored.unfold(-1, kernel_size, 1).median(-1).values


def operations(case: Case, backward: bool) -> float:
    """Estimate the comparisons with each sample of each window."""
    return (4.0 if backward else 2.0) * case.batch * case.bins * case.frames * case.kernel_size


OURS = Provider("compiled network", ours, operations, ours=True)
PLAIN = Provider("network in plain PyTorch", plain, operations, ours=True)
UNFOLDED = Provider("unfold and median", by_unfolding, operations, limit=2e9)

_BASE = Case()

OPERATION = Operation(
    name="median_filter",
    title="Running median along both axes",
    inputs=make_inputs,
    reference=reference,
    tolerance=1e-5,
    providers=(OURS, PLAIN, UNFOLDED),
    sweeps=(
        Sweep("Batch", _BASE, "batch", "spectrograms B", (1, 4, 16, 64)),
        Sweep("Frames", _BASE, "frames", "frames N", (32, 126, 512, 2048)),
        Sweep("Window", _BASE, "kernel_size", "samples in a window", (3, 9, 17, 31, 61)),
    ),
    goals=(
        Goal("plain PyTorch, two seconds", _BASE, PLAIN.name, UNFOLDED.name, 5),
        Goal("compiled, two seconds", _BASE, OURS.name, UNFOLDED.name, 20),
        Goal("compiled, two seconds", _BASE, OURS.name, UNFOLDED.name, 20, "cuda"),
    ),
    tiny=Case(1, 9, 7, 5),
)
