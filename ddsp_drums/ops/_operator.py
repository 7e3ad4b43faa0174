"""Functions of tensors as PyTorch operators."""

from collections.abc import Callable
from typing import Any

import torch
from torch._ops import OpOverload

__all__ = ["operator"]


def operator(name: str) -> Callable[[Callable[..., Any]], OpOverload]:
    """Make a function the operator `ddsp_drums::name`, on every device.

    `torch.library.custom_op` imports TorchDynamo when its operator is first called: 1.3 s and 180 MB for who compiles
    nothing.
    """
    qualified = f"ddsp_drums::{name}"

    def register(function: Callable[..., Any]) -> OpOverload:
        schema = torch.library.infer_schema(function, mutates_args=())
        torch.library.define(qualified, schema, tags=(torch.Tag.pt2_compliant_tag,))
        torch.library.impl(qualified, "default", function)
        overload: OpOverload = getattr(torch.ops.ddsp_drums, name).default
        return overload

    return register
