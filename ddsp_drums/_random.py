"""Random numbers that are a function of a seed and a place: the same on every device, for any count, and compiled."""

from typing import TypeVar

import torch
from torch import Tensor

_T = TypeVar("_T", int, Tensor)
_WORD = 0xFFFFFFFF


def require_seed(seed: int) -> None:
    """Raise unless `seed` is an int of at least 0."""
    if not isinstance(seed, int):
        raise TypeError(f"seed must be an int, got {seed!r}")
    if seed < 0:
        raise ValueError(f"seed must be at least 0, got {seed}")


def uniform(count: int, seed: int, like: Tensor) -> Tensor:
    """Return numbers (count,) from above 0 to below 1, of the dtype and on the device of `like`.

    The first ones do not depend on how many are asked for.

    Source:
        The hash "lowbias32": Wellons, "Prospecting for Hash Functions", 2018.
    """
    place = torch.arange(count, device=like.device)
    key = _hash(_hash(seed & _WORD) ^ (seed >> 32 & _WORD))
    return ((_hash(_hash(place) ^ key) >> 9).to(like.dtype) + 0.5) * 2**-23


def normal(count: int, seed: int, like: Tensor) -> Tensor:
    """Return numbers (count, 2) of the normal distribution, otherwise as :func:`uniform`, by Box and Muller."""
    radius, turn = uniform(2 * count, seed, like).unflatten(0, (count, 2)).unbind(1)
    radius, angle = (-2 * radius.log()).sqrt(), 2 * torch.pi * turn
    return torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)


def _hash(x: _T) -> _T:
    """Scatter a 32-bit number, held in 64 bits."""
    x = x ^ x >> 16
    x = x * 0x7FEB352D & _WORD
    x = x ^ x >> 15
    x = x * 0x846CA68B & _WORD
    return x ^ x >> 16
