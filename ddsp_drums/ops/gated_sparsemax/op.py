"""Gated sparsemax and its gradient as PyTorch operators, run by the kernels of the device if its compiler is there.

The derivative of the second operator is made of plain PyTorch, so that there are derivatives of any order.
"""

from types import ModuleType
from typing import Any

import torch
from torch import Tensor
from torch.library import register_autograd, register_fake, register_vmap

from ddsp_drums._compilers import has_numba, has_triton
from ddsp_drums.ops._operator import operator
from ddsp_drums.ops.gated_sparsemax.reference import (
    gated_sparsemax_by_parts,
    gradient_by_parts,
    second_gradient_by_parts,
)

_WIDEST = 1 << 12  # frames of a window that one program on a GPU holds


@operator("gated_sparsemax")
def _gate(logits: Tensor, window: int, silent_slot: bool) -> Tensor:
    kernels = _kernels(logits, window)
    if kernels is None:
        activations = gated_sparsemax_by_parts(_wide(logits), window, 2.0, silent_slot).contiguous()
    else:
        activations = kernels.gate(_items(logits), window, silent_slot)
    return activations.view(logits.shape).to(logits.dtype)


@operator("gated_sparsemax_backward")
def _gate_backward(gradient: Tensor, logits: Tensor, window: int, silent_slot: bool) -> Tensor:
    """Map the gradient with respect to the activations to that with respect to the logits, all (..., K, N)."""
    kernels = _kernels(logits, window)
    if kernels is None:
        to_logits = gradient_by_parts(_wide(gradient), _wide(logits), window, silent_slot).contiguous()
    else:
        to_logits = kernels.gate_backward(_items(gradient), _items(logits), window, silent_slot)
    return to_logits.view(logits.shape).to(logits.dtype)


def _kernels(logits: Tensor, window: int) -> ModuleType | None:
    """Import the kernels that can be compiled for the device; without any the reference is taken."""
    if logits.numel() == 0:
        return None
    if logits.is_cpu and has_numba():
        from ddsp_drums.ops.gated_sparsemax import numba_kernels

        return numba_kernels
    if logits.is_cuda and has_triton() and min(window, logits.shape[-1]) <= _WIDEST:
        from ddsp_drums.ops.gated_sparsemax import triton_kernels

        return triton_kernels
    return None


def _items(x: Tensor) -> Tensor:
    return x.reshape(-1, *x.shape[-2:])  # (B, K, N)


def _wide(x: Tensor) -> Tensor:
    return x if x.dtype == torch.float64 else x.float()


def _like_logits(logits: Tensor, window: int, silent_slot: bool) -> Tensor:
    return logits.new_empty(logits.shape)


def _gradient_like_logits(gradient: Tensor, logits: Tensor, window: int, silent_slot: bool) -> Tensor:
    return logits.new_empty(logits.shape)


def _keep_logits(ctx: Any, inputs: tuple[Tensor, int, bool], output: Tensor) -> None:
    logits, *ctx.options = inputs
    ctx.save_for_backward(logits)


def _keep_gradient_and_logits(ctx: Any, inputs: tuple[Tensor, Tensor, int, bool], output: Tensor) -> None:
    gradient, logits, *ctx.options = inputs
    ctx.save_for_backward(gradient, logits)


def _backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
    return _GateBackward.apply(gradient, *ctx.saved_tensors, *ctx.options), None, None


def _second_backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor, Tensor, None, None]:
    gradient, logits = ctx.saved_tensors
    window, silent_slot = ctx.options
    to_gradient, to_logits = second_gradient_by_parts(
        _wide(cotangent), _wide(gradient), _wide(logits), window, silent_slot
    )
    return to_gradient.to(gradient.dtype), to_logits.to(logits.dtype), None, None


def _vmap(info: Any, in_dims: tuple[Any, ...], logits: Tensor, *options: Any) -> tuple[Tensor, int]:
    return _gate(logits.movedim(in_dims[0], 0), *options), 0


def _backward_vmap(
    info: Any, in_dims: tuple[Any, ...], gradient: Tensor, logits: Tensor, *options: Any
) -> tuple[Tensor, int]:
    def batched(x: Tensor, dim: int | None) -> Tensor:
        return x.expand(info.batch_size, *x.shape) if dim is None else x.movedim(dim, 0)

    return _gate_backward(batched(gradient, in_dims[0]), batched(logits, in_dims[1]), *options), 0


register_fake(_gate, _like_logits)
register_autograd(_gate, _backward, setup_context=_keep_logits)
register_vmap(_gate, _vmap)
register_fake(_gate_backward, _gradient_like_logits)
register_autograd(_gate_backward, _second_backward, setup_context=_keep_gradient_and_logits)
register_vmap(_gate_backward, _backward_vmap)


class _Gate(torch.autograd.Function):
    """The operator and its derivative once more: `torch.func.grad` takes no other, `torch.compile` only those above."""

    generate_vmap_rule = True
    setup_context = staticmethod(_keep_logits)
    backward = staticmethod(_backward)

    @staticmethod
    def forward(logits: Tensor, window: int, silent_slot: bool) -> Tensor:
        return _gate(logits, window, silent_slot)


class _GateBackward(torch.autograd.Function):
    generate_vmap_rule = True
    setup_context = staticmethod(_keep_gradient_and_logits)
    backward = staticmethod(_second_backward)

    @staticmethod
    def forward(gradient: Tensor, logits: Tensor, window: int, silent_slot: bool) -> Tensor:
        return _gate_backward(gradient, logits, window, silent_slot)


def gate(logits: Tensor, window: int, silent_slot: bool) -> Tensor:
    """Map logits (..., K, N) to activations (..., K, N), computed in float32 or float64 and rounded to their dtype."""
    run = _gate if torch.compiler.is_compiling() else _Gate.apply
    return run(logits, window, silent_slot)
