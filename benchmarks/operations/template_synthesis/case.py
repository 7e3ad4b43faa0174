"""A case of template synthesis: its sizes, its inputs, and what they must give."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from ddsp_drums.ops.template_synthesis.reference import synthesis_by_zero_insertion


@dataclass(frozen=True)
class Case:
    """Sizes; `kits` is "shared" for templates (K, L), or "item" for a kit an item, (B, K, L)."""

    batch: int = 8
    instruments: int = 11
    frames: int = 2000
    length: int = 16000
    hop: int = 16
    nonzeros: int = 100
    kits: str = "shared"


def make_inputs(case: Case) -> tuple[Tensor, Tensor]:
    """Draw activations of which as many as asked for are not zero in each item, and templates of noise."""
    generator = torch.Generator().manual_seed(0)
    order = torch.rand(case.batch, case.instruments * case.frames, generator=generator)
    where = order.topk(min(case.nonzeros, order.shape[1])).indices
    loudness = 1 - torch.rand(where.shape, generator=generator)  # never zero
    activations = torch.zeros_like(order).scatter(1, where, loudness)
    kits = (case.batch,) if case.kits == "item" else ()
    templates = torch.randn(*kits, case.instruments, case.length, generator=generator)
    return activations.view(case.batch, case.instruments, case.frames), templates


def reference(case: Case, activations: Tensor, templates: Tensor) -> Tensor:
    """Follow the specification, item by item, which bounds the memory, and with FFTs of a power of two."""
    samples = case.frames * case.hop
    full = 1 << (samples + case.length - 2).bit_length()
    padded = F.pad(templates, (0, full - samples + 1 - case.length)).expand(case.batch, -1, -1)

    def play(item: Tensor, kit: Tensor) -> Tensor:
        return synthesis_by_zero_insertion(item, kit, case.hop, stems=False)

    items = zip(activations, padded, strict=True)
    return torch.stack([checkpoint(play, item, kit, use_reentrant=False) for item, kit in items])
