"""Sparse probability maps as modules."""

from torch import Tensor, nn

from ddsp_drums._validate import require_count
from ddsp_drums.ops.gated_sparsemax import gated_sparsemax
from ddsp_drums.ops.sparsemax import require_alpha, sparsemax

__all__ = ["GatedSparsemax", "Sparsemax"]


class Sparsemax(nn.Module):
    """Module of :func:`ddsp_drums.sparsemax`, which documents the arguments.

    Example:
        >>> import torch
        >>> Sparsemax(dim=-1)(torch.tensor([1.0, 0.5, -1.0]))
        tensor([0.7500, 0.2500, 0.0000])
    """

    def __init__(self, *, dim: int = -1, alpha: float = 2.0) -> None:
        super().__init__()
        require_alpha(alpha)
        self.dim = dim
        self.alpha = alpha

    def forward(self, logits: Tensor) -> Tensor:
        """Map logits to probabilities of the same shape."""
        return sparsemax(logits, dim=self.dim, alpha=self.alpha)

    def extra_repr(self) -> str:
        """Show the options."""
        return f"dim={self.dim}, alpha={self.alpha}"


class GatedSparsemax(nn.Module):
    """Module of :func:`ddsp_drums.gated_sparsemax`, which documents the arguments.

    Example:
        >>> import torch
        >>> GatedSparsemax(window=64)(torch.randn(2, 11, 100)).shape
        torch.Size([2, 11, 100])
    """

    def __init__(self, *, window: int, alpha: float = 2.0, silent_slot: bool = False) -> None:
        super().__init__()
        require_count("window", window)
        require_alpha(alpha)
        self.window = window
        self.alpha = alpha
        self.silent_slot = silent_slot

    def forward(self, logits: Tensor) -> Tensor:
        """Map logits (..., K, N) to activations (..., K, N)."""
        return gated_sparsemax(logits, window=self.window, alpha=self.alpha, silent_slot=self.silent_slot)

    def extra_repr(self) -> str:
        """Show the options."""
        return f"window={self.window}, alpha={self.alpha}, silent_slot={self.silent_slot}"
