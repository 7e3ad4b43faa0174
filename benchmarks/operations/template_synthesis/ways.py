"""Ways to synthesise: ours, and what one would write with torchaudio or a convolution."""

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.operations.template_synthesis.case import Case
from ddsp_drums import template_synthesis


def ours(case: Case, activations: Tensor, templates: Tensor, *, backend: str, gradient: str = "dense") -> Tensor:
    """Call the toolkit."""
    return template_synthesis(activations, templates, hop_length=case.hop, backend=backend, gradient=gradient)


def by_torchaudio(case: Case, activations: Tensor, templates: Tensor) -> Tensor:
    """Insert zeros, convolve each channel, cut, and sum."""
    from torchaudio.functional import fftconvolve

    impulses = _insert_zeros(activations, case.hop)
    return fftconvolve(impulses, _per_item(templates))[..., : impulses.shape[-1]].sum(-2)


def by_transposed_convolution(case: Case, activations: Tensor, templates: Tensor) -> Tensor:
    """Let a convolution's transpose insert the zeros, item by item if each has its own kit.

    As groups of one convolution, items with their own kits took twenty times as long on a CPU.
    """
    samples = case.frames * case.hop
    if case.kits == "item":
        each = zip(activations, templates, strict=True)
        return torch.cat([F.conv_transpose1d(y, kit.unsqueeze(1), stride=case.hop)[:, :samples] for y, kit in each])
    return F.conv_transpose1d(activations, templates.unsqueeze(1), stride=case.hop)[:, 0, :samples]


def by_convolution(case: Case, activations: Tensor, templates: Tensor) -> Tensor:
    """Insert zeros and convolve directly with the reversed templates, item by item if each has its own kit."""
    impulses = F.pad(_insert_zeros(activations, case.hop), (case.length - 1, 0))
    weights = _per_item(templates.flip(-1))
    if case.kits == "item":
        return torch.cat([F.conv1d(x, kit.unsqueeze(0)) for x, kit in zip(impulses, weights, strict=True)])
    return F.conv1d(impulses, weights)[:, 0]


def _insert_zeros(activations: Tensor, hop: int) -> Tensor:
    return F.pad(activations.unsqueeze(-1), (0, hop - 1)).flatten(-2)


def _per_item(templates: Tensor) -> Tensor:
    return templates if templates.dim() == 3 else templates.unsqueeze(0)
