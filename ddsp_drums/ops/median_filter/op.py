"""The median filter and its gradient as PyTorch operators.

Three operators, all along the middle axis of (O, N, M). The gradient of the median is `spread`; `spread` and `select`
are linear and each other's transpose, so that derivatives of any order are made of these two.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.library import register_autograd, register_fake, register_vmap

from ddsp_drums._compilers import has_numba, has_triton
from ddsp_drums.ops._operator import operator
from ddsp_drums.ops.median_filter.layout import fold, from_phases, mirror, to_phases


@operator("median_filter")
def _median(x: Tensor, kernel_size: int) -> Tensor:
    if x.numel() == 0:
        return x.new_empty(x.shape)
    medians = _kernels(x).medians(to_phases(_widened(x), kernel_size), kernel_size)
    return from_phases(medians, x.shape[1]).to(x.dtype)


@operator("median_filter_spread")
def _spread(gradient: Tensor, x: Tensor, median: Tensor, kernel_size: int) -> Tensor:
    """Hand the gradient of each median to the samples of its window that equal it, in equal shares."""
    if x.numel() == 0:
        return x.new_empty(x.shape)
    padded = mirror(_widened(x), kernel_size)
    handed = _kernels(x).spread(_widened(gradient), padded, _widened(median), kernel_size)
    return fold(handed, kernel_size).to(x.dtype)


@operator("median_filter_select")
def _select(value: Tensor, x: Tensor, median: Tensor, kernel_size: int) -> Tensor:
    """Take for each window the mean of `value` over the samples of `x` that equal the median."""
    if x.numel() == 0:
        return x.new_empty(x.shape)
    padded, values = mirror(_widened(x), kernel_size), mirror(_widened(value), kernel_size)
    return _kernels(x).select(values, padded, _widened(median), kernel_size).to(x.dtype)


def _kernels(x: Tensor) -> ModuleType:
    """Choose the fastest kernels for the device of `x` that can be compiled here."""
    if x.device.type == "cpu" and has_numba():
        from ddsp_drums.ops.median_filter import numba_kernels

        return numba_kernels
    if x.device.type == "cuda" and has_triton():
        from ddsp_drums.ops.median_filter import triton_kernels

        return triton_kernels
    from ddsp_drums.ops.median_filter import torch_kernels

    return torch_kernels


def _widened(x: Tensor) -> Tensor:
    """Lay `x` out for the kernels; a median is exact in a wider dtype, and shares of half precision add up better."""
    return (x if x.itemsize >= 4 else x.float()).contiguous()


def _medians_like(x: Tensor, kernel_size: int) -> Tensor:
    return x.new_empty(x.shape)


def _shares_like(of_medians: Tensor, x: Tensor, median: Tensor, kernel_size: int) -> Tensor:
    return x.new_empty(x.shape)


def _over_batch(operator: Callable[..., Tensor]) -> Callable[..., tuple[Tensor, int]]:
    """Let `torch.vmap` stack its batch on the first axis of every tensor."""

    def batched(info: Any, in_dims: tuple[int | None, ...], *inputs: Any) -> tuple[Tensor, int]:
        *tensors, kernel_size = inputs
        stacked = [
            tensor.expand(info.batch_size, *tensor.shape) if dim is None else tensor.movedim(dim, 0)
            for tensor, dim in zip(tensors, in_dims, strict=False)
        ]  # (B, O, N, M)
        result = operator(*[tensor.flatten(0, 1) for tensor in stacked], kernel_size)
        return result.view(stacked[0].shape), 0

    return batched


class _Median(Function):
    """The operator and its derivative once more, because `torch.func.grad` cannot use those that are registered."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, kernel_size: int) -> Tensor:
        return _median(x, kernel_size)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, int], output: Tensor) -> None:
        x, ctx.kernel_size = inputs
        ctx.save_for_backward(x, output)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _Spread.apply(gradient, *ctx.saved_tensors, ctx.kernel_size), None


class _Spread(Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(gradient: Tensor, x: Tensor, median: Tensor, kernel_size: int) -> Tensor:
        return _spread(gradient, x, median, kernel_size)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor, int], output: Tensor) -> None:
        _, x, median, ctx.kernel_size = inputs
        ctx.save_for_backward(x, median)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        return _Select.apply(gradient, *ctx.saved_tensors, ctx.kernel_size), None, None, None


class _Select(_Spread):
    @staticmethod
    def forward(value: Tensor, x: Tensor, median: Tensor, kernel_size: int) -> Tensor:
        return _select(value, x, median, kernel_size)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        return _Spread.apply(gradient, *ctx.saved_tensors, ctx.kernel_size), None, None, None


for each, fake, function in (
    (_median, _medians_like, _Median),
    (_spread, _shares_like, _Spread),
    (_select, _shares_like, _Select),
):
    register_fake(each, fake)
    register_autograd(each, function.backward, setup_context=function.setup_context)
    register_vmap(each, _over_batch(each))


def median_along_middle(x: Tensor, kernel_size: int) -> Tensor:
    """Filter samples (O, N, M) along the middle axis, with derivatives of any order."""
    run = _median if torch.compiler.is_compiling() else _Median.apply  # neither does what the other can
    return run(x, kernel_size)
