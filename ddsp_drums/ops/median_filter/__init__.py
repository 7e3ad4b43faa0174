"""Running median along one axis."""

from math import prod

from torch import Tensor

from ddsp_drums._validate import require_count, require_float
from ddsp_drums.ops.median_filter.op import median_along_middle

__all__ = ["median_filter"]


def median_filter(input: Tensor, *, kernel_size: int, dim: int = -1) -> Tensor:
    r"""Replace each sample by the median of the window around it.

    $$y_n = \operatorname{median}(x_{n-r}, \dots, x_{n+r}), \quad r = (\mathrm{kernel\_size} - 1) / 2$$

    The input is mirrored at its edges with the edge sample repeated, d c b a | a b c d | d c b a, as often as a
    window longer than the input needs.

    Args:
        input: Samples, any shape.
        kernel_size: Samples in a window, odd, at least 1.
        dim: The dimension to filter along.

    Returns:
        The filtered samples, shaped and laid out in memory like `input`. A NaN makes every window that holds it NaN.
        The gradient of an output goes to the sample that is its median; all samples of the window that equal it get
        equal shares.

    Raises:
        TypeError: If `input` is not a floating-point tensor, or `kernel_size` no int.
        ValueError: If `kernel_size` is even or below 1, or `dim` holds no element.
        IndexError: If there is no such dimension.

    Source:
        Edges as by mode "symmetric" of `numpy.pad`, which `scipy.ndimage` calls "reflect".

    Example:
        >>> import torch
        >>> median_filter(torch.tensor([1.0, 9.0, 2.0, 3.0, 0.0]), kernel_size=3)
        tensor([1., 2., 3., 2., 0.])
    """
    require_float("input", input, "(..., N)")
    require_kernel_size(kernel_size)
    if input.size(dim) == 0:
        raise ValueError(f"input must hold at least one element along dim {dim}, got {tuple(input.shape)}")
    order = list(input.dim_order())  # as the samples lie in memory, so that none has to move
    before = order.index(dim % input.dim())
    laid = input.permute(order)
    outer, inner = prod(laid.shape[:before]), prod(laid.shape[before + 1 :])  # Size.numel() is a constant in an export
    filtered = median_along_middle(laid.reshape(outer, input.shape[dim], inner), kernel_size)
    return filtered.reshape(laid.shape).permute(sorted(range(input.dim()), key=order.__getitem__))


def require_kernel_size(kernel_size: int) -> None:
    """Raise unless a window of so many samples has a middle."""
    require_count("kernel_size", kernel_size)
    if kernel_size % 2 == 0:
        raise ValueError(f"kernel_size must be odd and at least 1, got {kernel_size}")
