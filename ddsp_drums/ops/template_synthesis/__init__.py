"""Sounds placed where the activations say, and summed."""

import torch
from torch import Tensor

from ddsp_drums._validate import require_float, require_positive
from ddsp_drums.ops.template_synthesis.polyphase import synthesis_by_polyphase_fft

__all__ = ["template_synthesis"]


def template_synthesis(activations: Tensor, templates: Tensor, *, hop_length: int = 1, stems: bool = False) -> Tensor:
    r"""Play each instrument's template at each of its activations, scaled by the activation.

    $$x_t = \sum_{k} \sum_{n} a_{k,n} \, h_{k,\, t - n \cdot \mathrm{hop}}$$

    Differentiable in both the activations and the templates.

    Args:
        activations: How loud each of K instruments starts in each of N frames, shape (..., K, N), any range.
        templates: One sound an instrument, shape (K, L); or one set of sounds an item, shape (..., K, L), whose
            leading axes broadcast with those of `activations`. What would ring past the end is cut off.
        hop_length: Samples in a frame, at least 1.
        stems: Whether to return the instruments apart rather than their sum.

    Returns:
        Audio of T = N * hop_length samples, shape (..., T), or (..., K, T) with `stems`.

    Raises:
        TypeError: If an input is not a float32 or float64 tensor, or the dtypes differ.
        ValueError: If the shapes do not fit, an axis K, N or L is empty, the devices differ, or `hop_length` is
            below 1.

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
    require_positive("hop_length", hop_length)
    got = f"activations {tuple(activations.shape)} and templates {tuple(templates.shape)}"
    if activations.dtype != templates.dtype or activations.dtype not in (torch.float32, torch.float64):
        raise TypeError(
            f"activations and templates must both be float32 or both float64, "
            f"got {activations.dtype} and {templates.dtype}"
        )
    if activations.device != templates.device:
        raise ValueError(
            f"activations and templates must be on one device, got {activations.device} and {templates.device}"
        )
    if 0 in activations.shape[-2:] or templates.shape[-1] == 0:
        raise ValueError(f"activations (..., K, N) and templates (K, L) must have K, N, L >= 1, got {got}")
    if activations.shape[-2] != templates.shape[-2]:
        raise ValueError(f"activations (..., K, N) and templates (K, L) must have the same K, got {got}")
    if not _broadcast(activations.shape[:-2], templates.shape[:-2]):
        raise ValueError(f"the leading axes of activations and templates must broadcast, got {got}")
    return synthesis_by_polyphase_fft(activations, templates, hop_length, stems)


def _broadcast(first: torch.Size, second: torch.Size) -> bool:
    return all(a == b or 1 in (a, b) for a, b in zip(reversed(first), reversed(second), strict=False))
