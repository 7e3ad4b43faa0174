"""Cycle consistency: what was played must be read back from its sound."""

import torch.nn.functional as F
from torch import Tensor, nn

from ddsp_drums._validate import require_float, require_positive

__all__ = ["CycleConsistencyLoss", "cycle_consistency_loss"]


def cycle_consistency_loss(
    logits: Tensor,
    velocity: Tensor,
    played: Tensor,
    played_velocity: Tensor,
    *,
    positive_weight: float = 3.0,
    velocity_weight: float = 1.0,
) -> Tensor:
    r"""Compare activations read from synthesised audio with those it was synthesised from.

    $$\frac{1}{BKN} \sum -w\, y \log \sigma(z) - (1 - y) \log (1 - \sigma(z))
      + \lambda \frac{\sum y\, \lvert v - \hat{v} \rvert}{\max(\sum y, 1)}$$

    Args:
        logits: What was read, z, (..., K, N).
        velocity: How hard, (..., K, N) in [0, 1].
        played: What was played, y, (..., K, N) in [0, 1]; between 0 and 1 beside a hit.
        played_velocity: How hard, (..., K, N) in [0, 1]; used where `played` is not zero.
        positive_weight: w, what a hit weighs against none.
        velocity_weight: Weight of the mean error of velocity at hits.

    Returns:
        The loss, a scalar, zero or more.

    Raises:
        TypeError: If an argument is not a floating-point tensor.
        ValueError: If the shapes differ or a weight is not positive.

    Source:
        The forward-backward consistency that Choi and Cho name as future work (ISMIR 2019, section 6).

    Example:
        >>> import torch
        >>> played = torch.zeros(1, 2, 10)
        >>> float(cycle_consistency_loss(torch.full((1, 2, 10), -30.0), played, played, played)) < 1e-6
        True
    """
    named = {"logits": logits, "velocity": velocity, "played": played, "played_velocity": played_velocity}
    for name, tensor in named.items():
        require_float(name, tensor, "(..., K, N)", min_dims=2)
        if tensor.shape != logits.shape:
            raise ValueError(f"{name} must be shaped like logits, {tuple(logits.shape)}, got {tuple(tensor.shape)}")
    require_positive("positive_weight", positive_weight)
    require_positive("velocity_weight", velocity_weight)
    onset = F.binary_cross_entropy_with_logits(logits, played, pos_weight=logits.new_tensor(positive_weight))
    error = (played * (velocity - played_velocity).abs()).sum() / played.sum().clamp(min=1)
    return onset + velocity_weight * error


class CycleConsistencyLoss(nn.Module):
    """Module of :func:`ddsp_drums.cycle_consistency_loss`, which documents the arguments.

    Example:
        >>> import torch
        >>> y = torch.rand(1, 2, 10)
        >>> CycleConsistencyLoss()(torch.randn(1, 2, 10), y, y, y).shape
        torch.Size([])
    """

    def __init__(self, *, positive_weight: float = 3.0, velocity_weight: float = 1.0) -> None:
        super().__init__()
        self.positive_weight = positive_weight
        self.velocity_weight = velocity_weight

    def forward(self, logits: Tensor, velocity: Tensor, played: Tensor, played_velocity: Tensor) -> Tensor:
        """Return the loss, a scalar."""
        return cycle_consistency_loss(
            logits,
            velocity,
            played,
            played_velocity,
            positive_weight=self.positive_weight,
            velocity_weight=self.velocity_weight,
        )
