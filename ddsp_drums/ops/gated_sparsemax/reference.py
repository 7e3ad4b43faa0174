"""The specification of gated sparsemax: two sparsemaxes and a product."""

import torch.nn.functional as F
from torch import Tensor

from ddsp_drums.ops.sparsemax import sparsemax


def gated_sparsemax_by_parts(logits: Tensor, window: int, alpha: float, silent_slot: bool) -> Tensor:
    """Multiply the map over instruments by the map over windows of frames."""
    frames = logits.shape[-1]
    extra = int(silent_slot)
    over_instruments = sparsemax(F.pad(logits, (0, 0, 0, extra)), dim=-2, alpha=alpha)  # (..., K + extra, N)
    over_instruments = over_instruments[..., : logits.shape[-2], :]

    windows = F.pad(logits, (0, -frames % window)).unflatten(-1, (-1, window))  # (..., K, N / window, window)
    over_time = sparsemax(F.pad(windows, (0, extra)), alpha=alpha)[..., :window]
    return over_instruments * over_time.flatten(-2)[..., :frames]
