"""The specification of the median filter."""

from typing import Any

import torch
from torch import Tensor


def median_by_unfolding(x: Tensor, kernel_size: int, dim: int) -> Tensor:
    """Lay every window out, mirrored at the edges, and take its median."""
    size, radius = x.shape[dim], kernel_size // 2
    position = torch.arange(-radius, size + radius, device=x.device) % (2 * size)
    mirrored = torch.minimum(position, 2 * size - 1 - position)  # ... b a | a b c | c b ..., as often as it takes
    return _MedianOfWindows.apply(x.index_select(dim, mirrored).unfold(dim, kernel_size, 1))


class _MedianOfWindows(torch.autograd.Function):
    """Median over the last axis, whose gradient all samples equal to the median share."""

    @staticmethod
    def forward(ctx: Any, windows: Tensor) -> Tensor:
        median = windows.median(-1).values
        ctx.save_for_backward(windows, median)
        return median

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        windows, median = ctx.saved_tensors
        tied = windows == median.unsqueeze(-1)
        return tied * (grad / tied.sum(-1)).unsqueeze(-1)
