"""Parameters that are one number for all items, or a tensor with one for each."""

import math

import torch
from torch import Tensor

from ddsp_drums._validate import require_float


def require_audio(audio: Tensor) -> None:
    """Raise unless `audio` is a floating-point tensor (..., T) with at least one sample."""
    require_float("audio", audio, "(..., T)")
    if audio.shape[-1] == 0:
        raise ValueError(f"audio must have T >= 1 samples, got {tuple(audio.shape)}")


def per_item(
    name: str, value: float | Tensor, audio: Tensor, *, above: float = -math.inf, up_to: float = math.inf
) -> Tensor:
    """Bring a parameter to a shape that broadcasts with `audio` (..., T); raise unless `above` < value <= `up_to`."""
    if isinstance(value, Tensor):
        parameter = value.to(audio)
        if parameter.dim() >= audio.dim() or any(
            size not in (1, wanted) for size, wanted in zip(parameter.shape[::-1], audio.shape[-2::-1], strict=False)
        ):
            raise ValueError(
                f"{name} must be a number or broadcast with {tuple(audio.shape[:-1])}, the leading axes "
                f"of audio, got shape {tuple(value.shape)}"
            )
        values = value
        bad = not bool(((values > above) & (values <= up_to) & values.isfinite()).all())
    else:
        parameter = audio.new_tensor(value)
        bad = not (above < value <= up_to and math.isfinite(value))
    if bad:
        raise ValueError(f"{name} must be {_range(above, up_to)}, got {value}")
    return parameter.unsqueeze(-1)


def decibels(gain_db: Tensor) -> Tensor:
    """Turn decibels into a factor of the amplitude."""
    return torch.pow(10.0, gain_db / 20)


def _range(above: float, up_to: float) -> str:
    bounds = [f"greater than {above:g}"] * (above > -math.inf) + [f"at most {up_to:g}"] * (up_to < math.inf)
    return ", ".join([*bounds, "finite"])
