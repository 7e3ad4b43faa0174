"""Template synthesis and its gradient as PyTorch operators, run by whichever backend is chosen.

`_synthesize` is linear in the activations and in the templates, `_correlate` in the cotangent and in either. The
derivatives of each are made of both, so that these two give derivatives of any order.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.library import register_autograd, register_fake, register_vmap

from ddsp_drums.ops._operator import operator
from ddsp_drums.ops.template_synthesis import polyphase
from ddsp_drums.ops.template_synthesis.choice import choose_backend


@operator("template_synthesis")
def _synthesize(
    activations: Tensor, templates: Tensor, hop_length: int, stems: bool, backend: str, gradient: str
) -> Tensor:
    if activations.shape[0] == 0:
        return _audio_like(activations, templates, hop_length, stems, backend, gradient)
    events = None
    if backend == "auto":
        backend, events = choose_backend(activations, templates, hop_length, stems, ("audio",), gradient)
    play, _ = _kernels(backend, activations, events)
    return play(activations, templates, hop_length, stems)


@operator("template_synthesis_backward")
def _correlate(
    cotangent: Tensor,
    activations: Tensor,
    templates: Tensor,
    hop_length: int,
    for_activations: bool,
    for_templates: bool,
    backend: str,
    gradient: str,
) -> tuple[Tensor, Tensor]:
    """Return the gradients with respect to the activations and the templates, empty if not wanted."""
    inputs = activations, templates, hop_length
    to_activations, to_templates = None, None
    if activations.shape[0] == 0:
        to_activations, to_templates = activations.new_zeros(activations.shape), templates.new_zeros(templates.shape)
    else:
        events = None
        if backend == "auto":
            outputs = ("activations",) * for_activations + ("templates",) * for_templates
            backend, events = choose_backend(*inputs, cotangent.dim() == 3, outputs, gradient)
        _, compare = _kernels(backend, activations, events)
        if backend == "sparse" and gradient == "dense" and for_activations:  # known only where they are not zero
            to_activations, _ = polyphase.correlate(cotangent, *inputs, True, False)
            if for_templates:
                _, to_templates = compare(cotangent, *inputs, False, True)
        else:
            to_activations, to_templates = compare(cotangent, *inputs, for_activations, for_templates)
        if to_activations is not None and gradient == "support" and backend == "polyphase":
            to_activations = _on_support(to_activations, activations)
    empty = cotangent.new_empty(0)
    return (
        empty if to_activations is None or not for_activations else to_activations,
        empty.clone() if to_templates is None or not for_templates else to_templates,
    )


def _kernels(backend: str, activations: Tensor, events: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the map and its gradient by a backend, which is told the nonzero activations if they are listed."""
    if backend == "polyphase":
        return polyphase.synthesize, polyphase.correlate
    if activations.is_cuda:
        from ddsp_drums.ops.template_synthesis import triton_kernels

        return triton_kernels.synthesize, triton_kernels.correlate
    from ddsp_drums.ops.template_synthesis import numba_kernels

    return partial(numba_kernels.synthesize, events=events), partial(numba_kernels.correlate, events=events)


def _on_support(gradient: Tensor, activations: Tensor) -> Tensor:
    return torch.where(activations != 0, gradient, 0)


def _audio_like(
    activations: Tensor, templates: Tensor, hop_length: int, stems: bool, backend: str, gradient: str
) -> Tensor:
    batch, instruments, frames = activations.shape
    return activations.new_empty(batch, *([instruments] if stems else []), frames * hop_length)


def _gradients_like(
    cotangent: Tensor,
    activations: Tensor,
    templates: Tensor,
    hop_length: int,
    for_activations: bool,
    for_templates: bool,
    backend: str,
    gradient: str,
) -> tuple[Tensor, Tensor]:
    return (
        activations.new_empty(activations.shape if for_activations else (0,)),
        templates.new_empty(templates.shape if for_templates else (0,)),
    )


