"""The specification of gated sparsemax: two sparsemaxes and a product; and its first and second derivative."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ddsp_drums.ops.sparsemax import sparsemax


def gated_sparsemax_by_parts(logits: Tensor, window: int, alpha: float, silent_slot: bool) -> Tensor:
    """Multiply the map over instruments by the map over windows of frames."""
    over_instruments = sparsemax(_with_slot(logits, silent_slot), dim=-2, alpha=alpha)  # (..., K + slot, N)
    over_time = sparsemax(_windows(logits, window, silent_slot), alpha=alpha)  # (..., K, N / window, window + slot)
    return over_instruments[..., : logits.shape[-2], :] * _frames(over_time, window, logits.shape[-1])


def gradient_by_parts(gradient: Tensor, logits: Tensor, window: int, silent_slot: bool) -> Tensor:
    """Map the gradient with respect to the activations to that with respect to the logits: P_A(g B) + P_B(g A)."""
    maps = _Maps(logits, window, silent_slot)
    return maps.project_a(gradient * maps.b) + maps.project_b(gradient * maps.a)


def second_gradient_by_parts(
    cotangent: Tensor, gradient: Tensor, logits: Tensor, window: int, silent_slot: bool
) -> tuple[Tensor, Tensor]:
    """Map the gradient with respect to `gradient_by_parts` to those with respect to its `gradient` and `logits`."""
    maps = _Maps(logits, window, silent_slot)
    through_a, through_b = maps.project_a(cotangent), maps.project_b(cotangent)
    to_gradient = maps.b * through_a + maps.a * through_b
    to_logits = maps.project_b(gradient * through_a) + maps.project_a(gradient * through_b)
    return to_gradient, to_logits


class _Maps:
    """Both maps, A over instruments and B over time, and the Jacobian of each, which is symmetric."""

    def __init__(self, logits: Tensor, window: int, silent_slot: bool) -> None:
        self.size, self.window, self.silent_slot = logits.shape[-2:], window, silent_slot
        self.full_a = sparsemax(_with_slot(logits, silent_slot), dim=-2)
        self.full_b = sparsemax(_windows(logits, window, silent_slot))
        self.a = self.full_a[..., : self.size[0], :]  # (..., K, N)
        self.b = _frames(self.full_b, window, self.size[1])  # (..., K, N)

    def project_a(self, v: Tensor) -> Tensor:
        """Multiply by the Jacobian of A."""
        return _project(_with_slot(v, self.silent_slot), self.full_a, -2)[..., : self.size[0], :]

    def project_b(self, v: Tensor) -> Tensor:
        """Multiply by the Jacobian of B."""
        projected = _project(_windows(v, self.window, self.silent_slot), self.full_b, -1)
        return _frames(projected, self.window, self.size[1])


def _project(v: Tensor, p: Tensor, dim: int) -> Tensor:
    """Take the mean over the support of `p` off `v`, and leave nothing elsewhere."""
    support = p > 0
    size = support.sum(dim, keepdim=True).clamp(min=1)  # 0 only where a logit is NaN
    mean = torch.where(support, v, 0).sum(dim, keepdim=True) / size
    return torch.where(support, v - mean, 0)


def _with_slot(x: Tensor, silent_slot: bool) -> Tensor:
    return F.pad(x, (0, 0, 0, int(silent_slot)))


def _windows(x: Tensor, window: int, silent_slot: bool) -> Tensor:
    windows = F.pad(x, (0, -x.shape[-1] % window)).unflatten(-1, (-1, window))
    return F.pad(windows, (0, int(silent_slot)))


def _frames(windows: Tensor, window: int, frames: int) -> Tensor:
    return windows[..., :window].flatten(-2)[..., :frames]
