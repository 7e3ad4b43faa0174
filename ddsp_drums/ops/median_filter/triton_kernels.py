"""The kernels for a CUDA device, compiled by Triton. Tensors are contiguous and not empty, float32 or float64."""

import linecache
from functools import cache
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from ddsp_drums.ops.median_filter import torch_kernels
from ddsp_drums.ops.median_filter.layout import reach
from ddsp_drums.ops.median_filter.network import median_network

LARGEST = 61  # samples in a window: beyond, a network is twice as long and takes half a minute to compile
_BLOCK = 128  # lanes of a program, one a thread: a network fills its registers


def medians(phases: Tensor, kernel_size: int) -> Tensor:
    """Do as `torch_kernels.medians`."""
    if kernel_size > LARGEST:
        return torch_kernels.medians(phases, kernel_size)
    found, width, stride = torch.empty_like(phases), phases[0].numel(), phases.shape[3]
    lanes = width - reach(kernel_size) * stride
    _network_kernel(kernel_size)[_grid(lanes)](phases, found, lanes, width, stride, _BLOCK)
    return found


def spread(gradient: Tensor, padded: Tensor, median: Tensor, kernel_size: int) -> Tensor:
    """Do as `torch_kernels.spread`; a sample gathers its shares in the order of the windows, so that all runs agree."""
    share, handed = torch.empty_like(gradient), torch.empty_like(padded)
    sizes = median[0].numel(), median.shape[2], kernel_size, _BLOCK
    _share[_grid(median.numel())](gradient, padded, median, share, median.numel(), *sizes)
    _gather[_grid(padded.numel())](share, padded, median, handed, padded.numel(), *sizes)
    return handed


def select(value: Tensor, padded: Tensor, median: Tensor, kernel_size: int) -> Tensor:
    """Do as `torch_kernels.select`."""
    selected = torch.empty_like(median)
    sizes = median[0].numel(), median.shape[2], kernel_size, _BLOCK
    _select[_grid(median.numel())](value, padded, median, selected, median.numel(), *sizes)
    return selected


def _grid(lanes: int) -> tuple[int]:
    return (triton.cdiv(lanes, _BLOCK),)


@cache
def _network_kernel(kernel_size: int) -> Any:
    """Write a network out as a kernel, each slot a variable, which becomes a register."""
    network = median_network(kernel_size)
    group = len(network.medians)
    lines = [
        "def medians(phases, found, lanes, width, stride, BLOCK: tl.constexpr):",
        "lane = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)",
        "inside = lane < lanes",
    ]
    for sample in range(network.inputs):
        start = f"phases + {sample % group} * width.to(tl.int64) + {sample // group} * stride.to(tl.int64)"
        lines.append(f"slot_{sample} = tl.load({start} + lane, mask=inside, other=0)")
    for larger, first, second, target in network.steps:
        order = "tl.maximum" if larger else "tl.minimum"
        lines.append(f"slot_{target} = {order}(slot_{first}, slot_{second}, propagate_nan=tl.PropagateNan.ALL)")
    for phase, slot in enumerate(network.medians):
        lines.append(f"tl.store(found + {phase} * width.to(tl.int64) + lane, slot_{slot}, mask=inside)")
    source, name = "\n    ".join(lines), f"<medians of {kernel_size} samples>"
    linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name  # Triton reads it there
    scope = {"tl": tl, "__name__": __name__}
    exec(compile(source, name, "exec"), scope)
    return triton.jit(scope["medians"], do_not_specialize=["width", "stride"])


@triton.jit
def _share(gradient, padded, median, share, lanes, length, stride, KERNEL_SIZE: tl.constexpr, BLOCK: tl.constexpr):
    """Divide the gradient of each window by the count of its samples that equal the median."""
    window = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = window < lanes
    middle = tl.load(median + window, mask=inside, other=0)
    sample = padded + window + window // length * stride * (KERNEL_SIZE - 1)
    count = tl.zeros_like(middle)
    for _ in range(KERNEL_SIZE):
        count += tl.where(tl.load(sample, mask=inside, other=0) == middle, 1.0, 0.0).to(middle.dtype)
        sample += stride
    count = tl.maximum(count, 1)  # none equals a median that is NaN
    tl.store(share + window, tl.load(gradient + window, mask=inside, other=0) / count, mask=inside)


@triton.jit
def _select(value, padded, median, selected, lanes, length, stride, KERNEL_SIZE: tl.constexpr, BLOCK: tl.constexpr):
    window = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = window < lanes
    middle = tl.load(median + window, mask=inside, other=0)
    sample = window + window // length * stride * (KERNEL_SIZE - 1)
    count, total = tl.zeros_like(middle), tl.zeros_like(middle)
    for _ in range(KERNEL_SIZE):
        equal = tl.load(padded + sample, mask=inside, other=0) == middle
        count += tl.where(equal, 1.0, 0.0).to(middle.dtype)
        total += tl.load(value + sample, mask=inside & equal, other=0)
        sample += stride
    tl.store(selected + window, total / tl.maximum(count, 1), mask=inside)


@triton.jit(do_not_specialize=["stride"])
def _gather(share, padded, median, handed, lanes, length, stride, KERNEL_SIZE: tl.constexpr, BLOCK: tl.constexpr):
    """Add up for each mirrored sample the shares of the windows whose median it is."""
    sample = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = sample < lanes
    value = tl.load(padded + sample, mask=inside, other=0)
    beyond = stride.to(tl.int64) * (KERNEL_SIZE - 1)
    row = sample // (length + beyond)
    window = sample - (row + 1) * beyond  # the first window that holds the sample, if there is one
    total = tl.zeros_like(value)
    for _ in range(KERNEL_SIZE):
        held = inside & (window >= row * length) & (window < (row + 1) * length)
        equal = tl.load(median + window, mask=held, other=0) == value
        total += tl.load(share + window, mask=held & equal, other=0)
        window += stride
    tl.store(handed + sample, total, mask=inside)
