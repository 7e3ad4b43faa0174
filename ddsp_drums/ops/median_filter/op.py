"""The median filter and its gradient as PyTorch operators.

Three operators, all along the first axis of a matrix. The gradient of the median is `spread`; `spread` and `select` are
linear and each other's transpose, so that derivatives of any order are made of these two.
"""

from typing import Any

import torch
from torch import Tensor
from torch.library import custom_op

from ddsp_drums.ops.median_filter.network import median_by_network


def median_along_first(x: Tensor, kernel_size: int) -> Tensor:
    """Filter a matrix (N, M) along its first axis."""
    return _median(x, kernel_size)


@custom_op("ddsp_drums::median_filter", mutates_args=())
def _median(x: Tensor, kernel_size: int) -> Tensor:
    return median_by_network(_mirror(x, kernel_size), kernel_size)


@custom_op("ddsp_drums::median_filter_spread", mutates_args=())
def _spread(gradient: Tensor, x: Tensor, median: Tensor, kernel_size: int) -> Tensor:
    """Hand the gradient of each median to the samples of its window that equal it, in equal shares."""
    padded = _mirror(x, kernel_size)
    size = x.shape[0]
    share = gradient / _count(padded, median, kernel_size)
    spread = torch.zeros_like(padded)
    for shift in range(kernel_size):
        spread[shift : shift + size] += torch.where(padded[shift : shift + size] == median, share, 0)
    return x.new_zeros(x.shape).index_add_(0, _positions(size, kernel_size, x.device), spread)


@custom_op("ddsp_drums::median_filter_select", mutates_args=())
def _select(value: Tensor, x: Tensor, median: Tensor, kernel_size: int) -> Tensor:
    """Take for each window the mean of `value` over the samples of `x` that equal the median."""
    padded, values = _mirror(x, kernel_size), _mirror(value, kernel_size)
    size = x.shape[0]
    selected = median.new_zeros(median.shape)
    for shift in range(kernel_size):
        here = padded[shift : shift + size] == median
        selected += torch.where(here, values[shift : shift + size], 0)
    return selected / _count(padded, median, kernel_size)


def _count(padded: Tensor, median: Tensor, kernel_size: int) -> Tensor:
    size = median.shape[0]
    count = median.new_zeros(median.shape)
    for shift in range(kernel_size):
        count += padded[shift : shift + size] == median
    return count


def _mirror(x: Tensor, kernel_size: int) -> Tensor:
    return x.index_select(0, _positions(x.shape[0], kernel_size, x.device))


def _positions(size: int, kernel_size: int, device: torch.device) -> Tensor:
    """Return where each of `size` + `kernel_size` - 1 mirrored samples comes from, mirrored as often as it takes."""
    radius = kernel_size // 2
    position = torch.arange(-radius, size + radius, device=device) % (2 * size)
    return torch.minimum(position, 2 * size - 1 - position)


@_median.register_fake
def _(x: Tensor, kernel_size: int) -> Tensor:
    return x.new_empty(x.shape)


@_spread.register_fake
def _(gradient: Tensor, x: Tensor, median: Tensor, kernel_size: int) -> Tensor:
    return x.new_empty(x.shape)


@_select.register_fake
def _(value: Tensor, x: Tensor, median: Tensor, kernel_size: int) -> Tensor:
    return median.new_empty(median.shape)


def _keep_median(ctx: Any, inputs: tuple[Tensor, int], output: Tensor) -> None:
    x, ctx.kernel_size = inputs
    ctx.save_for_backward(x, output)


def _keep_windows(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor, int], output: Tensor) -> None:
    _, x, median, ctx.kernel_size = inputs
    ctx.save_for_backward(x, median)


def _by_spread(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    inputs = len(ctx.needs_input_grad)
    return _spread(gradient, *ctx.saved_tensors, ctx.kernel_size), *[None] * (inputs - 1)


def _by_select(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    return _select(gradient, *ctx.saved_tensors, ctx.kernel_size), None, None, None


_median.register_autograd(_by_spread, setup_context=_keep_median)
_spread.register_autograd(_by_select, setup_context=_keep_windows)
_select.register_autograd(_by_spread, setup_context=_keep_windows)
