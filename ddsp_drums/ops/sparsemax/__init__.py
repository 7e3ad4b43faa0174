"""Sparsemax, and alpha-entmax as its generalisation."""

import math

import torch
from torch import Tensor

from ddsp_drums._autocast import under_autocast
from ddsp_drums._tracing import without_symbol
from ddsp_drums._validate import require_float, require_number
from ddsp_drums.ops.sparsemax.reference import entmax_by_bisection, sparsemax_by_sorting

__all__ = ["sparsemax"]


def sparsemax(logits: Tensor, *, dim: int = -1, alpha: float = 2.0) -> Tensor:
    r"""Project logits onto the probability simplex, most of the result exactly zero.

    $$\operatorname{sparsemax}(z) = \operatorname{argmin}_{p \in \Delta} \lVert p - z \rVert^2 = \max(z - \tau(z), 0)$$

    with $\tau$ such that the result sums to one. Any other `alpha` gives alpha-entmax, which runs from
    softmax (1) over sparsemax (2) to ever sparser maps.

    Args:
        logits: Scores, any shape, any finite range.
        dim: The dimension that sums to one.
        alpha: Degree of sparsity, at least 1. Other than 1 and 2 it has a first and a second derivative.

    Returns:
        Probabilities in [0, 1], shaped like `logits`; in float32 few digits of them hold for an `alpha` above 4. A NaN
        in `logits` makes its whole slice NaN. Half precision is computed as such; under autocast in float32, as is the
        result.

    Raises:
        TypeError: If `logits` is not a floating-point tensor.
        ValueError: If `alpha` is below 1, or `dim` holds no element.
        IndexError: If there is no such dimension.

    Source:
        Martins and Astudillo, "From Softmax to Sparsemax", ICML 2016, algorithm 1. For other `alpha`:
        Peters, Niculae and Martins, "Sparse Sequence-to-Sequence Models", ACL 2019, algorithm 1.

    Example:
        >>> sparsemax(torch.tensor([1.0, 0.5, -1.0]))
        tensor([0.7500, 0.2500, 0.0000])
    """
    require_float("logits", logits, "(..., K)")
    if logits.size(dim) == 0:
        raise ValueError(f"logits must hold at least one element along dim {dim}, got {tuple(logits.shape)}")
    require_alpha(alpha)
    logits = under_autocast(logits)
    if alpha == 2:
        return sparsemax_by_sorting(logits, dim)
    if alpha == 1:
        return torch.softmax(logits, dim)
    return entmax_by_bisection(logits, without_symbol(alpha), dim)


def require_alpha(alpha: float) -> None:
    """Raise unless there is a map of such a sparsity."""
    require_number("alpha", alpha)
    if not 1 <= alpha < math.inf:
        raise ValueError(f"alpha must be at least 1 and finite, got {alpha}")
