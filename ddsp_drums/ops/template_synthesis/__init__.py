"""Sounds placed where the activations say, and summed."""

from math import prod

import torch
from torch import Tensor

from ddsp_drums._autocast import under_autocast
from ddsp_drums._compilers import has_numba, has_triton
from ddsp_drums._shapes import broadcast_shape
from ddsp_drums._validate import require_count, require_float, require_one_of
from ddsp_drums.ops.template_synthesis.op import synthesize

__all__ = ["BACKENDS", "GRADIENTS", "template_synthesis"]

BACKENDS = ("auto", "polyphase", "sparse")
GRADIENTS = ("dense", "support")


def template_synthesis(
    activations: Tensor,
    templates: Tensor,
    *,
    hop_length: int = 1,
    gradient: str = "dense",
    backend: str = "auto",
    stems: bool = False,
) -> Tensor:
    r"""Play each instrument's template at each of its activations, scaled by the activation.

    $$x_t = \sum_{k} \sum_{n} a_{k,n} \, h_{k,\, t - n \cdot \mathrm{hop}}$$

    Differentiable in both the activations and the templates.

    Args:
        activations: How loud each of K instruments starts in each of N frames, shape (..., K, N), any range.
        templates: One sound an instrument, shape (K, L); or one set of sounds an item, shape (..., K, L), whose
            leading axes broadcast with those of `activations`. What would ring past the end is cut off.
        hop_length: Samples in a frame, at least 1.
        gradient: "dense", or "support": the gradient of an activation that is zero is zero, which saves most of the
            work. Behind :func:`ddsp_drums.gated_sparsemax`, whose own gradient vanishes there, it is exact.
        backend: "polyphase" (FFTs), "sparse" (adds a template at each nonzero activation; on a CPU it needs numba, on
            a GPU Triton), or "auto": whichever is expected to be faster. The results agree to
            rounding; a NaN stays where its sound rings with "sparse" and fills its item with "polyphase".
        stems: Whether to return the instruments apart rather than their sum.

    Returns:
        Audio of T = N * hop_length samples, shape (..., T), or (..., K, T) with `stems`. It is computed in float32,
        or in float64 if the inputs are; half precision is rounded at the end, under autocast the result is float32.

    Raises:
        TypeError: If an input is not a floating-point tensor, or the dtypes differ outside of autocast.
        ValueError: If the shapes do not fit, an axis K, N or L is empty, the devices differ, `hop_length` is below 1,
            N * hop_length + L reaches 2**31, or an option is none of those named.
        ImportError: If the sparse backend is asked for and its compiler is not installed.

    Source:
        Choi and Cho, "Deep Unsupervised Drum Transcription", ISMIR 2019, section 3.2. The polyphase form is the
        noble identity for zero insertion, Vaidyanathan, "Multirate Systems and Filter Banks", 1993, chapter 4.

    Example:
        >>> activations = torch.tensor([[1.0, 0.0, 0.5]])
        >>> templates = torch.tensor([[4.0, 2.0, 1.0]])
        >>> template_synthesis(activations, templates, hop_length=2).round(decimals=4)
        tensor([4., 2., 1., 0., 2., 1.])
    """
    require_float("activations", activations, "(..., K, N)", min_dims=2)
    require_float("templates", templates, "(K, L) or (..., K, L)", min_dims=2)
    require_count("hop_length", hop_length)
    require_one_of("gradient", gradient, GRADIENTS)
    require_one_of("backend", backend, BACKENDS)
    activations, templates = under_autocast(activations), under_autocast(templates)
    _require_fit(activations, templates, hop_length)
    if backend == "sparse":
        _require_compiler(activations.device)

    dtype = activations.dtype
    work = dtype if dtype == torch.float64 else torch.float32
    leading = broadcast_shape(activations[..., 0, 0], templates[..., 0, 0])
    items = activations.expand(*leading, -1, -1).reshape(-1, *activations.shape[-2:]).to(work)  # (B, K, N)
    shared = prod(templates.shape[:-2]) == 1
    sounds = templates if shared else templates.expand(*leading, -1, -1)
    sounds = sounds.reshape(-1, *templates.shape[-2:]).to(work)  # (B or 1, K, L)
    audio = synthesize(items, sounds, hop_length, stems, backend, gradient)
    return audio.reshape(*leading, *audio.shape[1:]).to(dtype)


def _require_fit(activations: Tensor, templates: Tensor, hop_length: int) -> None:
    got = f"activations {tuple(activations.shape)} and templates {tuple(templates.shape)}"
    if activations.dtype != templates.dtype:
        raise TypeError(f"activations and templates must have one dtype, got {activations.dtype} and {templates.dtype}")
    if activations.device != templates.device:
        raise ValueError(
            f"activations and templates must be on one device, got {activations.device} and {templates.device}"
        )
    if 0 in activations.shape[-2:] or templates.shape[-1] == 0:
        raise ValueError(f"activations (..., K, N) and templates (K, L) must have K, N, L >= 1, got {got}")
    if activations.shape[-2] != templates.shape[-2]:
        raise ValueError(f"activations (..., K, N) and templates (K, L) must have the same K, got {got}")
    if not all(a == b or 1 in (a, b) for a, b in zip(activations.shape[-3::-1], templates.shape[-3::-1], strict=False)):
        raise ValueError(f"the leading axes of activations and templates must broadcast, got {got}")
    if activations.shape[-1] * hop_length + templates.shape[-1] >= 2**31:
        raise ValueError(f"N * hop_length + L must be below 2**31, got {got} with hop_length {hop_length}")


def _require_compiler(device: torch.device) -> None:
    if device.type not in ("cpu", "cuda"):
        raise ValueError(f"backend 'sparse' runs on cpu and cuda, got tensors on {device}")
    if device.type == "cpu" and not has_numba():
        raise ImportError("backend 'sparse' needs numba on a CPU: pip install 'ddsp_drums[cpu]'")
    if device.type == "cuda" and not has_triton():
        raise ImportError("backend 'sparse' needs triton on a GPU, which comes with torch for CUDA")
