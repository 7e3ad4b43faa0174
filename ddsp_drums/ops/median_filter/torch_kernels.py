"""The kernels in PyTorch, for any device. Tensors are contiguous and not empty."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ddsp_drums.ops.median_filter.layout import reach
from ddsp_drums.ops.median_filter.network import median_network

_CACHED, _LARGE = 1 << 15, 1 << 22  # samples in flight: what fits the caches of a CPU, and what fills another device


def medians(phases: Tensor, kernel_size: int) -> Tensor:
    """Map phases (G, O, groups, M) to the medians of the windows that begin there; the last groups stay undefined."""
    network = median_network(kernel_size)
    flat, found = phases.flatten(1), torch.empty_like(phases).flatten(1)
    group, stride = len(network.medians), phases.shape[3]
    slots = max([network.inputs, *(step.target + 1 for step in network.steps)])
    lanes = flat.shape[1] - reach(kernel_size) * stride
    size = _in_flight(phases)
    for start in range(0, lanes, size):
        count = min(size, lanes - start)
        held = [flat[j % group].narrow(0, start + j // group * stride, count) for j in range(network.inputs)]
        held += held[:1] * (slots - network.inputs)
        for larger, first, second, target in network.steps:
            held[target] = (torch.maximum if larger else torch.minimum)(held[first], held[second])
        for phase, slot in enumerate(network.medians):
            found[phase, start : start + count] = held[slot]
    return found.view_as(phases)


def spread(gradient: Tensor, padded: Tensor, median: Tensor, kernel_size: int) -> Tensor:
    """Hand gradients (O, N, M) to those of the mirrored samples (O, N + kernel_size - 1, M) that are the medians."""
    handed = torch.zeros_like(padded)
    add = _adder(gradient)
    for rows, columns in _blocks(median):
        middle, samples = median.flatten(1)[rows, columns], _window(padded, median, rows, columns, kernel_size)
        count, equal = _count(samples, middle), torch.empty_like(middle)
        share = gradient.flatten(1)[rows, columns] / count
        for sample, total in zip(samples, _window(handed, median, rows, columns, kernel_size), strict=True):
            add(total, torch.eq(sample, middle, out=equal), share)
    return handed


def select(value: Tensor, padded: Tensor, median: Tensor, kernel_size: int) -> Tensor:
    """Take of mirrored values (O, N + kernel_size - 1, M) the mean over the samples of a window that are its median."""
    selected = torch.zeros_like(median)
    add = _adder(value)
    for rows, columns in _blocks(median):
        middle, samples = median.flatten(1)[rows, columns], _window(padded, median, rows, columns, kernel_size)
        total, equal = selected.flatten(1)[rows, columns], torch.empty_like(middle)
        for sample, here in zip(samples, _window(value, median, rows, columns, kernel_size), strict=True):
            add(total, torch.eq(sample, middle, out=equal), here)
        total /= _count(samples, middle)
    return selected


def _count(samples: list[Tensor], middle: Tensor) -> Tensor:
    count, equal = torch.zeros_like(middle), torch.empty_like(middle)
    for sample in samples:
        count += torch.eq(sample, middle, out=equal)  # as 0 or 1 in the dtype of the samples, which is fast to add up
    return count.clamp_(min=1)  # none equals a median that is NaN


def _adder(values: Tensor) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Return what adds values where a mask of 0 and 1 says so: by a product, which is fast, unless 0 * v may be NaN."""
    if values.isfinite().all():
        return Tensor.addcmul_
    return lambda total, mask, value: total.add_(torch.where(mask != 0, value, 0))


def _window(x: Tensor, median: Tensor, rows: slice, columns: slice, kernel_size: int) -> list[Tensor]:
    """Return the first, second ... sample of the windows of a block, as views of mirrored samples `x`."""
    stride = median.shape[2]
    starts = range(columns.start, columns.start + kernel_size * stride, stride)
    return [x.flatten(1)[rows, start : start + columns.stop - columns.start] for start in starts]


def _blocks(median: Tensor) -> Iterator[tuple[slice, slice]]:
    """Cut the medians (O, N * M) into blocks: whole rows if several fit, else parts of one."""
    outer, length = median.flatten(1).shape
    size = _in_flight(median)
    rows = max(1, size // length)
    for row in range(0, outer, rows):
        for start in range(0, length, size):
            yield slice(row, row + rows), slice(start, min(start + size, length))


def _in_flight(x: Tensor) -> int:
    return _CACHED if x.device.type == "cpu" else _LARGE
