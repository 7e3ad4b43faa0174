"""How close is equal: one table for all tests, as (relative, absolute) by dtype."""

import torch
from torch import Tensor

TOLERANCE = {
    torch.float64: (1e-10, 1e-12),
    torch.float32: (1e-4, 1e-5),
    torch.bfloat16: (2e-2, 2e-2),
    torch.float16: (2e-3, 2e-3),
}


def assert_equal(actual: Tensor, expected: Tensor) -> None:
    """Compare by the tolerance of the coarser dtype, after checking shape and NaN."""
    coarser = max(actual.dtype, expected.dtype, key=lambda dtype: TOLERANCE[dtype])
    rtol, atol = TOLERANCE[coarser]
    scale = float(expected.detach().abs().max()) if expected.numel() else 1.0
    torch.testing.assert_close(
        actual.to(coarser), expected.to(coarser), rtol=rtol, atol=atol * max(scale, 1.0), check_device=False
    )
