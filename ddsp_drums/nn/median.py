"""The median filter as a module."""

from torch import Tensor, nn

from ddsp_drums.ops.median_filter import median_filter, require_kernel_size

__all__ = ["MedianFilter"]


class MedianFilter(nn.Module):
    """Module of :func:`ddsp_drums.median_filter`, which documents the arguments.

    Example:
        >>> import torch
        >>> MedianFilter(kernel_size=3)(torch.tensor([1.0, 9.0, 2.0]))
        tensor([1., 2., 2.])
    """

    def __init__(self, *, kernel_size: int, dim: int = -1) -> None:
        super().__init__()
        require_kernel_size(kernel_size)
        self.kernel_size = kernel_size
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Map samples to filtered samples of the same shape."""
        return median_filter(input, kernel_size=self.kernel_size, dim=self.dim)

    def extra_repr(self) -> str:
        """Show the options."""
        return f"kernel_size={self.kernel_size}, dim={self.dim}"
