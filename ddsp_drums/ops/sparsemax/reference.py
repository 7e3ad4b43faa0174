"""The specification of sparsemax and of alpha-entmax."""

import math

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


def entmax_by_bisection(logits: Tensor, alpha: float, dim: int) -> Tensor:
    """Halve the interval that holds the threshold until a number is left of it, then let that depend on the logits."""
    exponent = 1 / (alpha - 1)
    z = (alpha - 1) * (logits - logits.amax(dim, keepdim=True).detach())
    with torch.no_grad():
        tau = torch.full_like(z.narrow(dim, 0, 1), -1)  # at which the largest logit alone makes one
        for halving in range(1, 2 - round(math.log2(torch.finfo(z.dtype).eps))):
            middle = tau + 0.5**halving
            tau = torch.where(((z - middle).clamp(min=0) ** exponent).sum(dim, keepdim=True) >= 1, middle, tau)
    for _ in range(2):  # Newton's steps from the root are zero; two of them have its first and second derivative
        total = _power(z - tau, exponent).sum(dim, keepdim=True)
        slope = exponent * _power(z - tau, exponent - 1).sum(dim, keepdim=True)
        step = (total - 1) / slope
        tau = tau + (step - step.detach())  # which leaves out what rounding makes of zero
    p = _power(z - tau, exponent)
    return p / p.sum(dim, keepdim=True)


def _power(x: Tensor, exponent: float) -> Tensor:
    """Raise what is positive to a power, and leave nothing of the rest; NaN stays."""
    outside = x <= 0
    return (x.masked_fill(outside, 1) ** exponent).masked_fill(outside, 0)
