"""The specification of sparsemax."""

import torch
from torch import Tensor


def sparsemax_by_sorting(logits: Tensor, dim: int) -> Tensor:
    """Find the threshold tau from the sorted logits, then clip (algorithm 1 of the paper)."""
    z = logits - logits.amax(dim, keepdim=True).detach()  # the map is blind to a shift; large logits stay exact
    descending = z.sort(dim, descending=True).values
    total = descending.cumsum(dim)
    shape = [1] * z.dim()
    shape[dim] = -1
    rank = torch.arange(1, z.shape[dim] + 1, device=z.device, dtype=z.dtype).view(shape)
    support = (1 + rank * descending > total).sum(dim, keepdim=True).clamp(min=1)  # 0 only where a logit is NaN
    tau = (total.gather(dim, support - 1) - 1) / support
    return (z - tau).clamp(min=0)
