"""What autocast means to a layer that sums a lot."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def under_autocast(x: Tensor) -> Tensor:
    """Take half precision to float32 where autocast is on, as it does for every operation that sums a lot."""
    half = x.dtype in (torch.float16, torch.bfloat16) and not x.is_meta  # which knows no autocast
    return x.float() if half and torch.is_autocast_enabled(x.device.type) else x


def without_autocast(x: Tensor) -> AbstractContextManager[object]:
    """Leave autocast on the device of `x` for a while, because half precision would leave no quiet detail."""
    return nullcontext() if x.is_meta else torch.autocast(x.device.type, enabled=False)
