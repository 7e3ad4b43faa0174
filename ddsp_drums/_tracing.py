"""What `torch.compile` makes of what depends on options alone: constants, even where it takes numbers for symbols."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Made = TypeVar("Made")


def constant_when_traced(make: Callable[..., Made]) -> Callable[..., Made]:
    """Let what a function makes of options be a constant of a graph; its tensors come from `constant`."""

    @wraps(make)
    def call(*options: Any) -> Made:
        return make(*map(without_symbol, options))

    # What torch.compiler.assume_constant_result does, which would import Triton.
    make._dynamo_marked_constant = True  # type: ignore[attr-defined]
    return call


def without_symbol(option: Any) -> Any:
    """Return the number that a traced symbol stands for: it becomes one by being hashed."""
    return next(iter({option})) if torch.compiler.is_compiling() else option


def constant(array: NDArray[np.float32 | np.float64]) -> Tensor:
    """Return an array as a tensor whose sizes are no symbols."""
    tensor = torch.from_numpy(array)
    # What torch._dynamo.mark_static does, of which the same is true.
    tensor._dynamo_static_indices = set(range(tensor.dim()))  # type: ignore[attr-defined]
    return tensor
