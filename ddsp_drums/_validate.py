"""Checks that the public functions share, so that every error reads alike."""

import math
from numbers import Real

import torch
from torch import Tensor


def require_float(name: str, tensor: Tensor, shape: str, min_dims: int = 1) -> None:
    """Raise unless `tensor` is a dense floating-point tensor of at least `min_dims` dimensions."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor of shape {shape}, got {type(tensor).__name__}")
    if not tensor.is_floating_point():
        raise TypeError(f"{name} must be floating point of shape {shape}, got {tensor.dtype}")
    if tensor.layout != torch.strided:
        raise TypeError(f"{name} must be dense of shape {shape}, got {tensor.layout}")
    if tensor.dim() < min_dims:
        raise ValueError(f"{name} must have shape {shape}, got {tuple(tensor.shape)}")


def require_number(name: str, value: float) -> None:
    """Raise unless `value` is a real number of Python or numpy, or one that torch traces."""
    if not isinstance(value, (Real, torch.SymInt, torch.SymFloat)):
        raise TypeError(f"{name} must be a number, got {value!r}")


def require_positive(name: str, value: float) -> None:
    """Raise unless `value` is a number greater than zero and finite."""
    require_number(name, value)
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be greater than 0 and finite, got {value}")


def require_count(name: str, value: int) -> None:
    """Raise unless `value` is an int of at least 1."""
    if not isinstance(value, int):
        raise TypeError(f"{name} must be an int, got {value!r}")
    require_positive(name, value)


def require_one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raise unless `value` is one of those allowed."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}")