def _keep_inputs(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
    tensors = [value for value in inputs if isinstance(value, Tensor)]
    ctx.save_for_backward(*tensors)
    ctx.options = inputs[len(tensors) :]


def _synthesize_backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:
    hop_length, _, backend, gradient = ctx.options
    wanted = ctx.needs_input_grad[:2]
    gradients = _Correlate.apply(cotangent, *ctx.saved_tensors, hop_length, *wanted, backend, gradient)
    return *(value if want else None for value, want in zip(gradients, wanted, strict=True)), None, None, None, None


def _correlate_backward(ctx: Any, of_activations: Tensor, of_templates: Tensor) -> tuple[Tensor | None, ...]:
    cotangent, activations, templates = ctx.saved_tensors
    hop_length, for_activations, for_templates, *how = ctx.options
    stems = cotangent.dim() == 3
    to_cotangent, to_activations, to_templates = torch.zeros_like(cotangent), None, None
    if for_activations:
        if how[1] == "support":
            of_activations = _on_support(of_activations, activations)
        to_cotangent = to_cotangent + _Synthesize.apply(of_activations, templates, hop_length, stems, *how)
        _, to_templates = _Correlate.apply(cotangent, of_activations, templates, hop_length, False, True, *how)
    if for_templates:
        to_cotangent = to_cotangent + _Synthesize.apply(activations, of_templates, hop_length, stems, *how)
        to_activations, _ = _Correlate.apply(cotangent, activations, of_templates, hop_length, True, False, *how)
    return to_cotangent, to_activations, to_templates, None, None, None, None, None


def _batched(size: int, tensor: Tensor, dim: int | None) -> Tensor:
    return tensor.expand(size, *tensor.shape) if dim is None else tensor.movedim(dim, 0)


def _synthesize_vmap(info: Any, in_dims: tuple[int | None, ...], *args: Any) -> tuple[Tensor, int]:
    activations, templates, *options = args
    size = info.batch_size
    items = _batched(size, activations, in_dims[0])  # (V, B, K, N)
    if in_dims[1] is not None or templates.shape[0] > 1:
        templates = _batched(size, templates, in_dims[1]).expand(-1, items.shape[1], -1, -1).flatten(0, 1)
    return _synthesize(items.flatten(0, 1), templates, *options).unflatten(0, items.shape[:2]), 0


def _correlate_vmap(
    info: Any, in_dims: tuple[int | None, ...], *args: Any
) -> tuple[tuple[Tensor, Tensor], tuple[int | None, int | None]]:
    cotangent, items, templates = map(_batched, [info.batch_size] * 3, args[:3], in_dims[:3])
    shared = templates.shape[1] == 1
    templates = templates.expand(-1, items.shape[1], -1, -1)
    inputs = (x.flatten(0, 1) for x in (cotangent, items, templates))
    for_activations, for_templates = args[4:6]
    to_activations, to_templates = _correlate(*inputs, *args[3:])
    if for_activations:
        to_activations = to_activations.unflatten(0, items.shape[:2])
    if for_templates:
        to_templates = to_templates.unflatten(0, items.shape[:2])
        to_templates = to_templates.sum(1, keepdim=True) if shared else to_templates
    return (to_activations, to_templates), (0 if for_activations else None, 0 if for_templates else None)


register_fake(_synthesize, _audio_like)
register_autograd(_synthesize, _synthesize_backward, setup_context=_keep_inputs)
register_vmap(_synthesize, _synthesize_vmap)
register_fake(_correlate, _gradients_like)
register_autograd(_correlate, _correlate_backward, setup_context=_keep_inputs)
register_vmap(_correlate, _correlate_vmap)


class _Synthesize(Function):
    """The operator and its derivative once more, because `torch.func.grad` cannot use those that are registered."""

    generate_vmap_rule = True
    setup_context = staticmethod(_keep_inputs)
    backward = staticmethod(_synthesize_backward)

    @staticmethod
    def forward(*inputs: Any) -> Tensor:
        return _synthesize(*inputs)


class _Correlate(Function):
    generate_vmap_rule = True
    setup_context = staticmethod(_keep_inputs)
    backward = staticmethod(_correlate_backward)

    @staticmethod
    def forward(*inputs: Any) -> tuple[Tensor, Tensor]:
        return _correlate(*inputs)


def synthesize(
    activations: Tensor, templates: Tensor, hop_length: int, stems: bool, backend: str, gradient: str
) -> Tensor:
    """Map activations (B, K, N) and templates (B or 1, K, L) to audio (B, N * hop), or (B, K, N * hop) with `stems`."""
    run = _synthesize if torch.compiler.is_compiling() else _Synthesize.apply  # neither does what the other can
    return run(activations, templates, hop_length, stems, backend, gradient)
