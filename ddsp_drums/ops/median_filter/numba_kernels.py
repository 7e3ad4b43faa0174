"""The kernels for a CPU, compiled by numba. Tensors are contiguous and not empty, float32 or float64."""

from collections.abc import Callable
from functools import cache
from zlib import crc32

import numpy as np
import torch
import torch.nn.functional as F
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic
from torch import Tensor

from ddsp_drums._compilers import in_threads
from ddsp_drums._numba import compiled
from ddsp_drums.ops.median_filter import torch_kernels
from ddsp_drums.ops.median_filter.layout import reach
from ddsp_drums.ops.median_filter.network import median_network

LARGEST = 101  # samples in a window: its 2506 operations take seconds to compile
_VECTOR = 32  # bytes that an instruction takes at once
_BLOCK = 512  # medians whose counts are in flight: they stay in the fastest cache


def medians(phases: Tensor, kernel_size: int) -> Tensor:
    """Do as `torch_kernels.medians`."""
    if kernel_size > LARGEST or phases.amax().isnan():  # a processor's minimum and maximum lose a NaN
        return torch_kernels.medians(phases, kernel_size)
    flat, stride, lanes = phases.flatten(1), phases.shape[3], _VECTOR // phases.itemsize
    beyond, width = reach(kernel_size) * stride, flat.shape[1]
    if width < lanes + beyond:
        flat = F.pad(flat, (0, lanes + beyond - width))
    found, end = torch.empty_like(flat), flat.shape[1] - beyond
    in_threads(_network_kernel(kernel_size), -(-end // lanes), flat.numpy(), found.numpy(), end, stride, lanes)
    return found[:, :width].reshape(phases.shape)


def spread(gradient: Tensor, padded: Tensor, median: Tensor, kernel_size: int) -> Tensor:
    """Do as `torch_kernels.spread`."""
    return _by_rows(_spread, gradient, padded, median, torch.zeros_like(padded), kernel_size)


def select(value: Tensor, padded: Tensor, median: Tensor, kernel_size: int) -> Tensor:
    """Do as `torch_kernels.select`."""
    return _by_rows(_select, value, padded, median, torch.zeros_like(median), kernel_size)


def _by_rows(
    kernel: Callable[..., None], given: Tensor, padded: Tensor, median: Tensor, result: Tensor, kernel_size: int
) -> Tensor:
    rows = [tensor.flatten(1).numpy() for tensor in (given, padded, median, result)]
    in_threads(kernel, len(median), *rows, median.shape[2], kernel_size)
    return result


@compiled
def _spread(first, last, gradient, padded, median, handed, stride, kernel_size):
    share = np.empty(_BLOCK, median.dtype)
    zero = share.dtype.type(0)  # a bare 0 makes it float64
    for row in range(first, last):
        for start in range(0, median.shape[1], _BLOCK):
            middle = median[row, start : start + _BLOCK]
            _count(share, padded[row, start:], middle, stride, kernel_size)
            for n in range(middle.size):
                share[n] = gradient[row, start + n] / share[n]
            for shift in range(0, kernel_size * stride, stride):
                sample, total = padded[row, start + shift :], handed[row, start + shift :]
                for n in range(middle.size):
                    total[n] += share[n] if sample[n] == middle[n] else zero


@compiled
def _select(first, last, value, padded, median, selected, stride, kernel_size):
    count = np.empty(_BLOCK, median.dtype)
    zero = count.dtype.type(0)
    for row in range(first, last):
        for start in range(0, median.shape[1], _BLOCK):
            middle, total = median[row, start : start + _BLOCK], selected[row, start:]
            _count(count, padded[row, start:], middle, stride, kernel_size)
            for shift in range(0, kernel_size * stride, stride):
                sample, here = padded[row, start + shift :], value[row, start + shift :]
                for n in range(middle.size):
                    total[n] += here[n] if sample[n] == middle[n] else zero
            for n in range(middle.size):
                total[n] /= count[n]


@compiled
def _count(count, padded, middle, stride, kernel_size):
    """Count for each window the samples that equal its median."""
    zero, one = count.dtype.type(0), count.dtype.type(1)
    count[:] = zero
    for shift in range(0, kernel_size * stride, stride):
        sample = padded[shift:]
        for n in range(middle.size):
            count[n] += one if sample[n] == middle[n] else zero
    for n in range(middle.size):
        count[n] = max(count[n], one)  # none equals a median that is NaN


@cache
def _network_kernel(kernel_size: int) -> Callable[..., None]:
    fingerprint = crc32(repr(median_network(kernel_size)).encode())

    @compiled
    def kernel(first, last, phases, medians, end, stride, lanes):
        for vector in range(first, last):
            lane = min(vector * lanes, end - lanes)  # the last vector begins early, over lanes of the one before
            _run_network(phases, medians, lane, stride, kernel_size, fingerprint)  # type: ignore[call-arg]

    return kernel


@intrinsic
def _run_network(typing_context, phases, medians, lane, stride, kernel_size, fingerprint):
    """Run the network on a vector of lanes from `lane` on. The `fingerprint` tells numba's cache of another network."""
    if not isinstance(kernel_size, types.IntegerLiteral):
        return None  # numba asks again with the number
    network = median_network(kernel_size.literal_value)
    group = len(network.medians)

    def generate(context, builder, signature, arguments):
        dtype = context.get_value_type(phases.dtype)
        size = context.get_abi_sizeof(dtype)
        vector = ir.VectorType(dtype, _VECTOR // size).as_pointer()
        source, found = (context.make_array(phases)(context, builder, array) for array in arguments[:2])
        width = builder.extract_value(source.shape, 1)

        def at(array, sample):
            row, groups = (ir.Constant(width.type, part) for part in (sample % group, sample // group))
            offset = builder.add(builder.mul(width, row), builder.mul(arguments[3], groups))
            return builder.bitcast(builder.gep(array.data, [builder.add(offset, arguments[2])]), vector)

        held = {sample: builder.load(at(source, sample), align=size) for sample in range(network.inputs)}
        for larger, first, second, target in network.steps:
            a, b = held[first], held[second]
            held[target] = builder.select(builder.fcmp_ordered(">" if larger else "<", a, b), a, b)
        for sample, slot in enumerate(network.medians):
            builder.store(held[slot], at(found, sample), align=size)
        return context.get_dummy_value()

    return types.void(phases, medians, lane, stride, kernel_size, fingerprint), generate
