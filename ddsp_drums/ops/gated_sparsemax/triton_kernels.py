"""Gated sparsemax and its gradient on the GPU: a program holds K instruments in one window of frames.

A tile too large for the registers is taken block of rows by block of rows, and read anew in every step of Newton's
method. Padding is minus infinity, which no threshold lets through.
"""

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

_BLOCK = 1 << 12  # numbers in a block of rows
_PROGRAMS = 2**31 - 1  # in a launch
_SIZES = ["instruments", "frames", "window", "tiles", "slot"]  # not compiled in: Triton 3.6 crashes on one instrument


def gate(logits: Tensor, window: int, silent_slot: bool) -> Tensor:
    """Map logits (B, K, N), strided in any way, to activations (B, K, N) of their dtype."""
    return _launch(_gate_tile, (logits,), window, silent_slot)


def gate_backward(gradient: Tensor, logits: Tensor, window: int, silent_slot: bool) -> Tensor:
    """Map the gradient with respect to the activations to that with respect to the logits, all (B, K, N)."""
    return _launch(_pull_tile, (gradient, logits), window, silent_slot)


def _launch(kernel: Any, inputs: tuple[Tensor, ...], window: int, silent_slot: bool) -> Tensor:
    output = torch.empty_like(inputs[-1], memory_format=torch.contiguous_format)
    batch, instruments, frames = output.shape
    cols = triton.next_power_of_2(min(window, frames))
    rows = min(triton.next_power_of_2(instruments), max(1, _BLOCK // cols))
    tiles = triton.cdiv(frames, window)
    items = max(1, _PROGRAMS // tiles)  # in a launch
    with torch.cuda.device_of(output):
        for first in range(0, batch, items):
            tensors = [x[first : first + items] for x in (*inputs, output)]
            strides = [stride for x in tensors for stride in x.stride()]
            kernel[(len(tensors[0]) * tiles,)](
                *tensors, *strides, instruments, frames, window, tiles, int(silent_slot),
                ROWS=rows, COLS=cols, MANY=instruments > rows,
                FLOAT=tl.float64 if output.dtype == torch.float64 else tl.float32,
                num_warps=min(16, max(1, rows * cols // 256)),
            )  # fmt: skip
    return output


@triton.jit(do_not_specialize=_SIZES)
def _gate_tile(
    logits, activations, zb, zk, zn, yb, yk, yn, instruments, frames, window, tiles, slot,
    ROWS: tl.constexpr, COLS: tl.constexpr, MANY: tl.constexpr, FLOAT: tl.constexpr,
):  # fmt: skip
    item, start, width = _place(frames, window, tiles)
    logits += item * zb + start * zn
    activations += item * yb + start * yn
    zeros = window - width + slot
    peak, tau = _frame_thresholds(logits, zk, zn, instruments, width, slot, ROWS, COLS, MANY, FLOAT)
    row = 0
    while row < instruments:
        z = _load(logits, zk, zn, row, instruments, width, float("-inf"), ROWS, COLS, FLOAT)
        a = _clip(z - peak[None, :] - tau[None, :])
        b, _ = _over_time(z, row, instruments, zeros, ROWS, FLOAT)
        _store(activations, yk, yn, row, instruments, width, a * b, ROWS, COLS)
        row += ROWS


@triton.jit(do_not_specialize=_SIZES)
def _pull_tile(
    gradient, logits, to_logits, gb, gk, gn, zb, zk, zn, yb, yk, yn, instruments, frames, window, tiles, slot,
    ROWS: tl.constexpr, COLS: tl.constexpr, MANY: tl.constexpr, FLOAT: tl.constexpr,
):  # fmt: skip
    item, start, width = _place(frames, window, tiles)
    gradient += item * gb + start * gn
    logits += item * zb + start * zn
    to_logits += item * yb + start * yn
    zeros = window - width + slot
    peak, tau = _frame_thresholds(logits, zk, zn, instruments, width, slot, ROWS, COLS, MANY, FLOAT)

    g, a, b, zeros_b = _block(
        gradient, gk, gn, logits, zk, zn, 0, instruments, width, peak, tau, zeros, ROWS, COLS, FLOAT
    )
    total = tl.zeros([COLS], FLOAT)
    size = tl.where(-peak > tau, slot, 0).to(FLOAT)
    row = 0
    while row < instruments:
        if MANY:
            g, a, b, zeros_b = _block(
                gradient, gk, gn, logits, zk, zn, row, instruments, width, peak, tau, zeros, ROWS, COLS, FLOAT
            )
        total += tl.sum(tl.where(a > 0, g * b, 0.0), 0)
        size += tl.sum((a > 0).to(FLOAT), 0)
        row += ROWS
    mean_a = total / tl.maximum(size, 1.0)
    row = 0
    while row < instruments:
        if MANY:
            g, a, b, zeros_b = _block(
                gradient, gk, gn, logits, zk, zn, row, instruments, width, peak, tau, zeros, ROWS, COLS, FLOAT
            )
        size_b = zeros_b + tl.sum((b > 0).to(FLOAT), 1)
        mean_b = tl.sum(tl.where(b > 0, g * a, 0.0), 1) / tl.maximum(size_b, 1.0)
        of_a = tl.where(a > 0, g * b - mean_a[None, :], 0.0)
        of_b = tl.where(b > 0, g * a - mean_b[:, None], 0.0)
        _store(to_logits, yk, yn, row, instruments, width, of_a + of_b, ROWS, COLS)
        row += ROWS


@triton.jit
def _block(
    gradient, gk, gn, logits, zk, zn, row, instruments, width, peak, tau, zeros,
    ROWS: tl.constexpr, COLS: tl.constexpr, FLOAT: tl.constexpr,
):  # fmt: skip
    """Read the gradient in a block of rows, and compute both maps there."""
    g = _load(gradient, gk, gn, row, instruments, width, 0.0, ROWS, COLS, FLOAT)
    z = _load(logits, zk, zn, row, instruments, width, float("-inf"), ROWS, COLS, FLOAT)
    b, zeros_b = _over_time(z, row, instruments, zeros, ROWS, FLOAT)
    return g, _clip(z - peak[None, :] - tau[None, :]), b, zeros_b


@triton.jit
def _place(frames, window, tiles):
    program = tl.program_id(0)
    start = (program % tiles).to(tl.int64) * window
    return (program // tiles).to(tl.int64), start, tl.minimum(window, frames - start)


@triton.jit
def _frame_thresholds(
    logits, zk, zn, instruments, width, zeros,
    ROWS: tl.constexpr, COLS: tl.constexpr, MANY: tl.constexpr, FLOAT: tl.constexpr,
):  # fmt: skip
    """Find for each frame its largest logit, and the threshold over instruments relative to it."""
    z = _load(logits, zk, zn, 0, instruments, width, float("-inf"), ROWS, COLS, FLOAT)
    peak = tl.max(z, 0)
    row = ROWS
    while row < instruments:
        z = _load(logits, zk, zn, row, instruments, width, float("-inf"), ROWS, COLS, FLOAT)
        peak = tl.maximum(peak, tl.max(z, 0))
        row += ROWS
    peak = _settle(peak, tl.arange(0, COLS) < width, zeros)
    tau = tl.full([COLS], -1.0, FLOAT)
    before = tl.full([COLS], float("inf"), FLOAT)
    shrinking = 1
    while shrinking > 0:
        total, count = _excess_of_zeros(peak, tau, zeros, FLOAT)
        row = 0
        while row < instruments:
            if MANY:
                z = _load(logits, zk, zn, row, instruments, width, float("-inf"), ROWS, COLS, FLOAT)
            above = z - peak[None, :] - tau[None, :]
            total += tl.sum(_clip(above), 0)
            count += tl.sum((above > 0).to(FLOAT), 0)
            row += ROWS
        tau += (total - 1.0) / tl.maximum(count, 1.0)
        shrinking = tl.max((count < before).to(tl.int32), 0)
        before = count
    return peak, tau


@triton.jit
def _over_time(z, row, instruments, zeros, ROWS: tl.constexpr, FLOAT: tl.constexpr):
    """Take sparsemax over the columns and so many zeros; also return how many of these each support holds."""
    peak = _settle(tl.max(z, 1), row + tl.arange(0, ROWS) < instruments, zeros)
    z -= peak[:, None]
    tau = tl.full([ROWS], -1.0, FLOAT)
    before = tl.full([ROWS], float("inf"), FLOAT)
    shrinking = 1
    while shrinking > 0:
        total, count = _excess_of_zeros(peak, tau, zeros, FLOAT)
        above = z - tau[:, None]
        total += tl.sum(_clip(above), 1)
        count += tl.sum((above > 0).to(FLOAT), 1)
        tau += (total - 1.0) / tl.maximum(count, 1.0)
        shrinking = tl.max((count < before).to(tl.int32), 0)
        before = count
    return _clip(z - tau[:, None]), tl.where(-peak > tau, zeros, 0).to(FLOAT)


@triton.jit
def _settle(peak, inside, zeros):
    """Count the zeros among the logits; nothing to subtract where there are no logits."""
    return tl.where(inside, tl.where(zeros > 0, tl.maximum(peak, 0.0), peak), 0.0)


@triton.jit
def _excess_of_zeros(peak, tau, zeros, FLOAT: tl.constexpr):
    above = -peak - tau
    count = tl.where(above > 0, zeros, 0).to(FLOAT)
    return count * tl.maximum(above, 0.0), count


@triton.jit
def _clip(x):
    return tl.where(x <= 0, 0.0, x)  # keeps NaN


@triton.jit
def _load(x, xk, xn, row, instruments, width, other, ROWS: tl.constexpr, COLS: tl.constexpr, FLOAT: tl.constexpr):
    k, n = (row + tl.arange(0, ROWS))[:, None], tl.arange(0, COLS)[None, :]
    at = x + k.to(tl.int64) * xk + n.to(tl.int64) * xn
    return tl.load(at, (k < instruments) & (n < width), other=other).to(FLOAT)


@triton.jit
def _store(y, yk, yn, row, instruments, width, value, ROWS: tl.constexpr, COLS: tl.constexpr):
    k, n = (row + tl.arange(0, ROWS))[:, None], tl.arange(0, COLS)[None, :]
    at = y + k.to(tl.int64) * yk + n.to(tl.int64) * yn
    tl.store(at, value, (k < instruments) & (n < width))
