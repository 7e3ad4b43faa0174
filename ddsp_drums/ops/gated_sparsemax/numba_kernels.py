"""Gated sparsemax and its gradient on the CPU, tile by tile: K instruments in one window of frames fit a cache."""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from ddsp_drums._compilers import in_threads
from ddsp_drums._numba import compiled

_compiled = partial(compiled, reorder_sums=True)


def gate(logits: Tensor, window: int, silent_slot: bool) -> Tensor:
    """Map logits (B, K, N) to activations (B, K, N), both of them float32 unless they are float64."""
    return _run(_gate_tiles, (logits,), window, silent_slot)


def gate_backward(gradient: Tensor, logits: Tensor, window: int, silent_slot: bool) -> Tensor:
    """Map the gradient with respect to the activations to that with respect to the logits, all (B, K, N)."""
    return _run(_pull_tiles, (gradient, logits), window, silent_slot)


def _run(kernel: Callable[..., None], inputs: tuple[Tensor, ...], window: int, silent_slot: bool) -> Tensor:
    dtype = torch.float64 if inputs[-1].dtype == torch.float64 else torch.float32
    arrays = [x.detach().to(dtype).contiguous().numpy() for x in inputs]
    output = torch.empty(inputs[-1].shape, dtype=dtype)
    batch, _, frames = output.shape
    in_threads(kernel, batch * -(-frames // window), *arrays, window, int(silent_slot), output.numpy())
    return output


@_compiled
def _gate_tiles(first, last, z, window, slot, activations):
    """Fill tiles `first` to `last` of the activations, counted through all items: A B."""
    a, b, zeros_b, scratch = _scratch(z, window)
    for tile in range(first, last):
        item, start, stop, _ = _maps(tile, z, window, slot, a, b, zeros_b, scratch)
        for k in range(z.shape[1]):
            ak, bk, out = a[k], b[k], activations[item, k, start:stop]
            for n in range(out.size):
                out[n] = ak[n] * bk[n]


@_compiled
def _pull_tiles(first, last, gradient, z, window, slot, to_logits):
    """Fill tiles `first` to `last` of the gradient with respect to the logits: P_A(g B) + P_B(g A)."""
    zero, one = z.dtype.type(0), z.dtype.type(1)
    a, b, zeros_b, scratch = _scratch(z, window)
    for tile in range(first, last):
        item, start, stop, size = _maps(tile, z, window, slot, a, b, zeros_b, scratch)
        mean_a = scratch[0, : stop - start]
        mean_a[:] = zero
        for k in range(z.shape[1]):
            g, ak, bk = gradient[item, k, start:stop], a[k], b[k]
            for n in range(g.size):
                of_a = g[n] * bk[n]
                mean_a[n] += of_a if ak[n] > zero else zero
                size[n] += one if ak[n] > zero else zero
        for n in range(mean_a.size):
            mean_a[n] /= size[n]
        for k in range(z.shape[1]):
            g, ak, bk, out = gradient[item, k, start:stop], a[k], b[k], to_logits[item, k, start:stop]
            mean_b = _mean_on_support(g, ak, bk, zeros_b[k])
            for n in range(g.size):
                of_a, of_b = g[n] * bk[n] - mean_a[n], g[n] * ak[n] - mean_b
                out[n] = (of_a if ak[n] > zero else zero) + (of_b if bk[n] > zero else zero)


@_compiled
def _scratch(z, window):
    """Make room for both maps of a tile, for a value an instrument, and for some values a frame."""
    instruments, width = z.shape[1], min(window, z.shape[2])
    maps = np.empty((2, instruments, width), z.dtype)
    return maps[0], maps[1], np.empty(instruments, z.dtype), np.empty((5, width), z.dtype)


@_compiled
def _maps(tile, z, window, slot, a, b, zeros_b, scratch):
    """Compute both maps of a tile; return where it lies, and of its frames how many zeros each support holds."""
    tiles = -(-z.shape[2] // window)
    item, start = tile // tiles, tile % tiles * window
    stop = min(start + window, z.shape[2])
    zeros_a = _over_instruments(z[item], start, stop, slot, a, scratch)
    _over_time(z[item], start, stop, window - (stop - start) + slot, b, zeros_b)
    return item, start, stop, zeros_a


@_compiled
def _over_instruments(z, start, stop, zeros, a, scratch):
    """Put sparsemax over instruments and `zeros` logits of zero into `a`; return how many of these each support holds.

    The thresholds of all frames are found at once, so that the innermost loops run along memory.
    """
    zero, one, infinity = z.dtype.type(0), z.dtype.type(1), z.dtype.type(np.inf)
    multiplicity = z.dtype.type(zeros)
    width = stop - start
    peak, tau, total = scratch[0, :width], scratch[1, :width], scratch[2, :width]
    count, before = scratch[3, :width], scratch[4, :width]
    peak[:] = zero if zeros else -infinity
    for k in range(z.shape[0]):
        row = z[k, start:stop]
        for n in range(width):
            peak[n] = np.maximum(peak[n], row[n])
    for k in range(z.shape[0]):
        row, ak = z[k, start:stop], a[k]
        for n in range(width):
            ak[n] = row[n] - peak[n]
    tau[:] = -one
    before[:] = infinity
    shrinking = True
    while shrinking:
        for n in range(width):
            above = -peak[n] - tau[n]
            total[n] = multiplicity * (zero if above <= zero else above)
            count[n] = multiplicity if above > zero else zero
        for k in range(z.shape[0]):
            ak = a[k]
            for n in range(width):
                above = ak[n] - tau[n]
                total[n] += zero if above <= zero else above
                count[n] += one if above > zero else zero
        shrinking = _step(total, count, tau, before)
    for k in range(z.shape[0]):
        ak = a[k]
        for n in range(width):
            above = ak[n] - tau[n]
            ak[n] = zero if above <= zero else above
    for n in range(width):
        count[n] = multiplicity if -peak[n] > tau[n] else zero
    return count


@_compiled
def _step(total, count, tau, before):
    """Move each threshold by Newton's method; tell whether any support has become smaller."""
    smaller = np.int32(0)
    for n in range(tau.size):
        tau[n] += (total[n] - tau.dtype.type(1)) / count[n]
        smaller = np.int32(smaller + np.int32(count[n] < before[n]))
        before[n] = count[n]
    return smaller > 0


@_compiled
def _over_time(z, start, stop, zeros, b, zeros_b):
    """Put sparsemax over frames and `zeros` logits of zero into `b`, how many of these count into `zeros_b`."""
    zero, one, infinity = z.dtype.type(0), z.dtype.type(1), z.dtype.type(np.inf)
    multiplicity = z.dtype.type(zeros)
    for k in range(z.shape[0]):
        row, bk = z[k, start:stop], b[k, : stop - start]
        peak = zero if zeros else -infinity
        for n in range(row.size):
            peak = max(peak, row[n])
        for n in range(row.size):
            bk[n] = row[n] - peak
        tau, count, before = -one, zero, infinity
        while True:
            total, count = _excess(bk, tau)
            if -peak > tau:
                total += multiplicity * (-peak - tau)
                count += multiplicity
            tau += (total - one) / count
            if not count < before:
                break
            before = count
        zeros_b[k] = multiplicity if -peak > tau else zero
        for n in range(row.size):
            above = bk[n] - tau
            bk[n] = zero if above <= zero else above


@_compiled
def _excess(z, tau):
    """Sum and count what exceeds the threshold. As it is written, the sum keeps NaN."""
    zero = z.dtype.type(0)
    total, count = zero, np.int32(0)
    for n in range(z.size):
        above = z[n] - tau
        total += zero if above <= zero else above
        count = np.int32(count + np.int32(above > zero))
    return total, z.dtype.type(count)


@_compiled
def _mean_on_support(g, a, b, zeros):
    """Average g A over the support of B, which holds so many `zeros` beside."""
    zero = g.dtype.type(0)
    total, count = zero, np.int32(0)
    for n in range(g.size):
        of_b = g[n] * a[n]
        total += of_b if b[n] > zero else zero
        count = np.int32(count + np.int32(b[n] > zero))
    return total / (g.dtype.type(count) + zeros)
